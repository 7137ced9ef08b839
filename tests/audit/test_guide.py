"""NovaBank's guide: every contradiction of the list made by hand is found, and a guide itself can be audited."""

from pathlib import Path

import pytest

from novamodel.audit import Audit, audit
from novamodel.resources import data_dir
from tests.audit.novabank import CONTRADICTIONS
from tests.audit.test_rules import codes

NOVABANK = data_dir() / "novabank"
FENCES = {"yaml": "yaml", "yml": "yaml", "json": "json", "tf": "hcl", "conf": "nginx", "sh": "bash", "js": "javascript"}


@pytest.fixture(scope="module")
def novabank() -> Audit:
    return audit(NOVABANK)


@pytest.mark.parametrize(("file", "line", "code"), [row[:3] for row in CONTRADICTIONS])
def test_every_contradiction_of_the_list_is_found(file: str, line: int, code: str, novabank: Audit) -> None:
    assert (file, line, code) in {(one["file"], one["line"], one["code"]) for one in novabank.findings}


def test_the_list_holds_no_row_twice() -> None:
    assert len({row[:3] for row in CONTRADICTIONS}) == len(CONTRADICTIONS)


def test_nothing_is_found_that_the_list_does_not_hold(novabank: Audit) -> None:
    """Further places of a kind may be found; a kind that nobody thought of would be a rule to look at."""
    assert codes(novabank) == {row[2] for row in CONTRADICTIONS}


def guide_of(folder: Path) -> tuple[str, dict[str, int]]:
    """A Markdown guide of a folder's files, and the line above each file's first."""
    lines = ["# How to deploy it", ""]
    above = {}
    for path in sorted(folder.rglob("*.*")):
        name = path.relative_to(folder).as_posix()
        lines += [f"Create `{name}`:", "", f"```{FENCES.get(path.suffix[1:], '')}"]
        above[name] = len(lines)
        lines += [*path.read_text(encoding="utf-8").splitlines(), "```", ""]
    return "\n".join(lines), above


def test_a_guide_says_the_same_as_its_files(tmp_path: Path, novabank: Audit) -> None:
    text, above = guide_of(NOVABANK)
    (tmp_path / "guide.md").write_text(text, encoding="utf-8")
    found = audit(tmp_path / "guide.md")
    assert {one["file"] for one in found.findings} == {"guide.md"}
    there = {(one["code"], one["line"]) for one in found.findings}
    here = {(one["code"], one["line"] + above[one["file"]]) for one in novabank.findings}
    assert there == here


def test_files_that_comments_name_and_what_only_the_text_names(tmp_path: Path) -> None:
    text = """# Shop
Requests go through Kong (an API Gateway), logs into Elasticsearch.

```yaml
# deploy/shop.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: shop, image: 'shop:latest'}]}}}
```
```sql
-- roles.sql
CREATE ROLE copy REPLICATION LOGIN PASSWORD 'secret';
-- pg_hba.conf
host all all 0.0.0.0/0 trust
```
"""
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    found = {(one["code"], one["line"]) for one in audit(tmp_path / "README.md").findings}
    assert {("image-latest", 9), ("password-in-file", 13), ("hba-trust", 15), ("named-not-deployed", 2)} <= found

"""Every rule on a folder that is right, which gives no finding, and with one thing wrong, which gives that finding."""

from pathlib import Path

import pytest

from novamodel.audit import Audit, audit
from tests.audit.audit_folders import AWS, BACKUP, COMPOSE, KUBERNETES, MONITORING
from tests.audit.wrong import WRONG

GOOD = {"kubernetes": KUBERNETES, "compose": COMPOSE, "monitoring": MONITORING, "aws": AWS, "backup": BACKUP}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def codes(found: Audit) -> set[str]:
    return {one["code"] for one in found.findings}


@pytest.mark.parametrize("name", GOOD)
def test_a_folder_that_is_right_gives_no_finding(name: str, tmp_path: Path) -> None:
    assert audit(written(tmp_path, GOOD[name])).findings == []


@pytest.mark.parametrize(
    ("name", "code", "file", "old", "new"), WRONG, ids=[f"{row[1]}-{n}" for n, row in enumerate(WRONG)]
)
def test_one_thing_wrong_gives_that_finding(
    name: str, code: str, file: str, old: str, new: str, tmp_path: Path
) -> None:
    text = GOOD[name][file]
    assert old in text
    found = audit(written(tmp_path, {**GOOD[name], file: text.replace(old, new)}))
    assert codes(found) == {code}
    for one in found.findings:
        lines = (tmp_path / one["file"]).read_text(encoding="utf-8").splitlines()
        assert 1 <= one["line"] <= len(lines)
        assert one["message"]
        assert one["fix"]

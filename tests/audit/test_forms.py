"""The audit as screen, JSON, SARIF and Markdown; the command and the front door."""

import io
import json
import re
from pathlib import Path

import jsonschema
import pytest

import novamodel as nm
from novamodel.audit import as_markdown, as_sarif, as_text, audit
from novamodel.audit.kinds import COSTS, KINDS
from novamodel.cli import main
from novamodel.resources import data_dir
from novamodel.scenario import LEVELS
from tests.audit.audit_folders import AWS, COMPOSE, KUBERNETES
from tests.audit.test_rules import written

PACKAGE = Path(nm.__file__).parent
NOVABANK = data_dir() / "novabank"
SARIF_LEVELS = ["none", "note", "warning", "error"]
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": {"required": ["text"]},
                                                "fullDescription": {"required": ["text"]},
                                                "help": {"required": ["text"]},
                                                "defaultConfiguration": {
                                                    "properties": {
                                                        "level": {"enum": ["none", "note", "warning", "error"]}
                                                    }
                                                },
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["message"],
                            "properties": {
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"], "properties": {"text": {"type": "string"}}},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {"uri": {"type": "string", "pattern": "^[^ ]+$"}}
                                                    },
                                                    "region": {
                                                        "properties": {"startLine": {"type": "integer", "minimum": 1}}
                                                    },
                                                },
                                            }
                                        }
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""The parts of OASIS' sarif-schema-2.1.0.json that a run of ours has."""


@pytest.fixture(scope="module")
def novabank() -> nm.audit.Audit:
    return audit(NOVABANK)


def test_sarif_keeps_to_the_schema(novabank: nm.audit.Audit) -> None:
    log = as_sarif(novabank, "1.2.3")
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert len(run["results"]) == len(novabank.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        lines = (NOVABANK / place["artifactLocation"]["uri"]).read_text(encoding="utf-8").splitlines()
        assert 1 <= place["region"]["startLine"] <= len(lines)


def test_the_dearest_comes_first_and_a_kind_is_one_row(novabank: nm.audit.Audit) -> None:
    rows = [(list(COSTS).index(group.cost), LEVELS.index(group.level)) for group in novabank.groups]
    assert rows == sorted(rows)
    kinds = [(group.code, group.level) for group in novabank.groups]
    assert len(set(kinds)) == len(kinds)
    assert sum(novabank.counts.values()) == len(novabank.findings) == sum(len(g.findings) for g in novabank.groups)


def test_the_screen_fits(novabank: nm.audit.Audit) -> None:
    text = as_text(novabank)
    long = [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()]
    assert long == []
    for heading in ("BREAKS NOW", "LOSES DATA", "BREAKS UNDER LOAD", "COSTS MONEY", "MISLEADS"):
        assert heading in text
    assert "k8s/ingress.yaml:36" in text


def test_names_in_files_are_shown_as_they_are(tmp_path: Path) -> None:
    text = KUBERNETES["k8s/ingress.yaml"].replace('limit-rpm: "100"', 'rate-limit: "<b>|@all`*\\e[31m"')
    found = audit(written(tmp_path, {**KUBERNETES, "k8s/ingress.yaml": text}))
    assert [one["code"] for one in found.findings] == ["ingress-annotation-unknown"]
    shown = as_markdown(found)
    assert "<b>" not in shown
    assert "@all" not in shown
    assert "\x1b" not in shown + as_text(found)
    assert json.loads(json.dumps(as_sarif(found, "1")))["runs"][0]["results"]


def test_markdown_is_a_comment_of_a_pull_request(novabank: nm.audit.Audit) -> None:
    text = as_markdown(novabank)
    assert text.startswith("### Audit of ")
    assert "- **a resource that no file declares** (error, `terraform-resource-undeclared`)" in text
    assert "`terraform/rds.tf:19`, `terraform/rds.tf:20`, `terraform/rds.tf:31`" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize(
    ("files", "fail_on", "code"),
    [
        (KUBERNETES, "warning", 0),
        ({**COMPOSE, "compose.yaml": "version: '3'\n" + COMPOSE["compose.yaml"]}, "warning", 0),
        ({**AWS, "main.tf": AWS["main.tf"].replace("multi_az                  = true", "")}, "error", 0),
        ({**AWS, "main.tf": AWS["main.tf"].replace("multi_az                  = true", "")}, "warning", 1),
        ({**AWS, "main.tf": AWS["main.tf"].replace('variable "password" {}', "")}, "error", 1),
        ({**AWS, "main.tf": AWS["main.tf"].replace('variable "password" {}', "")}, "warning", 1),
    ],
)
def test_the_exit_code_says_whether_one_is_found(
    files: dict[str, str], fail_on: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(written(tmp_path, files))
    assert main(["audit", folder, "--fail-on", fail_on]) == code
    assert main(["audit", folder]) == 0
    capsys.readouterr()


def test_rendered_manifests_come_by_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = KUBERNETES["k8s/shop.yaml"].replace("shop/api:1.4.2", "shop/api:latest")
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert main(["audit", "-", "--format", "json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["groups"]
    assert (group["code"], group["places"][0]["file"], group["places"][0]["line"]) == ("image-latest", "stdin.yaml", 19)


@pytest.mark.parametrize("words", [["nowhere"], ["."], [".", "--format", "xml"], [".", "--fail-on", "note"]])
def test_what_cannot_be_audited_is_one_line(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["audit", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1


def test_the_forms_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written(tmp_path, {**AWS, "main.tf": AWS["main.tf"].replace('variable "password" {}', "")}))
    assert main(["audit", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows["counts"] == {"error": 1, "warning": 0, "note": 0}
    (group,) = rows["groups"]
    assert (group["code"], group["cost"]) == ("terraform-variable-undeclared", "breaks")
    assert group["places"][0]["file"] == "main.tf"
    assert main(["audit", "--format", "sarif"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SARIF)
    assert main(["audit", "--format", "markdown"]) == 0
    assert "var.password" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('= "gp3"\n}', '= "gp2"\n}', "gp3 is no slower and 10.00 USD a month cheaper in us-east-1"),
        ("multi_az                  = true", "", "(164.25 USD a month more in us-east-1)"),
        ("  retention_in_days = 30\n", "", "kept for ever, paid at 0.03 USD a GiB and month in us-east-1"),
    ],
)
def test_what_can_be_priced_is_priced(old: str, new: str, said: str, tmp_path: Path) -> None:
    """us-east-1: gp2 0.10 and gp3 0.08 USD a GiB, db.r6g.large 0.225 and 0.45 USD an hour, logs 0.03 USD a GiB."""
    (one,) = audit(written(tmp_path, {**AWS, "main.tf": AWS["main.tf"].replace(old, new)})).findings
    assert said in f"{one['message']} {one['fix']}"


def test_the_front_door_is_the_room(tmp_path: Path) -> None:
    found = nm.audit(written(tmp_path, KUBERNETES))
    assert found.findings == []
    assert "nothing found" in nm.audit.as_text(found)


def test_every_kind_that_rules_name_is_known() -> None:
    """A code that is not in the table would have no weight of its own."""
    told = set()
    for file in [*PACKAGE.glob("audit/*.py"), *PACKAGE.glob("importers/**/*.py"), *PACKAGE.glob("scenario/*.py")]:
        text = file.read_text(encoding="utf-8")
        told |= set(re.findall(r'\b(?:fault|open_question)\(\s*"([a-z0-9-]+)"', text))
        told |= set(re.findall(r'\b(?:finding|draft\.find)\(\s*"(?:error|warning|note)",\s*"([a-z0-9-]+)"', text))
        told |= set(re.findall(r'found\(scenario, "([a-z0-9-]+)"', text))
    assert told - KINDS.keys() == set()
    assert len(told) > 100

"""Assumed is said first: every screen and JSON opens with what the answer rests on; no service, no answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from novamodel.workflows import report as reporting

FOLDERS = Path(__file__).parents[1] / "folders"
SHOP, NONE = FOLDERS / "shop", FOLDERS / "gp2"
SHORT = ("--set", "run.duration=4 s", "--set", "run.warm_up=1 s", "--engine", "simpy", "--replications", "1")
STEADY = ("--steady",)


def sentence(text: str) -> str:
    """The first paragraph of a screen on one line."""
    return " ".join(text.split("\n\n")[0].split())


@pytest.mark.parametrize(("command", "options"), [("run", SHORT), ("check", SHORT), ("bill", STEADY)])
def test_a_screen_opens_with_what_it_rests_on(call: Callable, command: str, options: tuple[str, ...]) -> None:
    outcome = call(command, SHOP, *options)
    assert sentence(outcome.out).startswith("READ 56 values from 6 files; ")
    assert "load 100 requests/s, mix of 8 routes, 10,004 clients, 32 demands, SLO, " in sentence(outcome.out)
    assert sentence(outcome.out).count("marked *") == 1
    if command == "bill":
        assert "lines marked * follow use" in sentence(outcome.out)
    else:
        assert "\n  v* p99 < 300 ms" in outcome.out or "\n  x* p99 < 300 ms" in outcome.out


def test_one_record_for_every_command(call: Callable) -> None:
    records = [
        json.loads(call(command, SHOP, *options, "--json").out)["rests_on"]
        for command, options in (("run", SHORT), ("check", SHORT), ("bill", STEADY), ("import", ()))
    ]
    for record in records:
        record["assumed"] += record.pop("set")  # --replications and --set of this test were assumed before
    assert records[0]["moving"] == records[1]["moving"] == records[2]["moving"] == records[3]["moving"]
    assert records[0] == records[1]
    assert records[2] == records[3]


def test_findings_and_what_has_no_model_stay_in_the_file_that_import_writes(call: Callable) -> None:
    for folder in (SHOP, FOLDERS / "terraform-inline-task"):
        assert call("import", folder, "-o", "mine.yaml", "--force").code == 0
        imported = json.loads(call("import", folder, "--json").out)
        assert imported["not_modelled"]
        for command, options in (("run", SHORT), ("bill", STEADY)):
            found = json.loads(call(command, "mine.yaml", *options, "--json").out)
            assert found["not_modelled"] == imported["not_modelled"]
            assert all(one in found["findings"] for one in imported["findings"])
        shown = " ".join(call("bill", "mine.yaml", *STEADY).out.split())
        first = next(row for row in imported["not_modelled"] if row["what"] != "file not read")
        assert f"{first['file']}:{first['line']}: {first['what']}" in shown


@pytest.mark.parametrize(
    "row",
    ["{what: a, why: b}", "{file: a, line: x, what: a, why: b}", "3", "{file: a, line: 1, what: [], why: b}"],
)
def test_a_list_that_import_did_not_write_is_a_mistake(call: Callable, row: str) -> None:
    Path("mine.yaml").write_text(f"extends: novabank\nnot_modelled:\n  - {row}\n", encoding="utf-8")
    outcome = call("bill", "mine.yaml", *STEADY)
    assert outcome.code == 2
    assert outcome.err.startswith("error: mine.yaml:3: not_modelled is what import writes")


@pytest.mark.parametrize("command", ["run", "check", "size", "report", "diff"])
def test_without_a_service_there_is_no_answer(call: Callable, command: str) -> None:
    more = (FOLDERS / "shop",) if command == "diff" else ()
    outcome = call(command, NONE, *more)
    assert (outcome.code, outcome.out) == (2, "")
    assert "no service was found" in outcome.err
    assert "--demo" in outcome.err
    assert outcome.err.count("\n") == 1


def test_demo_answers_for_the_assumed_service(call: Callable) -> None:
    outcome = call("check", NONE, "--demo", *SHORT)
    assert outcome.code in (0, 99)
    assert "THE SERVICE ITSELF (api)" in sentence(outcome.out)
    assert all(line[3] == "*" for line in outcome.out.splitlines() if line[:3] in ("  v", "  x"))
    record = json.loads(call("bill", NONE, "--demo", *STEADY, "--json").out)["rests_on"]
    assert record["service_assumed"]
    assert record["moving"][0]["what"] == "service"


def test_an_import_of_no_service_is_written_and_answers_nothing(call: Callable) -> None:
    outcome = call("import", NONE, "-o", "mine.yaml")
    assert outcome.code == 0
    assert "no answer is given for it" in outcome.err
    assert call("check", "mine.yaml", *SHORT).code == 2
    assert call("bill", "mine.yaml", *STEADY, "--demo").code == 0


@pytest.mark.parametrize("command", ["run", "check", "size", "bill", "report"])
def test_strict_wants_a_stated_service_and_load(call: Callable, command: str) -> None:
    alone = (NONE,) if command != "bill" else ()  # what is declared has a bill that assumes no service
    for target in (SHOP, *alone, "novabank"):
        outcome = call(command, target, "--strict")
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.err.startswith("error: --strict: assumed, stated by nobody: ")
        assert outcome.err.count("\n") == 1
    assert call("bill", SHOP, *STEADY, "--strict", "--set", "traffic.peak=50 requests/s").code == 0


def test_a_fault_in_a_part_is_exit_1_and_the_answer_is_whole(call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(fault: bool) -> dict[str, Any]:
        failed = [{"part": "bill", "why": "KeyError: m9" + " and so on" * 9, "fault": fault}]
        return {"title": "A shop", "slo": [], "failed": failed, "first_limit": "PostgreSQL"}

    for fault in (True, False):
        made = reporting.Report(answered(fault), (Path("report.html"),))
        monkeypatch.setattr(reporting, "write_report", lambda *_, made=made, **__: made)
        outcome = call("report", SHOP)
        assert outcome.code == int(fault)
        assert "COST         not known: KeyError: m9" in outcome.out
        assert "\n\n" not in outcome.out.rstrip()
        assert "PostgreSQL" in outcome.out
        assert ("fault: bill: KeyError: m9" in outcome.err) is fault
        as_json = call("report", SHOP, "--json")
        assert as_json.code == int(fault)
        assert json.loads(as_json.out) == answered(fault)


def test_import_and_report_take_compose_files_and_profiles(
    call: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a: {image: a}\n  b: {image: b, profiles: [more]}\n")
    (tmp_path / "large.yaml").write_text("services:\n  a: {scale: 6}\n")
    options = ("-f", tmp_path / "compose.yaml", "--file", "large.yaml", "--profile", "more")
    found = json.loads(call("import", tmp_path, *options, "--json").out)["scenario"]["services"]
    assert found.keys() == {"a", "b"}
    assert found["a"]["replicas"] == 6
    asked: dict[str, Any] = {}

    def fake(_: str, __: Path, **more: Any) -> Any:
        asked.update(more)
        return reporting.Report({"title": "x"}, ())

    monkeypatch.setattr(reporting, "write_report", fake)
    assert call("report", tmp_path, *options).code == 0
    assert asked["compose"] == {"files": (str(tmp_path / "compose.yaml"), "large.yaml"), "profiles": ("more",)}


def test_a_study_and_a_sweep_of_files_without_a_service_are_refused_but_as_a_demo(call: Callable) -> None:
    refused = call("init", "study", "--from", NONE)
    assert (refused.code, "no service was found" in refused.err, Path("study").exists()) == (2, True, False)
    assert call("init", "study", "--from", NONE, "--demo").code == 0
    sweep = {"name": "none", "scenario": str(NONE), "vary": {"traffic.peak": ["40 requests/s", "50 requests/s"]}}
    Path("none.yaml").write_text(json.dumps(sweep), encoding="utf-8")
    refused = call("sweep", "run", "none.yaml", "--dry-run")
    assert (refused.code, "no service was found" in refused.err) == (2, True)
    assert call("sweep", "run", "none.yaml", "--dry-run", "--demo").code == 0


def test_a_difference_opens_with_what_both_rest_on_and_strict_refuses_an_assumed_load(call: Callable) -> None:
    changed = ("--set", "traffic.peak=50 requests/s", *SHORT[:4], "--replications", "2")
    shown = call("diff", SHOP, *changed)
    assert sentence(shown.out).startswith("A: READ 56 values from 6 files; SET ")
    found = json.loads(call("diff", SHOP, *changed, "--json").out)
    assert set(found["rests_on"]) == {"a", "b"}
    assert found["rests_on"]["a"]["read"]
    assert call("diff", SHOP, *changed, "--strict").code == 3

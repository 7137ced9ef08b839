"""What each command prints, its exit codes, and the JSON contract."""

import json
import re
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import novamodel
from novamodel import loading
from novamodel.cli.app import COMMANDS
from novamodel.cli.check import verdict
from novamodel.cli.schema import file_schema
from novamodel.cli.size import sizing_dict, sizing_text
from novamodel.resources import data_dir, params_dir
from novamodel.simulation import SloResult
from novamodel.sizing import legal_count, size
from novamodel.workflows import answer as answering
from novamodel.workflows import report as reporting
from novamodel.yamlfile import read_mapping

NOVABANK = data_dir() / "novabank"
SHORT = ("--set", "run.duration=8 s", "--set", "run.warm_up=2 s", "--engine", "simpy", "--replications", "1")


def strict(text: str) -> dict[str, Any]:
    """One JSON object and nothing else; NaN and infinities are no JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*map(str, value), *(text for inner in value.values() for text in texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_help_of_every_command_teaches_by_example(call: Callable) -> None:
    for words in ([], *([name] for name in COMMANDS)):
        outcome = call(*words, "--help")
        assert (outcome.code, outcome.err) == (0, "")
        name = " ".join(["novamodel", *words])
        assert len(re.findall(rf"^ +{name} ", outcome.out, re.M)) >= (1 if words in (["schema"], ["doctor"]) else 3)


def test_no_command_shows_the_help(call: Callable) -> None:
    assert call() == call("-h")
    assert call().out.startswith("Usage: novamodel")


def test_version(call: Callable) -> None:
    assert call("--version") == (0, f"novamodel {novamodel.__version__}\n", "")


def test_run_json_is_one_object_and_the_same_again(call: Callable) -> None:
    first = call("run", "novabank", *SHORT, "--json")
    assert (first.code, first.err) == (0, "")
    found = strict(first.out)
    assert {"digest", "slo", "estimates", "seed", "replications", "engine"} <= set(found)
    assert re.fullmatch("[0-9a-f]{64}", found["digest"])
    assert found["slo"][0]["low"] is None  # one replication has no interval
    assert call("run", "novabank", *SHORT, "--json") == first
    assert call("run", params_dir() / "novabank.yaml", *SHORT, "--json") == first


def test_json_names_no_path_and_no_time(call: Callable) -> None:
    for words in (("run", "novabank", *SHORT), ("check", "novabank", *SHORT), ("bill", "novabank", "--steady")):
        for text in texts(strict(call(*words, "--json").out)):
            assert not re.search(r"\d\d:\d\d:\d\d|^/|\d{4}-\d\d-\d\dT", text), text


def test_seed_changes_the_digest_and_wins_over_set(call: Callable) -> None:
    own = strict(call("run", "novabank", *SHORT, "--json").out)
    other = strict(call("run", "novabank", *SHORT, "--set", "run.seed=3", "--seed", "8", "--json").out)
    by_set = strict(call("run", "novabank", *SHORT, "--set", "run.seed=8", "--json").out)
    assert own["seed"] == 7
    assert other["seed"] == 8
    assert other["digest"] != own["digest"]
    assert by_set == other


def test_run_shows_objectives_routes_callers_and_digest(call: Callable) -> None:
    outcome = call("run", "novabank", *SHORT)
    assert (outcome.code, outcome.err) == (0, "")
    digest = strict(call("run", "novabank", *SHORT, "--json").out)["digest"]
    for text in ("NovaBank", "p99 < 300 ms", "balance", "customers", "postgres cpu", f"digest {digest}"):
        assert text in outcome.out


def test_run_of_a_folder(call: Callable) -> None:
    outcome = call("run", NOVABANK, *SHORT, "--json")
    assert outcome.code == 0
    assert strict(outcome.out)["scenario"] == "novabank"


@pytest.mark.parametrize(
    ("slo", "code", "mark"),
    [("[p99 < 60 s]", 0, "v"), ("[p99 < 1 us]", 99, "x"), ("[mean < 9 s, p50 < 1 us]", 99, "x")],
)
def test_check_says_it_by_its_exit_code(call: Callable, slo: str, code: int, mark: str) -> None:
    words = ("check", "novabank", *SHORT, "--set", f"slo={slo}")
    outcome = call(*words)
    assert outcome.code == code
    assert f"\n  {mark}* p" in outcome.out
    assert ("missed: p" in outcome.out) == (code == 99)
    as_json = call(*words, "--json")
    assert as_json.code == code
    assert strict(as_json.out)["met"] == (code == 0)


@pytest.mark.parametrize(
    ("low", "high", "met", "says"),
    [
        (0.1, 0.2, True, "all objectives are met"),
        (
            0.2,
            0.4,
            True,
            "all objectives are met by their estimates; undecided by their intervals: 1 of 2 (p99 < 300 ms)",
        ),
        (
            nan,
            nan,
            True,
            "all objectives are met by their estimates; undecided by their intervals: 1 of 2 (p99 < 300 ms)",
        ),
        (0.2, 0.4, False, "missed: p99 < 300 ms by estimate; undecided by their intervals: 1 of 2 (p99 < 300 ms)"),
        (0.4, 0.5, False, "missed: p99 < 300 ms"),
    ],
)
def test_the_verdict_counts_what_is_undecided(low: float, high: float, met: bool, says: str) -> None:
    sure = SloResult("errors < 1 %", "errors", "", 0.01, 0.0, 0.0, 0.001, True, "1")
    open_one = SloResult("p99 < 300 ms", "p99", "", 0.3, 0.25 if met else 0.35, low, high, met, "s")
    assert verdict([sure, open_one]) == says


def test_check_counts_what_its_run_cannot_decide(call: Callable) -> None:
    words = ("check", "novabank", *SHORT, "--set", "slo=[p99 < 60 s]")  # one short replication: no interval
    outcome = call(*words)
    assert outcome.out.splitlines()[-1].endswith("undecided by their intervals: 1 of 1 (p99 < 60 s)")
    assert strict(call(*words, "--json").out)["undecided"] == ["p99 < 60 s"]


def test_help_says_what_the_exit_codes_mean(call: Callable) -> None:
    for word in ("0 done", "1 a fault", "2 a mistake", "99 an objective is missed", "130 interrupted"):
        assert word in call("--help").out
    assert "undecided" in call("check", "--help").out


def test_openmetrics_counts_from_the_midnight_that_is_said(call: Callable) -> None:
    words = ("run", "novabank", *SHORT, "--set", "run.interval=8 s", "--openmetrics")
    assert call(*words, "plain.prom").code == 0
    assert call(*words, "dated.prom", "--openmetrics-start", "2026-11-24T01:00:00+01:00").code == 0
    plain, dated = (
        [line.rsplit(" ", 1) for line in Path(name).read_text().splitlines() if not line.startswith("#")]
        for name in ("plain.prom", "dated.prom")
    )
    assert [line[0] for line in plain] == [line[0] for line in dated]
    assert {round(float(b[1]) - float(a[1]), 3) for a, b in zip(plain, dated, strict=True)} == {1795478400.0}
    assert float(plain[0][1]) == 17 * 3600 + 55 * 60 + 8


def test_bill_adds_up_and_lies_in_its_range(call: Callable) -> None:
    outcome = call("bill", "novabank", "--steady", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = strict(outcome.out)
    assert round(sum(line["amount"] for line in found["lines"]), 2) == found["mid"]
    assert round(found["baseline"] + found["use"], 2) == found["mid"]
    assert found["low"] < found["mid"] < found["high"]
    shown = call("bill", "novabank", "--steady").out
    assert f"{found['mid']:,.2f} USD a month" in shown
    assert "not priced" in shown


def test_bill_follows_a_change(call: Callable) -> None:
    one, two = (
        strict(call("bill", "novabank", "--steady", "--json", "--set", f"pricing.nat_gateways={count}").out)
        for count in (1, 2)
    )
    assert two["mid"] > one["mid"]


def test_bill_with_the_simulated_peak(call: Callable) -> None:
    found = strict(call("bill", "novabank", *SHORT, "--json").out)
    assert {row["source"] for row in found["day"]} == {"simulated", "steady state"}


def test_import_gives_a_scenario_on_stdout_and_the_report_on_stderr(call: Callable, tmp_path: Path) -> None:
    outcome = call("import", NOVABANK)
    assert outcome.code == 0
    file = tmp_path / "mine.yaml"
    file.write_text(outcome.out, encoding="utf-8")
    assert loading.load(file).content_hash() == loading.load(NOVABANK).content_hash()
    assert "docker-compose.prod.yml:15: nginx depends on core-api, which is no service here" in outcome.err
    assert re.match(r"READ \d+ values from \d+ files; ASSUMED \d+: load 100 requests/s, ", outcome.err)
    assert re.search(r"^\d+ files read as eks$", outcome.err, re.M)
    written = call("import", NOVABANK, "-o", tmp_path / "same.yaml")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "same.yaml").read_text(encoding="utf-8") == outcome.out


def test_import_json_and_platform(call: Callable) -> None:
    outcome = call("import", NOVABANK, "--platform", "ecs", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = strict(outcome.out)
    assert found["platform"] == "ecs"
    assert {"fields", "findings", "not_modelled", "scenario"} <= set(found)


def test_schema_accepts_every_scenario_and_refuses_a_misspelt_key(call: Callable, tmp_path: Path) -> None:
    found = strict(call("schema").out)
    assert found == file_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    check = jsonschema.Draft202012Validator(found)
    imported = tmp_path / "imported.yaml"
    assert call("import", NOVABANK, "-o", imported).code == 0
    files = [*params_dir().glob("*.yaml"), imported]
    assert len(files) > 1
    for file in files:
        assert [error.message for error in check.iter_errors(read_mapping(file)[0])] == []
    assert not check.is_valid({"extends": "a.yaml", "trafic": {}})
    assert not check.is_valid({"name": "a"})


def test_size_shows_advice_and_why_candidates_lost(call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    found = []

    def short(scenario: Any, **options: Any) -> Any:
        asked.update(options, scenario=scenario)
        found.append(size(scenario, **options | {"budget": 2, "duration_s": 2.0, "replications": 2}))
        return found[0]

    monkeypatch.setattr("novamodel.workflows.plan.made.size", short)
    words = ("size", "novabank", "--seed", "5", "--engine", "simpy", "--set", "traffic.peak=300/s")
    outcome = call(*words)
    assert (outcome.code, outcome.err) == (0, "")
    assert (asked["scenario"].run.seed, asked["scenario"].traffic.peak, asked["engine"]) == (5, 300, "simpy")
    (sizing,) = found
    said = " ".join(outcome.out.split())  # lines are folded to the terminal
    assert f"of {legal_count(sizing.screened)} legal combinations of {len(sizing.variables)} settings" in said
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert sizing.screened > 100_000
    assert len(sizing.variables) >= 8
    assert sizing.certainty in said
    assert len(sizing.candidates) > 1
    for row in sizing.candidates.itertuples():
        assert row.why in said
    assert " ".join(sizing_text(sizing).split()) in said
    assert outcome.out.startswith("READ 89 values from 7 files; SET 2 by override; ASSUMED ")
    plain = strict(answering.to_json(sizing_dict(sizing)))
    assert len(plain["candidates"]) == len(sizing.candidates)
    assert plain["met"] == sizing.met


ANSWER = {
    "title": "A bank",
    "slo": [
        {
            "text": "p99 < 1 s",
            "value": 0.2,
            "low": 0.1,
            "high": 0.3,
            "unit": "s",
            "met": True,
            "metric": "p99",
            "of": "",
        }
    ],
    "first_limit": "PostgreSQL",
    "load_multiple_at_breach": 2.0,
    "size": {},
    "cost": {"low": 1.0, "mid": 2.0, "high": 3.0, "currency": "USD"},
    "findings": [],
    "digest": "0" * 64,
}


def test_report_passes_on_what_was_asked_and_ends_with_the_screen(
    call: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def fake(target: str, out: Path, **options: Any) -> Any:
        asked.update(options, target=target, out=out)
        print("what a library prints")
        return reporting.Report(ANSWER, (out / "report.html",))

    monkeypatch.setattr(reporting, "write_report", fake)
    words = ("report", "novabank", "--out", "out", "--seed", "5", "--replications", "3", "--set", "title=x")
    outcome = call(*words, "--quick", "--engine", "simpy")
    assert outcome.code == 0
    assert "p99 < 1 s" in outcome.out
    assert "library" not in outcome.out
    assert str(Path("out") / "report.html") in outcome.out
    assert (asked["target"], asked["out"]) == ("novabank", Path("out"))
    assert asked["overrides"] == {"title": "x", "run.replications": 3}
    assert (asked["seed"], asked["engine"], asked["quick"]) == (5, "simpy", True)
    as_json = call(*words, "--json")
    assert strict(as_json.out) == ANSWER
    call("report", "novabank", "--set", "name='../a bank'")
    assert asked["out"] == Path("reports") / "a-bank"


def test_fault_of_ours_is_one_line_and_exit_1(call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(target: str) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(loading, "load", broken)
    outcome = call("run", "novabank")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("fault: RuntimeError: first line second line (a fault of novamodel")
    assert outcome.err.count("\n") == 1
    assert "report it" in outcome.err
    shown = call("run", "novabank", "--debug")
    assert shown.code == 1
    assert "Traceback" in shown.err
    assert "in broken" in shown.err


@pytest.mark.parametrize(
    ("problem", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "/there"), 2, "error: /there: Permission denied"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device"),
        (OSError(5, "Input/output error"), 1, "fault: OSError"),
        (MemoryError(), 1, "fault: MemoryError"),
    ],
)
def test_what_else_may_end_a_command(
    call: Callable, monkeypatch: pytest.MonkeyPatch, problem: BaseException, code: int, line: str
) -> None:
    def broken(target: str) -> None:
        raise problem

    monkeypatch.setattr(loading, "load", broken)
    outcome = call("check", "novabank")
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(line)
    assert outcome.err.count("\n") == 1

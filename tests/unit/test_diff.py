"""Two deployments side by side: figures with paired intervals, objectives, settings with their places, cost."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.scenario import setting_changes
from novamodel.statistics import Estimate
from novamodel.workflows.answer import to_json
from novamodel.workflows.compare.difference import LOWER, Row, _row
from novamodel.workflows.compare.reasons import reasons, taken_over
from novamodel.workflows.compare.words import said
from novamodel.workflows.month import steady_bill

SCENARIO = """
name: tiny
traffic: {shape: constant, peak: 30 requests/s, night: 5 requests/s, mix: {look: 100 %}}
services:
  web:
    replicas: 2
    resources: {cpu_request: 500m, cpu_limit: 1}
    autoscaler: {min_replicas: 2, max_replicas: 3, cpu_target: 70 %}
    pool: {max: 4}
    routes: {look: [{cpu: 4 ms exponential}, {sql: [read]}]}
    response_bytes: {look: 900}
database: {instance_class: db.t4g.medium, statements: {read: {cpu: 8 ms exponential}}}
slo: [p95 < 50 ms, errors < 1 %]
run: {start: "18:00", duration: 20 s, warm_up: 2 s, replications: 3, seed: 5}
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> nm.Scenario:
    file = tmp_path_factory.mktemp("diff") / "tiny.yaml"
    file.write_text(SCENARIO)
    return nm.load(file)


@pytest.fixture(scope="module")
def slower(tiny) -> nm.Difference:
    """The work of a query twice, on a machine of twice the cores."""
    changes = {"database.statements.read.cpu": "40 ms exponential", "database.instance_class": "db.t4g.xlarge"}
    return nm.diff(tiny, tiny.override({**changes, "run.duration": "60 s"}))


def test_figures_are_those_of_the_paired_runs_and_the_bills(tiny, slower):
    rows = slower.frame.set_index("what")
    assert list(rows.index) == [
        "p50", "p95", "p99", "errors", "rejected", "replicas of web", "cost a month",
        "of it fixed", "of it driven by use",
        "of it idle at the peak",
    ]  # fmt: skip
    assert rows.loc["p95", "b"] == slower.comparison.b.estimate("p95").value
    assert rows.loc["p95", "verdict"] == "worse"
    assert 0 < rows.loc["p95", "low"] < rows.loc["p95", "difference"] < rows.loc["p95", "high"]
    assert rows.loc["errors", "verdict"] == "same"
    assert rows.loc["cost a month", "b"] == float(nm.bill(slower.b, slower.comparison.b).mid.total)
    assert rows.loc["cost a month", "verdict"] == "dearer"
    parts = rows.loc[["of it fixed", "of it driven by use"], "difference"].sum()
    assert parts == pytest.approx(rows.loc["cost a month", "difference"], abs=0.02)
    assert slower.comparison.a.window_s == slower.comparison.b.window_s == tiny.run.duration


def test_a_newly_missed_objective_is_named(slower):
    assert slower.newly_missed == ("p95 < 50 ms",)
    assert "B misses p95 < 50 ms" in slower.summary()


def test_settings_say_old_new_and_where(tiny):
    other = tiny.override(
        {"services.web.autoscaler": None, "services.web.replicas": 4, "slo": ["p95 < 70 ms"], "title": "another"}
    )
    found = {change.path: change for change in setting_changes(tiny, other)}
    assert set(found) == {"services.web.replicas", "services.web.autoscaler", "slo.0.text", "slo.1"}
    replicas = found["services.web.replicas"]
    assert (replicas.a, replicas.b, replicas.a_said, replicas.b_said) == (2, 4, "tiny.yaml:6", "override")
    assert found["services.web.autoscaler"].a["max_replicas"] == 3
    assert found["services.web.autoscaler"].b is None
    assert setting_changes(tiny, tiny) == []


def test_markdown_holds_every_row_once_and_no_broken_cell(slower):
    text = slower.to_markdown()
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count(" | ") for line in tables[2:]} == {2, 3, 4}
    assert text.count("\n| p99 |") == 1
    assert "| `database.instance_class` | db.t4g.medium (tiny.yaml:12) | db.t4g.xlarge (override) |" in text
    assert "MISSED" in text
    assert "<details>" in text
    assert "</details>" in text


def test_json_and_notebook_forms_are_complete(slower):
    found = json.loads(to_json(slower.to_dict()))
    assert found["newly_missed"] == ["p95 < 50 ms"]
    assert {one["path"] for one in found["settings"]} >= {"database.instance_class", "database.cores"}
    assert len(found["differences"]) == len(slower.rows)
    html = slower._repr_html_()
    assert "<script" not in html
    assert all(f"<td>{row.what}</td>" in html for row in slower.rows)


def test_a_scenario_against_itself_differs_in_nothing(tiny):
    same = nm.diff(tiny, tiny, replications=2)
    assert {row.verdict for row in same.rows} == {"same"}
    assert same.settings == ()
    assert same.newly_missed == ()


def test_a_difference_whose_interval_holds_zero_is_no_finding(slower):
    small = Row("errors", 2e-4, 2e-4 - 8.86e-7, Estimate(-8.86e-7, -2.6e-6, 8.3e-7), "1", "no difference found")
    shown = replace(slower, rows=(*slower.rows[:3], small, *slower.rows[4:]))
    row = shown.table()[3]
    assert row[3:] == ("0 lies in [-0.00026 %, +0.000083 %]", "no difference found")
    assert "errors 0.02 % -> 0.0199 % (no difference found)" in shown.summary()
    assert "e-0" not in shown.to_markdown() + shown._repr_html_()


def test_verdicts_follow_the_interval():
    def verdict(low: float, high: float) -> str:
        return _row("p99", 1.0, 1.1, Estimate(0.1, low, high), "s", LOWER).verdict

    assert verdict(0.05, 0.15) == "worse"
    assert verdict(-0.05, 0.25) == "no difference found"
    assert verdict(math.nan, math.nan) == "cannot tell"


def test_what_cannot_be_priced_shows_before_anything_runs(tiny):
    unknown = {"database.instance_class": "db.z9.huge", "database.cores": 2, "database.memory": "4 GiB"}
    with pytest.raises(UserError, match=r"db\.z9\.huge"):
        nm.diff(tiny, tiny.override(unknown), progress=lambda share, text: pytest.fail("ran"))


def test_files_and_folders_are_taken(tmp_path: Path):
    with pytest.raises(UserError, match="no such file or folder"):
        nm.diff("novabank", tmp_path / "none.yaml")


def test_parts_of_a_setting_are_written_without_exponents():
    assert said({"zone_size": 5242880.0, "burst": 250}, "", "default") == "zone_size 5,242,880, burst 250 (default)"


def test_each_setting_says_which_lines_and_what_latency_it_moves(slower):
    """The class moves its own lines alone; the query's work moves the latency and no line of the machine."""
    found = {one.path: one for one in slower.reasons}
    machine = found["database.instance_class"]
    names = {name for name, _ in machine.lines}
    assert {name.split(": ")[1] for name in names if "db.t4g" in name} == {
        "RDS PostgreSQL db.t4g.medium Single-AZ", "RDS PostgreSQL db.t4g.xlarge Single-AZ"
    }  # fmt: skip
    assert machine.p99_s < 0  # its cores go along with it
    work = found["database.statements.read.cpu"]
    assert work.p99_s > 0
    assert all("db.t4g" not in name for name, _ in work.lines)
    assert not {"database.cores", "database.memory"} & found.keys()


def test_the_reasons_and_their_remainder_add_up(tiny, slower):
    whole = float(steady_bill(slower.b).total - steady_bill(slower.a).total)
    assert sum(one.cost for one in slower.reasons) == pytest.approx(whole, abs=0.011)
    rows = slower.reason_table()
    assert len(rows) == len(slower.reasons) > 0
    assert reasons(tiny, tiny, ()) == ()


def test_a_setting_is_taken_over_alone(tiny):
    other = tiny.override({"database.instance_class": "db.t4g.xlarge", "services.web.replicas": 3, "cache.nodes": 2})
    made = taken_over(tiny, other, "services.web.replicas")
    assert made.services["web"].replicas == 3
    assert made.database.instance_class == tiny.database.instance_class
    gone = taken_over(other, tiny.model_copy(update={"databases": {}}), "databases.none")
    assert gone.databases == other.databases

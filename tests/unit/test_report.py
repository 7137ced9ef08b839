"""The tables of the report and the one-screen answer."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

import novamodel.report as report
from novamodel.cost import BillRange, CacheCluster, LoadBalancer, MonthUsage, price
from novamodel.report.tables import value_text

sys.path.insert(0, str(Path(__file__).parents[1]))
import figures_fixture as made

FINDINGS = [
    {"level": "note", "code": "a", "file": "a.yaml", "line": 1, "message": "old key", "fix": "remove it"},
    {"level": "error", "code": "b", "file": "hpa.yaml", "line": 4, "message": "no <target>", "fix": ""},
    {"level": "note", "code": "c", "file": None, "line": None, "message": "no file", "fix": None},
]
ANSWER = {
    "title": "NovaBank, weekday peak",
    "rate_per_s": 449.6,
    "seed": 7,
    "replications": 20,
    "slo": [
        {"text": "p99 < 300 ms", "value": 0.412, "low": 0.371, "high": 0.455, "met": False, "unit": "s"},
        {"text": "errors < 0.1 %", "value": 0.0002, "low": None, "high": None, "met": True, "unit": "1"},
    ],
    "first_limit": "the core-api pool is 96 % busy.",
    "load_multiple_at_breach": 1.4,
    "size": {
        "now": {"core-api": {"min_replicas": 3, "max_replicas": 3, "cpu_request": 0.25, "cpu_limit": 0.5,
                             "memory_request": 2.0**28, "memory_limit": 2.0**29, "pool_max": 20}},
        "advised": {"core-api": {"min_replicas": 4, "max_replicas": 12, "cpu_request": 0.5, "cpu_limit": 0.75,
                                 "memory_request": 2.0**28, "memory_limit": 2.0**29, "pool_max": 12}},
    },
    "cost": {"low": 489.2, "mid": 508.31,
              "high": 531.0, "baseline": 412.0, "use": 96.31, "currency": "USD", "region": "us-east-1"},
    "findings": FINDINGS,
    "prices_date": "2026-11",
    "digest": "ab" * 32,
}  # fmt: skip


RESTS = {
    "read": 38,
    "files": ["a.yaml", "b.yaml"],
    "set": 0,
    "assumed": 103,
    "marks": True,
    "moving": [
        {"what": "load", "text": "load 100 requests/s", "why": "assumed: no file", "paths": ["a"], "marks": True},
        {"what": "demands", "text": "9 demands", "why": "assumed: usual", "paths": ["b", "c"], "marks": True},
    ],
}


def usage() -> MonthUsage:
    return MonthUsage(
        caches=(CacheCluster(name="sessions", node_type="cache.t4g.small"),),
        load_balancers=(LoadBalancer(name="front", new_connections_per_s=(50.0,)),),
    )


def test_bill_table_adds_up_and_stars_what_follows_use():
    bill = price(usage())
    table = report.bill_table(bill)
    cost = table.frame.columns[-1]
    services = table.frame[table.frame["Unit"] == ""]
    lines = table.frame[table.frame["Unit"] != ""]
    for part in (services, lines):
        assert sum(float(text.replace(",", "")) for text in part[cost]) == pytest.approx(float(bill.total))
    starred = lines[lines["Name"].str.endswith("*")]
    assert sum(float(text) for text in starred[cost]) == pytest.approx(float(bill.use))
    assert len(starred)
    text = str(table)
    assert "not priced" in text
    assert "baseline" in text
    assert "<b>" not in table._repr_html_()
    assert "font-weight:bold" in table._repr_html_()


def test_bill_table_of_a_range_says_the_range():
    mid = price(usage())
    table = report.bill_table(BillRange(mid, mid, mid))
    assert any(note.startswith("nine of ten months: ") for note in table.notes)


def test_findings_are_ranked_and_escaped():
    table = report.findings_table(FINDINGS)
    assert list(table.frame["level"]) == ["error", "note", "note"]
    assert table.frame["place"][0] == "hpa.yaml:4"
    assert "1 error, 2 notes" in table.title
    assert "no &lt;target&gt;" in table._repr_html_()
    assert "none" in report.findings_table([])._repr_html_()
    assert "none" in str(report.findings_table([]))


def test_origins_count_every_value_once_and_name_overrides():
    scenario = made.scenario().override({"services.core-api.replicas": 5})
    table = report.origins_table(scenario)
    last = table.frame.iloc[-1]
    assert sum(int(last[kind]) for kind in table.frame.columns[1:]) == len(scenario.resolved())
    assert any("services.core-api.replicas = 5" in note for note in table.notes)


def test_assumptions_list_each_assumed_part_in_written_units():
    table = report.assumptions_table(made.scenario())
    text = " ".join(table.frame["values"])
    assert "1 ms" in text
    assert "40 GiB" in text
    assert set(table.frame["part"]) >= {"database", "platform"}
    assert (table.frame["why"] != "").all()


def test_import_table_names_files_and_lines():
    origin = {"kind": "file", "source": "", "file": "k8s/hpa.yaml", "line": 11}
    rows = [
        {"path": "services.api.autoscaler.min_replicas", "value": 3, "unit": "", **origin},
        {"path": "database.cores", "value": 2.0, "unit": "cores", **origin, "kind": "assumed"},
    ]
    table = report.import_table(SimpleNamespace(resolved=lambda: rows))
    assert table.frame.to_dict("records") == [
        {
            "file": "k8s/hpa.yaml",
            "part": "services.api",
            "values (:line)": "autoscaler.min_replicas 3 (:11)",
        }
    ]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.3, "s", "300 ms"), (2.0**28, "B", "256 MiB"), (0.25, "cores", "250m"), (450.0, "1/s", "450 requests/s"),
     (64200.0, "s since midnight", "17:50"), (True, "", "yes"), (0.7, "", "0.7"), (3, "", "3"), ("gp3", "", "gp3")],
)  # fmt: skip
def test_values_are_written_as_in_files(value, unit, text):
    assert value_text(value, unit) == text


def test_screen_is_the_answer_on_one_screen():
    text = report.screen_text(
        ANSWER, wrote=["reports/bank/report.html"], following=["make lab", "novamodel run --help"]
    )
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 20
    assert text.isascii()
    assert "SLO          NovaBank, weekday peak, 450 requests/s, seed 7, 20 replications" in text
    assert "x  p99 < 300 ms     412 ms   [371 ms, 455 ms]" in text
    assert "v  errors < 0.1 %   0.02 %" in text
    assert "96 % busy; an SLO is missed from 1.4 x today's load" in text
    joined = " ".join(text.split())
    assert "core-api: 4 to 12 x 500m/750m, 512 MiB, pool 12 (now: 3 x 250m/500m, 512 MiB, pool 20)" in joined
    assert "412 fixed + 96 driven by use = 508 USD a month (489 to 531) us-east-1, prices of 2026-11 or later" in joined
    assert "1 error, 2 notes in the configuration files; first: hpa.yaml:4: no <target>" in text
    assert "make lab | novamodel run --help" in text


def test_the_load_at_which_an_objective_is_missed_is_said_once():
    answer = ANSWER | {"first_limit": "the pool; at 1.4 x today's load p99 is 310 ms > 300 ms"}
    assert " ".join(report.screen_text(answer).split()).count("1.4 x") == 1
    assert str(report.conclusion(answer)).count("1.4 x") == 1


def test_screen_says_once_that_nothing_is_missed():
    limit = {"first_limit": "no objective is missed up to 16 x today's load", "load_multiple_at_breach": None}
    assert "at any load tried" not in report.screen_text(ANSWER | limit)


def test_screen_without_size_cost_or_breach():
    bare = {"slo": [], "first_limit": "", "load_multiple_at_breach": None, "size": {}, "cost": {}, "findings": []}
    text = report.screen_text(bare)
    assert "no SLO is given" in text
    assert "no SLO is missed at any load tried" in text
    assert "not priced" in text
    assert "SIZE" not in text
    assert "no candidate keeps the SLO" in report.screen_text(bare | {"size": {"now": ANSWER["size"]["now"]}})


def test_screen_of_a_flat_size_and_one_that_stays():
    size = {"min_replicas": 3, "max_replicas": 10, "cpu_request": 0.25}
    text = report.screen_text(ANSWER | {"size": {"now": size, "advised": size}})
    assert "3 to 10 x 250m   (as now)" in text


def test_screen_is_the_same_from_a_saved_answer():
    assert report.screen_text(json.loads(json.dumps(ANSWER))) == report.screen_text(ANSWER)


@pytest.mark.parametrize("terminal", [True, False])
def test_colour_only_in_a_terminal(terminal):
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, color_system="standard" if terminal else None, width=60)
    report.print_screen(ANSWER, console)
    assert ("\x1b[" in out.getvalue()) is terminal
    if not terminal:
        assert out.getvalue().rstrip("\n") == report.screen_text(ANSWER)


def test_conclusion_says_advice_cost_and_what_would_change_it():
    said = dict(report.conclusion(ANSWER | {"warnings": ["too short for p99.9"], "rests_on": RESTS}).sentences)
    assert "missed: p99 < 300 ms (412 ms [371 ms, 455 ms])" in said["Today"]
    assert "kept: errors < 0.1 % (0.02 %)" in said["Today"]
    assert "core-api: 4 to 12 x 500m/750m" in said["Advice"]
    assert "508 USD a month" in said["Cost"]
    assert "an SLO is missed from 1.4 x today's load" in said["Breaks first"]
    assert "103 values are assumed" in said["What would change it"]
    assert said["Known gaps"].startswith("too short for p99.9; not modelled")


def test_conclusion_of_a_size_that_stays_and_of_none_that_holds():
    size = ANSWER["size"]["now"]
    keep = report.conclusion(ANSWER | {"size": {"now": size, "advised": size}, "load_multiple_at_breach": None})
    assert "Keep today's size" in str(keep)
    assert "no SLO is missed at any load tried" in str(keep)
    cache = {"path": "cache.node_type", "now": "cache.t4g.small", "advised": "cache.t4g.micro"}
    smaller = report.conclusion(ANSWER | {"size": {"now": size, "advised": size}, "advice": [cache]})
    assert "cache.node_type cache.t4g.micro instead of cache.t4g.small" in str(smaller)
    assert "cache.node_type: cache.t4g.micro" in report.screen_text(ANSWER | {"advice": [cache]})
    none = report.conclusion(ANSWER | {"size": {"now": size}, "slo": []})
    assert "No simulated candidate keeps every objective" in none._repr_html_()
    assert "nothing is judged" in str(none)
    closest = report.conclusion(ANSWER | {"size": ANSWER["size"] | {"met": False}})
    assert "the closest is core-api: 4 to 12" in str(closest)


def test_screen_says_when_the_advice_is_only_the_closest_and_what_it_costs():
    cost = ANSWER["cost"] | {"advised": 611.4}
    text = report.screen_text(ANSWER | {"size": ANSWER["size"] | {"met": False}, "cost": cost})
    assert "SIZE         no simulated candidate keeps every objective; the closest is" in text
    assert "(489 to 531); advised size 611" in text
    moved = [{"name": "log bytes", "about": "", "low": 480.0, "high": 560.0}]
    cost |= {"moved": moved, "missing": ["the database"]}
    text = " ".join(report.screen_text(ANSWER | {"cost": cost}).split())
    assert "(489 to 531 nine of ten times, moved most by log bytes), WITHOUT the database" in text


def test_cost_per_hour_of_an_average_hour_adds_up_to_the_bill():
    bill = price(usage())
    compute = SimpleNamespace(driver="use", service="AWS Fargate", amount=30.0)
    lines = (*bill.lines, compute)
    mid = SimpleNamespace(hours_per_month=730.0, lines=lines, baseline=bill.baseline)
    day = pd.DataFrame({"rate_per_s": [100.0, 300.0], "core-api": [3, 7], "admin-interface": [1, 1]})
    cost = SimpleNamespace(mid=mid, day=day)
    result = SimpleNamespace(
        scenario=made.scenario(),
        intervals=pd.DataFrame(
            {"replication": [0, 0], "clock_s": [10.0, 20.0], "arrived": [2000, 4000], "length_s": [10.0, 10.0]}
        ),
        replicas=pd.DataFrame(
            {
                "replication": [0] * 4,
                "clock_s": [10.0, 10.0, 20.0, 20.0],
                "service": ["core-api", "admin-interface"] * 2,
                "ready": [4, 1, 7, 1],
                "pending": [1, 0, 0, 0],
            }
        ),
    )
    table = report.cost_per_hour(cost, result)
    total = float(bill.total) + 30.0
    assert table["usd_per_hour"][0] * 730 == pytest.approx(total)
    assert table["usd_per_hour"][1] * 730 == pytest.approx(total + float(bill.use) + 30.0)

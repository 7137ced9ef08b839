"""The questions' shared judgement, and each question on short windows, small, large and degenerate scenarios."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.questions import shared
from novamodel.simulation import SloResult

API = "services.core-api"


@pytest.fixture(scope="module")
def bank():
    return nm.load("novabank")


def slo(value: float, low: float, high: float, metric: str = "p99") -> SloResult:
    return SloResult("goal", metric, "", 0.3, value, low, high, value < 0.3, "s")


def test_no_front_door_is_hidden_by_its_module():
    for name, home in nm.questions._HOMES.items():
        assert home.rpartition(".")[2] not in nm.questions._HOMES
        assert getattr(nm.questions, name).__name__ == name
    with pytest.raises(AttributeError):
        nm.questions.nothing  # noqa: B018


@pytest.mark.parametrize(
    ("objective", "verdict"),
    [
        (slo(0.2, 0.1, 0.29), shared.KEEPS),
        (slo(0.2, 0.1, 0.31), shared.OPEN),
        (slo(0.4, 0.2, 0.6), shared.OPEN),
        (slo(0.4, 0.3, 0.6), shared.MISSES),
        (slo(0.2, math.nan, math.nan), shared.KEEPS),
        (slo(math.nan, math.nan, math.nan), shared.MISSES),
        (slo(0.2, 0.1, 0.5, "rejected"), shared.KEEPS),
        (slo(0.4, 0.1, 0.5, "rejected"), shared.MISSES),
    ],
)
def test_an_objective_is_judged_by_its_interval(objective, verdict):
    assert shared._verdict(objective) == verdict


def tried(*rows: tuple[str, float, float, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["verdict", "cost_month", "latency_s", "now"])


def test_the_best_keeps_surely_then_costs_least_then_is_todays():
    rows = [("open", 10.0, 0.1, False), ("keeps", 20.0, 0.2, False), ("keeps", 20.2, 0.25, True)]
    assert shared.best(tried(*rows)).name == 2  # the same dollar, and today's
    assert shared.best(tried(*rows[:2])).name == 1
    assert shared.best(tried(rows[0], ("misses", 1.0, 0.4, True))).name == 0
    assert shared.best(tried(("misses", 1.0, 0.5, True), ("misses", 9.0, 0.4, False))).name == 1


def test_the_window_at_the_peak_holds_as_many_requests_at_any_rate(bank):
    run = shared.at_peak(bank, replications=3).run
    fast = shared.at_peak(bank.with_load(2), replications=3).run
    assert run.duration == pytest.approx(shared.WINDOW_REQUESTS / 450)
    assert fast.duration == pytest.approx(run.duration / 2)
    assert shared.at_peak(bank.with_load(1e-3), replications=3).run.duration == shared.LONGEST_S
    with pytest.raises(UserError, match="no interval"):
        shared.at_peak(bank, replications=1)


def test_the_service_asked_is_the_busiest_or_the_one_named(bank):
    assert shared.service_asked(bank, None) == "core-api"
    assert shared.service_asked(bank, "admin-interface") == "admin-interface"
    with pytest.raises(UserError, match="core-api"):
        shared.service_asked(bank, "core-apis")


# --- how many replicas -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replicas(bank):
    return nm.questions.replicas(bank, quick=True)


def test_replicas_tries_todays_settings_and_prices_each(replicas):
    assert replicas.service == "core-api"
    assert replicas.counts["now"].sum() == 1
    assert replicas.bounds["now"].sum() == 1
    assert replicas.counts["cpu_busy"].is_monotonic_decreasing
    assert (replicas.counts["cost_month"] > 0).all()
    assert replicas.counts["verdict"].iloc[0] != shared.KEEPS  # one too few by CPU
    assert all(math.isfinite(value) for value in replicas.headline().values())
    assert "USD a month" in replicas.conclusion()
    assert list(replicas.advice["setting"]) == ["minReplicas", "maxReplicas", "CPU target (of the request)"]


def test_a_larger_request_or_target_rests_at_fewer_replicas(replicas):
    table = replicas.targets.pivot(index="cpu_target", columns="cpu_request", values="replicas")
    assert (table.diff().dropna() <= 0).all().all()
    assert (table.diff(axis=1).dropna(axis=1) <= 0).all().all()
    assert table.loc[0.7, 0.15] > table.loc[0.7, 0.4]


def test_the_day_under_the_autoscaler_runs_fewer_than_the_fixed_count(replicas):
    means = replicas.day.groupby("plan")["replicas"].mean()
    fixed = next(plan for plan in means.index if plan.startswith("fixed"))
    assert means["as now"] < means[fixed]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("novabank-ecs", {}),
        ("novabank-compose", {f"{API}.replicas": 1}),
        ("novabank", {f"{API}.autoscaler": None, "traffic.shape": "constant", "traffic.peak": "40 requests/s"}),
    ],
)
def test_replicas_answers_without_autoscaler(name, changes):
    answer = nm.questions.replicas(nm.load(name).override(changes), quick=True, ramp="10 s")
    assert (len(answer.bounds) > 0) == (name == "novabank")
    assert answer.fixed["verdict"] in (shared.KEEPS, shared.OPEN)
    for fig in (
        nm.figures.replica_count(answer.counts),
        nm.figures.hpa_bounds(answer.bounds),
        nm.figures.replica_day(answer.day),
        nm.figures.hpa_target(answer.targets),
    ):
        assert fig.layout.title.text.startswith("<b>")
        assert "NaN" not in fig.to_json()


def test_a_scenario_without_objectives_is_refused(bank):
    with pytest.raises(UserError, match="slo is empty"):
        nm.questions.replicas(bank.override({"slo": []}))

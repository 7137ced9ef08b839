"""The questions' shared judgement, and each question on short windows, small, large and degenerate scenarios."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import novamodel as nm
from novamodel.cost import load_book
from novamodel.errors import UserError
from novamodel.figures import trials
from novamodel.questions import shared
from novamodel.questions.monthly_cost import answer as monthly_cost
from novamodel.questions.replica_count import trials as hpa_trials
from novamodel.questions.requests_limits import memory_trials
from novamodel.simulation import SloResult
from novamodel.workflows.platforms import PlatformRow
from novamodel.workflows.platforms.compare import on_arm, variant

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
    return pd.DataFrame(rows, columns=["verdict", "cost_month", "excess", "now"])


def test_the_best_keeps_surely_then_costs_least_then_is_fastest_then_todays():
    rows = [("open", 10.0, 0.9, False), ("keeps", 20.0, 0.7, False), ("keeps", 20.2, 0.75, True)]
    assert shared.best(tried(*rows)).name == 2  # the same dollar, as fast, and today's
    assert shared.best(tried(*rows, ("keeps", 20.1, 0.35, False))).name == 3  # the same dollar, half as slow
    assert shared.best(tried(*rows[:2])).name == 1
    assert shared.best(tried(rows[0], ("misses", 1.0, 1.4, True))).name == 0
    assert shared.best(tried(("misses", 1.0, 1.5, True), ("misses", 9.0, 1.4, False))).name == 1
    wide = [("open", 1.0, 9.0, True), ("misses", 9.0, 1.4, False)]  # an interval so wide that it excludes nothing
    assert shared.best(tried(*wide)).name == 1
    assert shared.is_hopeless(shared.best(tried(*wide)))
    assert not shared.is_hopeless(shared.best(tried(("open", 1.0, 0.9, False), *wide)))


def test_what_is_undecided_is_said_in_plain_words():
    row = pd.Series({"verdict": shared.OPEN, "missed": "p99 < 300 ms", "metric": "p99", "latency_s": 0.29})
    assert shared.verdict_text(row) == (
        "leaves p99 < 300 ms undecided: the interval contains the limit, more replications would decide"
    )
    assert trials.kept_text(row) == "p99 290 ms, undecided whether p99 < 300 ms"
    row["verdict"] = shared.MISSES
    assert shared.verdict_text(row) == trials.verdict_words(row) == "misses p99 < 300 ms"


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


def test_the_autoscalers_are_drawn_as_what_they_are(bank):
    low = bank.override({f"{API}.autoscaler.min_replicas": 1, f"{API}.autoscaler.max_replicas": 9})
    answer = nm.questions.replicas(low, quick=True, ramp="20 s")
    now, advised = (answer.bounds[answer.bounds[name]].iloc[0] for name in ("now", "best"))
    assert (now["min_replicas"], now["max_replicas"]) == (1, 9)
    assert [name.partition(" (")[0] for name in answer.ramps] == ["today's HPA", "the best HPA tried"]
    for row, (drawn, result) in zip((now, advised), answer.ramps.items(), strict=True):
        scaler = result.scenario.services["core-api"].autoscaler
        assert (scaler.min_replicas, scaler.max_replicas) == (row["min_replicas"], row["max_replicas"])
        assert scaler.cpu_target == row["cpu_target"]
        assert drawn[1:] in said(nm.figures.autoscaler(result, "core-api", drawn))
    assert advised["max_replicas"] > 9
    planned = answer.sizing.chosen.settings["core-api"]
    changes = answer.advice.set_index("setting")["change"]
    assert changes["maxReplicas"].split(" (")[0].endswith(f"{planned['max_replicas']:.0f}")
    assert changes["minReplicas"].split(" (")[0].endswith(f"{planned['min_replicas']:.0f}")
    assert planned["min_replicas"] in set(answer.bounds["min_replicas"])  # what is advised was tried on the ramp


def test_when_nothing_keeps_the_slo_every_place_names_the_same_count(bank):
    hopeless = bank.override({"slo": ["p99 < 1 ms", "errors < 0.1 %"]})
    answer = nm.questions.replicas(hopeless, quick=True, ramp="5 s")
    count, least = int(answer.fixed["replicas"]), int(answer.bound["min_replicas"])
    assert (answer.counts["verdict"] != shared.KEEPS).all()
    assert answer.counts.set_index("replicas")["excess"].idxmin() == count
    assert list(answer.counts["replicas"][answer.counts["best"]]) == [count]
    assert f"; {count} come closest" in said(nm.figures.replica_count(answer.counts))
    assert f"the closest: {'always ' if least == count else ''}{least} " in said(nm.figures.hpa_bounds(answer.bounds))
    assert f"**Fixed:** {count} replicas" in answer.conclusion()
    assert "No bounds help" in answer.conclusion()
    assert answer.bounds["max_replicas"][~answer.bounds["now"]].max() <= count
    assert any(row.plan == f"fixed at {count}" for row in answer.day.itertuples())


def test_the_lower_bounds_tried_reach_what_a_risen_peak_needs(bank):
    risen = bank.override({"traffic.peak": "2000 requests/s"})
    need = hpa_trials.rest_at(risen, "core-api", 1, 0.7)
    assert need > risen.services["core-api"].autoscaler.max_replicas
    assert max(least for least, _ in hpa_trials._grid(risen, "core-api", 62, few=True)) == need
    assert hpa_trials.upper_bound(risen, "core-api", need, 0.7, 62) > need
    assert hpa_trials.upper_bound(risen, "core-api", 2, 0.7, 12) == 12


def said(fig) -> str:
    return " ".join(fig.layout.title.text.replace("</b><br><b>", " ").split())


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


def test_a_scenario_without_traffic_is_refused(bank):
    silent = bank.override({"traffic.peak": "0 requests/s", "traffic.night": "0 requests/s"})
    for question in (nm.questions.replicas, nm.questions.limits, nm.questions.cost):
        with pytest.raises(UserError, match="no traffic"):
            question(silent)


def test_hardly_any_traffic_is_answered_or_left_open(bank):
    quiet = bank.override({"traffic.peak": "0.5 requests/s", "traffic.night": "0 requests/s"})
    answer = nm.questions.replicas(quiet, quick=True, ramp="5 s")
    assert int(answer.fixed["replicas"]) <= 3


def test_a_scenario_without_objectives_is_refused(bank):
    with pytest.raises(UserError, match="slo is empty"):
        nm.questions.replicas(bank.override({"slo": []}))


# --- which requests and limits -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def limits(bank):
    return nm.questions.limits(bank, quick=True)


def test_a_larger_cpu_limit_throttles_less(limits):
    assert limits.cpu["throttled_mean"].is_monotonic_decreasing
    assert limits.cpu["throttled_mean"].iloc[0] > 0.2
    assert limits.cpu["throttled_mean"].iloc[-1] == pytest.approx(0, abs=1e-9)  # no limit
    assert limits.cpu["latency_s"].iloc[-1] < limits.cpu["latency_s"].iloc[0]


def test_a_larger_request_runs_fewer_replicas_under_the_same_target(limits):
    assert list(limits.requests["now"]) == [False, True, False]
    assert limits.requests["replicas"].is_monotonic_decreasing
    assert limits.requests["replicas"].iloc[0] > limits.requests["replicas"].iloc[-1]


def test_the_advice_is_in_the_files_terms_and_legal(limits, bank):
    assert list(limits.advice["setting"]) == ["cpu request", "cpu limit", "memory request", "memory limit"]
    assert all("->" in text or "(as now)" in text for text in limits.advice["change"])
    assert all(math.isfinite(value) for value in limits.headline().values())
    assert "USD a month" in limits.conclusion()


def test_a_tight_memory_limit_loses_containers_when_work_piles_up(bank):
    heavy = {f"{API}.runtime.memory_per_request": "4 MiB"}
    memory = nm.questions.limits(bank.override(heavy), quick=True, stress=3).memory
    assert memory["killed"].iloc[0] > 0
    assert memory["runs_killed"].between(0, 1).all()
    assert (memory["killed_low"] <= memory["killed"]).all()
    assert (memory["killed"] <= memory["killed_high"]).all()
    assert (memory["working_set_low"] <= memory["working_set"]).all()
    assert memory["errors"].is_monotonic_decreasing  # a larger one still loses them, later
    assert memory["errors"].iloc[0] > memory["errors"].iloc[-1]


def test_a_memory_request_keeps_the_autoscalers_memory_target_quiet(bank):
    mib = 2.0**20
    request = memory_trials.request_for(bank, "core-api", 200 * mib, 512 * mib)
    target = bank.services["core-api"].autoscaler.memory_target
    assert 200 * mib / request < target * 0.9
    assert memory_trials.request_for(bank, "core-api", 600 * mib, 512 * mib) == 512 * mib


@pytest.mark.parametrize("name", ["novabank-ecs", "novabank-compose"])
def test_limits_answers_without_autoscaler(name):
    answer = nm.questions.limits(nm.load(name), quick=True)
    assert not len(answer.requests)
    for fig in (
        nm.figures.cpu_limit(answer.cpu),
        nm.figures.memory_limit(answer.memory),
        nm.figures.request_effect(answer.requests),
        nm.figures.right_sizing(answer.use),
    ):
        assert fig.layout.title.text.startswith("<b>")
        assert "NaN" not in fig.to_json()


# --- what it costs ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def costs(bank):
    """Platforms as they are made legal: that each is sized first is tested where they are compared."""

    def as_made(scenario, **effort):
        assert effort["budget"] < 4
        rows = []
        for kind in ("ECS on Fargate", "EKS on Fargate", "Compose on EC2"):
            there = variant(scenario, kind)
            more = {"met": True, "cost": nm.bill(there), "slo": 0.0, "changes": "", "scenario": there}
            rows.append(PlatformRow(kind, "x86", why="on one machine" if "Compose" in kind else "", **more))
        there = on_arm(rows[0].scenario, load_book())
        rows.append(rows[0]._replace(arch="arm64", cost=nm.bill(there), scenario=there))
        return (*rows, PlatformRow("ECS on EC2", "x86", False, None, 0.0, "", "no such family"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monthly_cost, "platforms", as_made)
        return nm.questions.cost(bank, quick=True)


def test_every_variants_lines_add_up_to_its_total(costs):
    sums = costs.lines.groupby("variant")["amount"].sum()
    for row in costs.variants.itertuples():
        assert sums[row.variant] == pytest.approx(row.cost_month, abs=0.01)
        assert row.fixed + row.use == pytest.approx(row.cost_month, abs=0.01)
        assert row.low <= row.cost_month <= row.high
    others = {"EKS on Fargate, x86", "ECS on Fargate, x86", "ECS on Fargate, ARM", "Compose on EC2, x86"}
    assert set(sums.index) == {"EKS on EC2", *others}


def test_the_waterfall_leads_from_one_total_to_the_other(costs):
    gap = costs.row(costs.against)["cost_month"] - costs.row(costs.given)["cost_month"]
    assert costs.steps["difference"].sum() == pytest.approx(gap, abs=0.1)


def test_replicas_that_stand_ready_cost_on_fargate(costs):
    plans = monthly_cost._headroom({"EKS on Fargate": variant(costs.scenario, "EKS on Fargate")})
    assert plans["cost_month"].is_monotonic_increasing
    assert plans["cost_month"].iloc[-1] > plans["cost_month"].iloc[0] + 1


def test_more_traffic_costs_more_a_month_and_less_a_request(costs):
    for _, part in costs.traffic.groupby("variant"):
        assert part["cost_month"].is_monotonic_increasing
        assert part["per_million"].is_monotonic_decreasing


def test_a_platform_that_cannot_be_is_listed_with_its_reason(costs):
    assert costs.refused.to_dict("records") == [{"variant": "ECS on EC2, x86", "why": "no such family"}]
    assert "**ECS on EC2, x86** cannot be: no such family." in costs.conclusion()
    assert "on one machine." in costs.conclusion()


def test_arm_costs_less_and_is_taken_to_be_as_fast(costs):
    x86, arm = (costs.row(f"ECS on Fargate, {name}") for name in ("x86", "ARM"))
    assert arm["cost_month"] < x86["cost_month"]
    assert (arm["latency_s"], arm["verdict"]) == (x86["latency_s"], x86["verdict"])
    assert set(costs.headroom["variant"]) == {costs.given, costs.against} == set(costs.traffic["variant"])


def test_headroom_is_not_capped_by_todays_upper_bound(bank, costs):
    plans = costs.headroom[costs.headroom["variant"] == "EKS on EC2"].set_index("plan")["replicas"]
    need = hpa_trials.rest_at(bank, "core-api", 1, 0.7, 1.5)
    assert need > bank.services["core-api"].autoscaler.max_replicas
    assert plans["fixed for 1.5 x the peak"] == need + bank.services["admin-interface"].replicas


def test_the_figures_of_cost_draw_one_variant_too(costs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monthly_cost, "platforms", lambda scenario, **effort: ())
        alone = nm.questions.cost(nm.load("novabank-compose"), quick=True)
    assert alone.against == ""
    for answer in (costs, alone):
        for fig in (
            nm.figures.cost_variants(answer.lines, answer.variants),
            nm.figures.cost_waterfall(answer.steps, answer.given, answer.against, answer.variants),
            nm.figures.cost_headroom(answer.headroom),
            nm.figures.cost_traffic(answer.traffic),
        ):
            assert fig.layout.title.text.startswith("<b>")
            assert "NaN" not in fig.to_json()

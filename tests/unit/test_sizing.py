"""Sizing and knee against a stand-in simulation made of closed forms: who is chosen, who lost and why."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from novamodel.analytic import latency, latency_quantile, peak_rate, steady_replicas, system_load
from novamodel.scenario import Scenario, Tree, build
from novamodel.sizing import Knee, Sizing, knee, size
from novamodel.sizing import legal as ladders
from novamodel.sizing.answers import shown
from novamodel.sizing.grid import current_settings, screen, services_to_size
from novamodel.sizing.legal import legal_sizes
from novamodel.sizing.price import compute_cost
from novamodel.sizing.settings import overrides_between, written
from novamodel.sizing.verdict import excess, holds, missed_text, unmoved
from novamodel.sizing.window import peak_clock, peak_window
from novamodel.statistics import Estimate

MIB = 1024.0**2
SHOP = {
    "name": "shop",
    "traffic": {"peak": "120 requests/s", "night": "12 requests/s", "mix": {"read": "90 %", "login": "10 %"}},
    "platform": {"kind": "eks", "compute": "fargate"},
    "services": {
        "api": {
            "replicas": 2,
            "resources": {
                "cpu_request": "250m",
                "cpu_limit": "250m",
                "memory_request": "256 MiB",
                "memory_limit": "512 MiB",
            },
            "autoscaler": {"min_replicas": 2, "max_replicas": 6, "cpu_target": "70 %"},
            "pool": {"max": 10, "connection_timeout": "2 s"},
            "routes": {
                "read": [{"cpu": "1 ms"}, {"sql": ["load"]}, {"cpu": "1 ms"}],
                "login": [{"cpu": "1 ms"}, {"thread": "40 ms"}, {"cpu": "1 ms"}],
            },
        }
    },
    "database": {"statements": {"load": {"cpu": "1 ms"}}},
    "slo": ["p99 < 200 ms", "errors < 0.1 %"],
}


def shop(changes: dict[str, Any] | None = None) -> Scenario:
    return build(Tree(SHOP)).override(changes or {})


HALF_A_CORE = {f"services.api.resources.cpu_{what}": "500m" for what in ("request", "limit")}


class Objective(NamedTuple):
    text: str
    metric: str
    of: str
    limit: float
    value: float
    low: float
    high: float
    met: bool
    unit: str


class StandIn:
    """What sizing reads of a result, from closed forms; ``spread`` is the half width of the intervals."""

    def __init__(self, scenario: Scenario, spread: float = 0.02, rejected: float = 0.0) -> None:
        self.scenario, self.spread, self.rejected = scenario, spread, rejected
        rate = peak_rate(scenario)
        self.counts = steady_replicas(scenario, rate)
        self.load = system_load(scenario, rate, {name: np.asarray(float(n)) for name, n in self.counts.items()})
        self.replicas = pd.DataFrame(
            [{"replication": 0, "service": name, "ready": count} for name, count in self.counts.items()]
        )
        used = float(self.load.services["api"].replica.utilisation)
        self.tiers = pd.DataFrame(
            [
                {"tier": "api cpu", "busy": min(used, 1.0), "limit": 1.0},
                {"tier": "postgres cpu", "busy": float(self.load.database_busy), "limit": 2.0},
            ]
        )
        p99 = self.estimate("p99").value
        self.breakdown = pd.DataFrame(
            {"place": ["throttled", "threads"], "mean_s": [0.0, 0.0], "p99_s": [max(p99 - 0.04, 0.0), 0.04]}
        )

    def estimate(self, metric: str, of: str = "") -> Estimate:
        if metric == "rejected":
            value = self.rejected
        elif metric == "errors":
            value = float(latency.error_share(self.load))
        elif metric == "goodput":
            value = float(self.load.rate_per_s)
        else:
            value = min(float(latency_quantile(self.scenario, self.load, float(metric[1:]) / 100)), 60.0)
        return Estimate(value, value * (1 - self.spread), value * (1 + self.spread))

    def slo(self) -> list[Objective]:
        rows = []
        for slo in self.scenario.slo:
            value, low, high = self.estimate(slo.metric)
            unit = "s" if slo.is_latency else "1"
            rows.append(
                Objective(slo.text, slo.metric, slo.of or "", slo.limit, value, low, high, value < slo.limit, unit)
            )
        return rows


class Recorder:
    """Counts the calls of a stand-in simulation."""

    def __init__(self, **options: Any) -> None:
        self.options, self.scenarios = options, []

    def __call__(self, scenario: Scenario, **given: Any) -> StandIn:
        assert set(given) == {"seed", "replications", "engine"}
        self.scenarios.append(scenario)
        return StandIn(scenario, **self.options)


@pytest.fixture(scope="module")
def sized() -> tuple[Sizing, Recorder, list[float]]:
    recorder, told = Recorder(), []
    return size(shop(), simulate=recorder, progress=told.append), recorder, told


def test_the_choice_keeps_every_objective_with_its_upper_end(sized):
    answer, _, _ = sized
    assert not answer.now.met
    assert answer.met
    assert answer.chosen.met
    assert answer.chosen.p99_s[2] < 0.2
    assert answer.chosen.why == "chosen"
    assert answer.blocks == ""


def test_no_cheaper_simulated_candidate_holds_and_each_says_why_it_lost(sized):
    answer, _, _ = sized
    table = answer.candidates
    assert table["cost_month"].is_monotonic_increasing
    assert not table.loc[table["cost_month"] < answer.chosen.cost_month - 0.01, "met"].any()
    lost = table[~table["met"]]
    assert len(lost) >= 1
    assert lost["why"].str.contains("p99 ").all()
    assert lost["why"].str.contains("> 200 ms").all()
    assert lost["why"].str.contains("throttling").any()
    held = table[table["met"] & (table["why"] != "chosen")]
    assert held["why"].str.contains("holds").all()


def test_at_most_a_dozen_are_simulated_in_one_window_with_the_same_customers(sized):
    answer, recorder, told = sized
    assert 2 <= len(recorder.scenarios) <= 12
    assert len({(s.run.start, s.run.duration, s.run.seed) for s in recorder.scenarios}) == 1
    assert all(s.traffic == recorder.scenarios[0].traffic for s in recorder.scenarios)
    assert recorder.scenarios[0].run.duration == 300
    assert answer.screened > 1000
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_advice_speaks_the_users_terms(sized):
    answer, _, _ = sized
    applied = shop(dict(zip(answer.advice["path"], answer.advice["advised"], strict=True)) | answer.chosen.overrides)
    assert applied.content_hash() == answer.chosen.scenario.content_hash()
    cpu = answer.advice[answer.advice["path"].str.endswith("cpu_request")]
    assert len(cpu) == 0 or cpu["change"].iloc[0].startswith("250m -> ")
    assert answer.advice["why"].str.len().min() > 10
    assert answer.to_dict()["advised"]["settings"]["api"] == answer.chosen.settings["api"]
    assert "<table" in answer._repr_html_()


def test_today_is_chosen_when_it_holds_and_nothing_is_cheaper():
    answer = size(shop(), simulate=Recorder(), cost_of=lambda scenario, replicas: 100.0, budget=3)
    same = size(answer.chosen.scenario, simulate=Recorder(), cost_of=lambda scenario, replicas: 100.0)
    assert same.chosen.overrides == {}
    assert same.advice.empty
    assert same.chosen.changes == "as today"


def test_at_equal_cost_the_fewest_changes_win():
    answer = size(shop(), simulate=Recorder(), cost_of=lambda scenario, replicas: 100.0)
    assert answer.met
    assert len(answer.chosen.overrides) == min(len(c.overrides) for c in answer.simulated if c.met)
    assert len(answer.chosen.overrides) <= 2


def test_an_objective_out_of_reach_gets_the_closest_and_what_blocks_it():
    answer = size(shop({"slo": ["p99 < 5 ms"]}), simulate=Recorder(), budget=6)
    assert not answer.met
    assert "p99" in answer.blocks
    assert answer.chosen.excess == min(c.excess for c in answer.simulated)
    assert len(answer.simulated) <= 6


def test_rejections_by_the_edge_do_not_steer_the_size():
    populations = {"all": {"share": 1.0, "clients": 10}}
    changes = {"slo": ["p99 < 200 ms", "rejected(all) < 0.01 %"], "traffic.populations": populations}
    answer = size(shop(changes), simulate=Recorder(rejected=0.3))
    plain = size(shop({"slo": ["p99 < 200 ms"], "traffic.populations": populations}), simulate=Recorder())
    assert not answer.met
    assert answer.chosen.overrides == plain.chosen.overrides
    assert answer.blocks.startswith("no size of these services changes it: rejected(all) 30 %")


def test_a_small_space_is_searched_to_its_optimum(monkeypatch):
    """Every legal combination is simulated by brute force; the search finds the cheapest that holds."""
    monkeypatch.setattr(ladders, "CPU_REQUESTS", (0.25, 0.5, 1.0))
    monkeypatch.setattr(ladders, "CPU_LIMITS", (0.25, 0.5, 1.0))
    monkeypatch.setattr(ladders, "MEMORY", (256 * MIB,))
    monkeypatch.setattr("novamodel.sizing.grid.COUNTS", (2, 3, 4, 6, 8))
    monkeypatch.setattr("novamodel.sizing.grid.POOLS", (10,))
    for peak, limit in ((60, 250), (120, 150), (240, 200)):
        scenario = shop({"traffic.peak": f"{peak} requests/s", "slo": [f"p99 < {limit} ms"]})
        table = screen(scenario, "api").table
        today = current_settings(scenario.services["api"])
        best = math.inf
        for row in table[np.isfinite(table["ratio"])].to_dict("records"):
            changes = overrides_between(scenario, "api", today, {name: float(row[name]) for name in today})
            variant = scenario.override(changes)
            if all(holds(objective) for objective in StandIn(variant).slo()):
                best = min(best, _cost(variant))
        answer = size(scenario, simulate=Recorder(), cost_of=lambda s, replicas: _cost(s))
        assert answer.met == math.isfinite(best)
        assert not answer.met or answer.chosen.cost_month <= best * 1.001


def _cost(scenario: Scenario) -> float:
    resources = scenario.services["api"].resources
    return steady_replicas(scenario, peak_rate(scenario))["api"] * (resources.cpu_request + 0.01) * 30


def test_a_service_without_autoscaler_is_sized_by_its_replicas():
    scenario = shop({"services.api.autoscaler": None})
    assert services_to_size(scenario) == ["api"]
    answer = size(scenario, simulate=Recorder())
    assert answer.met
    assert set(answer.chosen.overrides) <= {
        "services.api.replicas",
        "services.api.pool.max",
        *(f"services.api.resources.{kind}_{what}" for kind in ("cpu", "memory") for what in ("request", "limit")),
    }


def test_legal_sizes_are_what_the_platform_sells():
    ecs = shop(
        {
            "platform.kind": "ecs",
            "services.api.autoscaler": None,
            "services.api.resources": {
                "cpu_request": "250m",
                "cpu_limit": "250m",
                "memory_request": "512 MiB",
                "memory_limit": "512 MiB",
            },
        }
    )
    sold = legal_sizes(ecs, ecs.services["api"])
    assert set(zip(sold.cpu_limit, sold.memory_limit / MIB, strict=True)) >= {(0.25, 512), (1.0, 2048), (2.0, 4096)}
    assert (0.25, 2048) not in set(zip(sold.cpu_limit, sold.memory_limit / MIB, strict=True))
    pods = legal_sizes(shop(), shop().services["api"])
    billed = [ladders.billed(shop(), c, m) for c, m in zip(pods.cpu_request, pods.memory_request, strict=True)]
    assert all(limit <= cores for limit, (cores, _) in zip(pods.cpu_limit, billed, strict=True))
    nodes = shop({"platform.compute": "ec2"})
    free = legal_sizes(nodes, nodes.services["api"])
    assert (free.cpu_limit >= free.cpu_request).all()
    assert (free.cpu_limit <= 4 * free.cpu_request).all()


def test_pools_never_open_more_than_the_database_accepts():
    scenario = shop({"database.max_connections": 43})
    table = screen(scenario, "api").table
    fine = table[np.isfinite(table["ratio"])]
    assert len(fine)
    assert (fine["pool_max"] * fine["max_replicas"] <= 40).all()


def test_requests_cover_what_is_used():
    table = screen(shop({"platform.compute": "ec2"}), "api").table
    fine = table[np.isfinite(table["ratio"])]
    assert (fine["replicas"] * fine["cpu_request"] >= 120 * (0.9 * 2e-3 + 0.1 * 42e-3) * 0.98).all()
    assert (fine["memory_limit"] >= 220 * MIB).all()


def test_compute_cost_of_fargate_pods_is_their_size_by_the_hour():
    cost = compute_cost(shop(), {"api": 4.0})
    assert cost == pytest.approx(4 * 730 * (0.25 * 0.04048 + 0.5 * 0.004445), abs=0.02)
    nodes = shop({"platform.compute": "ec2"})
    assert compute_cost(nodes, {"api": 2.0}) <= compute_cost(nodes, {"api": 9.5}) <= compute_cost(nodes, {"api": 40.0})
    one = shop({"platform.kind": "compose", "platform.compute": "ec2"})
    assert compute_cost(one, {"api": 2.0}) == compute_cost(one, {"api": 9.0})


def test_settings_are_written_as_in_files():
    assert [written("cpu_limit", 0.4), written("memory_limit", 384 * MIB), written("pool_max", 8.0)] == [
        "400m",
        "384 MiB",
        8,
    ]
    assert written("cpu_limit", math.nan) is None
    assert shown("services.api.resources.cpu_limit", None) == "no limit"
    assert written("memory_limit", 1.0) == "1 B"


def test_verdicts_use_the_upper_end():
    open_case = Objective("p99 < 300 ms", "p99", "", 0.3, 0.29, 0.26, 0.32, True, "s")
    assert not holds(open_case)
    assert missed_text(open_case) == "p99 290 ms, up to 320 ms > 300 ms"
    single = open_case._replace(low=math.nan, high=math.nan)
    assert holds(single)
    assert excess([single]) == pytest.approx(0.29 / 0.3)
    nothing = open_case._replace(value=math.nan, high=math.nan)
    assert not holds(nothing)
    assert excess([nothing]) == math.inf
    bad = open_case._replace(value=0.5, high=0.55)
    assert unmoved([[bad], [bad], [bad]]) == {"p99 < 300 ms"}
    assert unmoved([[bad], [bad], [bad._replace(value=0.4)]]) == frozenset()


def test_the_window_lies_around_the_peak():
    assert peak_clock(shop()) == 18 * 3600
    assert peak_window(shop(), 300)["run.start"] == 18 * 3600 - 150
    with pytest.raises(ValueError, match="budget"):
        size(shop(), simulate=Recorder(), budget=1)


@pytest.fixture(scope="module")
def found() -> Knee:
    return knee(shop({**HALF_A_CORE, "slo": ["p99 < 250 ms"]}), simulate=Recorder())


def test_the_knee_is_where_the_closed_forms_cross_the_limit(found):
    multiple = found.load_multiple_at_breach
    assert multiple is not None
    scenario = shop({**HALF_A_CORE, "slo": ["p99 < 250 ms"]})
    assert StandIn(scenario.with_load(multiple * 0.93)).slo()[0].met
    assert not StandIn(scenario.with_load(multiple * 1.07)).slo()[0].met


def test_the_knee_says_what_gives_out(found):
    assert found.first_limit.startswith("api cpu (")
    assert "at most 6 replicas" in found.first_limit
    assert "> 250 ms" in found.first_limit
    assert f"{found.load_multiple_at_breach:.2g} x today's load" in found.first_limit
    assert found.curve["multiple"].is_monotonic_increasing
    assert found.curve.loc[found.curve["multiple"] < found.load_multiple_at_breach, "met"].all()
    assert not found.curve["met"].iloc[-1]
    assert list(found.tiers["scales_out"]) == sorted(found.tiers["scales_out"])
    assert "<table" in found._repr_html_()
    assert found.to_dict()["load_multiple_at_breach"] == found.load_multiple_at_breach


def test_a_knee_beyond_the_multiples_is_not_made_up():
    calm = knee(shop({"slo": ["p99 < 5 s"]}), (0.5, 1.0), simulate=Recorder())
    assert calm.load_multiple_at_breach is None
    assert calm.first_limit.startswith("no objective is missed up to 1 x")
    assert len(calm.curve) == 2


def test_a_miss_at_the_lowest_multiple_is_reported_there():
    hopeless = knee(shop({"slo": ["p99 < 1 ms"]}), (0.5, 1.0, 2.0), simulate=Recorder())
    assert hopeless.load_multiple_at_breach == 0.5
    with pytest.raises(ValueError, match="multiples"):
        knee(shop(), (), simulate=Recorder())


def test_scaling_the_load_scales_listed_shapes_too():
    listed = shop({"traffic.shape": [["06:00", "10 requests/s"], ["18:00", "80 requests/s"]]})
    twice = listed.with_load(2.0)
    assert peak_rate(twice) == 160
    assert shop().with_load(1.5).traffic.rate_at(18 * 3600.0) == pytest.approx(180)

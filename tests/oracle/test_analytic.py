"""Closed forms against figures worked out in 50-digit arithmetic, their own identities, and their limits."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.analytic import closed, limited, lru, queues
from novamodel.analytic.popularity import zipf
from novamodel.resources import data_dir
from novamodel.verify.analytic import answer, kinds


def recorded(file: str) -> list[dict[str, Any]]:
    return json.loads((data_dir() / "conformance" / file).read_text(encoding="utf-8"))["cases"]


FUNCTIONS = {
    "mmck": limited.mmck,
    "erlang_a": limited.erlang_a,
    "finite_population": limited.finite_population,
    "erlang_b_inverse": queues.erlang_b_inverse,
    "md1_wait_cdf": queues.md1_wait_cdf,
    "usl": closed.usl,
    "fanout_tail": closed.fanout_tail,
    "closed_mva": closed.closed_mva,
    "closed_mva_multiserver": closed.closed_mva_multiserver,
}
CASES = [c for file in ("queueing.json", "cache.json") for c in recorded(file) if c["kind"] in kinds()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_closed_form_agrees_with_the_recorded_figures(case):
    answered = answer(case["kind"], case["input"])
    for key, expected in case["expected"].items():
        tolerance = case["tolerance"][key]
        error = np.abs(np.subtract(answered[key], expected))
        allowed = np.maximum(tolerance["abs"], tolerance["rel"] * np.abs(expected))
        assert (error <= allowed).all(), f"{key}: {answered[key]} against {expected}"


def test_queueing_is_held_to_nine_digits():
    queueing = [case for case in CASES if case["id"].startswith("queueing/")]
    assert len(queueing) == 114
    assert all(t["rel"] <= 1e-9 and t["abs"] <= 1e-12 for case in queueing for t in case["tolerance"].values())


def test_many_candidates_at_once_are_as_good_as_one_by_one():
    """Every recorded case of a kind and shape, asked in one call."""
    for kind in ("mmck", "erlang_a", "finite_population", "erlang_b_inverse", "md1_wait_cdf", "usl", "fanout_tail",
                 "closed_mva", "closed_mva_multiserver"):  # fmt: skip
        shape = next(np.size(case["input"].get("service_s", 0)) for case in CASES if case["kind"] == kind)
        group = [c for c in CASES if c["kind"] == kind and np.size(c["input"].get("service_s", 0)) == shape]
        if kind == "closed_mva_multiserver":
            group = [case for case in group if np.size(case["input"]["servers"]) == 2]
        asked = {name: np.array([case["input"][name] for case in group]) for name in group[0]["input"]}
        together = FUNCTIONS[kind](**asked)
        for name in group[0]["expected"]:
            found = getattr(together, name) if hasattr(together, name) else together
            wanted = np.array([case["expected"][name] for case in group])
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12), (kind, name)


def test_mgc_is_exact_where_it_must_be():
    assert queues.mgc(1, 0.8, 1.0, 0.0) == pytest.approx(float(queues.mg1(0.8, 1.0, 0.0).mean_wait_s))
    assert queues.mgc([2, 5], 1.5, 1.0, 1.0) == pytest.approx(queues.mmc([2, 5], 1.5, 1.0).mean_wait_s)
    with pytest.raises(ValueError, match="no steady state"):
        queues.mgc(2, 2.0, 1.0, 0.5)


def test_che_takes_many_capacities():
    assert lru.che(1000, 0.8, [10, 500]).hit_lru == pytest.approx(
        [float(lru.che(1000, 0.8, n).hit_lru) for n in (10, 500)]
    )


def test_every_kind_has_cases():
    assert len(CASES) == 132
    assert {case["kind"] for case in CASES} == set(kinds()) - {"littles_law"}
    assert answer("littles_law", {"arrival_rate_per_s": 100, "response_s": 0.25}) == {"in_flight": 25.0}


def test_arrays_give_the_same_as_single_values():
    servers, rates = np.array([1, 2, 50]), np.array([[0.5], [0.9]])
    together = queues.mmc(servers, rates, 1.0)
    waits = limited.mmc_patience(servers, 2.0, rates * 2, 1.0)
    for column, count in enumerate(servers):
        for row in range(2):
            alone = queues.mmc(count, rates[row, 0], 1.0)
            assert [field[row, column] for field in together] == [float(field) for field in alone]
            lost = limited.mmc_patience(count, 2.0, rates[row, 0] * 2, 1.0).timeout_probability
            assert waits.timeout_probability[row, column] == float(lost)


@pytest.mark.parametrize(
    "call",
    [
        lambda: queues.mmc(4, 4.0, 1.0),
        lambda: queues.mm1(2.0, 1.0),
        lambda: queues.mg1(1.0, 1.0, 0.5),
        lambda: queues.md1_wait_cdf(1.0, 1.0, 0.1),
        lambda: queues.ggc_allen_cunneen(2, 3.0, 1.0, 1.0, 1.0),
    ],
)
def test_a_load_without_steady_state_is_refused(call):
    with pytest.raises(ValueError, match="no steady state"):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: queues.erlang_b(1.5, 1.0),
        lambda: queues.erlang_b_inverse(2, 1.0),
        lambda: queues.mg1(0.1, 1.0, -1.0),
        lambda: limited.mmck(3, 2, 1.0, 1.0),
        lambda: limited.erlang_a(1, 0.0, 1.0, 1.0),
        lambda: limited.mmc_patience(0, 1.0, 1.0, 1.0),
        lambda: limited.finite_population(10, 1, 0.0, 1.0),
        lambda: closed.closed_mva(1.0, [0.1], [1, 2], 3),
        lambda: closed.closed_bounds(0.0, [0.0], [1.0]),
        lambda: closed.closed_mva_multiserver(1.0, [0.1], [0], 3),
        lambda: closed.usl_peak(10.0, 0.1, 0.0),
        lambda: closed.fanout_tail(3, 1.5),
        lambda: lru.che(100, 0.8, 100),
        lambda: lru.lru_exact(17, 0.8, 3),
        lambda: lru.ttl_hit_ratio(10, 0.8, 0.0, 1.0),
        lambda: zipf(0, 1.0),
    ],
)
def test_what_lies_outside_a_formula_is_refused(call):
    with pytest.raises(ValueError):
        call()


@given(st.integers(1, 60), st.floats(0.05, 0.97), st.floats(0.01, 100))
def test_patience_without_end_is_mmc_and_without_room_is_erlang_b(servers, busy, speed):
    rate = busy * servers * speed
    endless = limited.mmc_patience(servers, 2000 / speed, rate, speed)
    plain = queues.mmc(servers, rate, speed)
    assert endless.wait_probability == pytest.approx(plain.wait_probability, rel=1e-6)
    assert endless.mean_wait_served_s == pytest.approx(plain.mean_wait_s, rel=1e-6, abs=1e-12)
    none = limited.mmc_patience(servers, 0.0, rate, speed)
    assert none.timeout_probability == pytest.approx(queues.erlang_b(servers, rate / speed), rel=1e-9)


@given(st.integers(1, 40), st.floats(0.2, 40.0))
def test_patience_conserves_jobs(servers, load):
    found = limited.mmc_patience(servers, 1.5, load, 1.0)
    assert 0 <= found.timeout_probability <= found.wait_probability <= 1
    assert found.throughput_per_s <= min(load, servers) * (1 + 1e-9)


def test_patience_far_beyond_capacity_serves_the_capacity():
    found = limited.mmc_patience(20, 2.0, 5000.0, 10.0)
    assert found.throughput_per_s == pytest.approx(200.0)
    assert found.mean_wait_served_s == pytest.approx(2.0, rel=1e-3)


@given(st.integers(1, 12), st.integers(1, 30), st.floats(0.1, 3.0))
def test_a_finite_population_is_a_closed_network_of_one_station(servers, population, think):
    group = limited.finite_population(population, servers, think, 0.2)
    network = closed.closed_mva_multiserver(think, [0.2], [servers], population)
    assert network.throughput_per_s == pytest.approx(group.throughput_per_s, rel=1e-9)


@given(st.integers(2, 12), st.floats(0.0, 1.5), st.data())
def test_exact_lru_lies_between_random_choice_and_the_best_fixed_set(catalog, exponent, data):
    capacity = data.draw(st.integers(1, catalog - 1))
    exact = lru.lru_exact(catalog, exponent, capacity)
    approximate = lru.che(catalog, exponent, capacity)
    assert capacity / catalog - 1e-9 <= exact <= approximate.hit_static_optimal + 1e-9
    assert exact == pytest.approx(approximate.hit_lru, abs=0.06)


def test_grouped_ranks_give_the_same_hit_ratios():
    for exponent in (0.0, 0.8, 1.0):
        every, banded = zipf(200_000, exponent), zipf(200_000, exponent, exact_keys=1000)
        assert banded.probability.size < 3000
        assert banded.multiplicity.sum() == 200_000
        for time in (1e3, 1e5):
            hits = [float(k.multiplicity * k.probability @ -np.expm1(-k.probability * time)) for k in (every, banded)]
            assert hits[1] == pytest.approx(hits[0], rel=1e-4)


def test_md1_distribution_has_the_mean_of_pollaczek_khinchine():
    limits = np.linspace(0, 60, 4001)
    above = [1 - queues.md1_wait_cdf(0.8, 1.0, float(t)) for t in limits]
    assert np.trapezoid(above, limits) == pytest.approx(float(queues.mg1(0.8, 1.0, 0.0).mean_wait_s), rel=1e-3)

"""Demands that follow the utilisation of their core: the rule, and what comes of it in runs."""

from __future__ import annotations

import pytest
from against_theory import mean_spent, runs_of
from hypothesis import given
from hypothesis import strategies as st

from novamodel.analytic import covers
from novamodel.components.cpu.utilisation import core_use_at, core_use_state, curve_at
from novamodel.errors import UserError
from novamodel.simulation import codes

FALLING = {"curve": [["0 %", "10 ms"], ["100 %", "2 ms"]]}
TURNS = {"kind": "eks", "compute": "ec2", "node_type": "m6i.large", "zones": 1, "cpu": {"kind": "turns"}}


def test_a_curve_is_linear_between_its_points_and_level_beyond():
    s = core_use_state(1, [[(0.5, 9.0), (0.9, 1.0)], [(0.0, 4.0), (0.2, 3.0), (1.0, 1.0)]])
    assert [curve_at(s, 0, u) for u in (0.0, 0.5, 0.7, 0.9, 1.0)] == pytest.approx([9.0, 9.0, 5.0, 1.0, 1.0])
    assert [curve_at(s, 1, u) for u in (0.0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([4.0, 3.5, 3.0, 2.0, 1.0])


@given(st.floats(0.0, 1.0), st.integers(1, 8))
def test_the_utilisation_of_late_comes_to_that_of_a_steady_use(share, cores):
    s = core_use_state(1, [])
    for tick in range(1, 401):
        now = tick * 0.025
        level = core_use_at(s, 0, share * cores * now, float(cores), now)
        assert 0.0 <= level <= share + 1e-9
    assert level == pytest.approx(share, abs=1e-4)
    assert core_use_at(s, 0, share * cores * 10.0, float(cores), 10.0) == level  # nothing passes, nothing changes


@pytest.mark.parametrize(
    ("steps", "platform", "cores", "place"),
    [
        ([{"cpu": FALLING}], {}, 1, codes.ON_CPU),
        ([{"cpu": FALLING | {"law": "exponential"}}], {}, 1, codes.ON_CPU),
        ([{"cpu": FALLING}], {"platform": TURNS}, 2, codes.ON_CPU),
        ([{"thread": FALLING}], {"platform": TURNS}, 2, codes.THREADS),
    ],
)
def test_a_run_finds_the_utilisation_that_bears_itself(plain, steps, platform, cores, place):
    """Fifty bursts a second of 10 ms less 8 ms times the utilisation of the cores."""
    window = {"run": {"warm_up": "20 s", "duration": "200 s", "interval": "50 s"}}
    changes = {"traffic": {"peak": "50 requests/s"}, "services": {"api": {"routes": {"read": steps}}}}
    found = runs_of(plain(changes | window | platform))
    used = 50 * 0.010 / (1 + 50 * 0.008 / cores) / cores
    spent = [mean_spent(run, place) for run in found]  # a burst comes upon a little more use than the mean
    assert sum(spent) / len(spent) == pytest.approx(0.010 - 0.008 * used, rel=0.02)
    busy = [sum(row["busy"] for row in run.tiers if row["tier"] == "api cpu") / 4 for run in found]
    assert sum(busy) / len(busy) / cores == pytest.approx(used, rel=0.03)


def test_both_engines_and_no_closed_form(plain, both):
    scenario = plain({"services": {"api": {"routes": {"read": [{"cpu": FALLING}, {"thread": FALLING}]}}}})
    both(scenario)
    assert "utilisation" in covers.uncovered(scenario)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ([["0 %", "1 ms"]], "two or more"),
        ([["50 %", "1 ms"], ["20 %", "2 ms"]], "in order"),
    ],
)
def test_curves_that_are_none(plain, curve, message):
    with pytest.raises(UserError, match=message):
        plain({"services": {"api": {"routes": {"read": [{"cpu": {"curve": curve}}]}}}})


def test_only_steps_have_curves(plain):
    with pytest.raises(UserError, match="curve"):
        plain({"database": {"statements": {"select": {"cpu": FALLING}}}})

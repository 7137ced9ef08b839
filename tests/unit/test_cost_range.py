"""The range of a bill: its distribution, its coverage, what moves it; months of unlike days."""

import math
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import novamodel as nm
from novamodel.cost import Bill, Input, cost_range, load_book
from novamodel.cost.ranges import multiples, sigma
from novamodel.workflows.month import bill, monthly_total
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.calendar import DAYS, day_multiples
from novamodel.workflows.month.uncertain import BYTES, LOAD, LOGS, ZONES, inputs_of

NOVABANK = nm.load("novabank")


def once(scenario: nm.Scenario) -> Bill:
    """The bill without its range."""
    return Month(scenario, None, load_book(), lenient=False).bill({})


@given(st.lists(st.floats(1.01, 20), min_size=1, max_size=4), st.integers(50, 300))
def test_nine_tenths_of_the_draws_lie_within_the_factor(factors: list[float], draws: int) -> None:
    inputs = [Input(str(number), factor, "") for number, factor in enumerate(factors)]
    found = multiples(inputs, draws)
    assert found.shape == (draws, len(factors))
    for column, factor in zip(found.T, factors, strict=True):
        inside = ((column >= 1 / factor) & (column <= factor)).mean()
        assert inside == pytest.approx(0.9, abs=2.01 / draws)
        assert np.median(column) == pytest.approx(1, rel=math.log(factor) * 4 / draws + 0.01)


def test_the_range_of_one_input_is_that_of_theory() -> None:
    """A cost proportional to a log-normal input has its quantiles; `moved` is their value exactly."""
    found = cost_range([Input("x", 2.0, "what x is")], lambda off: 100 * off.get("x", 1.0), draws=400)
    assert (found.mid, found.moved[0][2:]) == (100, (50, 200))
    assert found.low == pytest.approx(50, rel=0.01)
    assert found.high == pytest.approx(200, rel=0.01)
    assert found.quantile(0.5) == pytest.approx(100, rel=0.01)


def test_independent_inputs_add_up_as_their_variances_do() -> None:
    inputs = [Input("a", 1.05, ""), Input("b", 1.05, "")]
    found = cost_range(inputs, lambda off: 100 * (off.get("a", 1.0) + off.get("b", 1.0)), draws=2000)
    assert found.high - found.low == pytest.approx(2 * 1.645 * 100 * sigma(1.05) * math.sqrt(2), rel=0.05)


def test_inputs_that_are_certain_move_nothing() -> None:
    found = cost_range([Input("a", 1.0, "")], lambda off: 7.0)
    assert (found.low, found.mid, found.high, found.moved) == (7, 7, 7, ())


@settings(max_examples=20)
@given(st.dictionaries(st.sampled_from("abc"), st.floats(1.1, 4), min_size=1), st.integers(1, 99))
def test_what_moves_most_comes_first(factors: Mapping[str, float], seed: int) -> None:
    inputs = [Input(name, factor, "") for name, factor in factors.items()]
    found = cost_range(inputs, lambda off: sum(off.get(name, 1.0) for name in "abc"), draws=20, seed=seed)
    swings = [one.swing for one in found.moved]
    assert swings == sorted(swings, reverse=True)
    assert found.low <= found.high


def test_novabanks_bill_is_what_it_was_and_log_bytes_move_it_most() -> None:
    cost = bill(NOVABANK)
    assert cost.mid.total == Decimal("915.53")
    assert [one.name for one in cost.spread.moved[:3]] == [LOGS, LOAD, ZONES]
    low, mid, high = (float(total) for total in cost.totals())
    assert low < mid < high
    assert (low, high) == pytest.approx((cost.spread.low, cost.spread.high), rel=0.02)
    logs = cost.spread.moved[0]
    for size, total in ((200, logs.low), (800, logs.high)):
        said = {f"services.{name}.log_bytes": size for name in NOVABANK.services}
        assert monthly_total(NOVABANK.override(said)) == pytest.approx(total)


def test_what_a_file_or_an_override_says_is_certain() -> None:
    said = {f"services.{name}.log_bytes": 400 for name in NOVABANK.services}
    there = once(NOVABANK)
    names = {one.name for one in inputs_of(NOVABANK.override(said), there)}
    assert LOGS not in names
    assert LOAD in names
    assert BYTES not in {one.name for one in inputs_of(NOVABANK, there)}, "measured in the scenario"
    sure = NOVABANK.override({"pricing.cross_zone_share": 0.4, "pricing.uncertainty": 0})
    assert {ZONES, LOAD}.isdisjoint(one.name for one in inputs_of(sure, there))


def test_a_simulated_year_of_an_uncertain_demand_lies_within_the_range_nine_times_of_ten() -> None:
    """Years whose inputs are drawn from what is said of them; each quarter's traffic differs by 5 % more by itself."""
    cost = bill(NOVABANK)
    inputs = inputs_of(NOVABANK, cost.mid)
    month = Month(NOVABANK, None, load_book(), lenient=False)
    random = np.random.default_rng(2026)
    inside = 0
    years = 120
    for _ in range(years):
        off = {one.name: float(np.exp(random.normal(0, sigma(one.factor)))) for one in inputs}
        quarters = [off | {LOAD: off[LOAD] * float(np.exp(random.normal(0, 0.05)))} for _ in range(4)]
        mean = np.mean([float(month.bill(quarter).total) for quarter in quarters])
        inside += cost.spread.low <= mean <= cost.spread.high
    # 108 are expected; three standard deviations of a binomial are 10.
    assert abs(inside - 0.9 * years) <= 10


def test_a_month_of_like_days_is_the_day() -> None:
    assert day_multiples(NOVABANK) == (1.0,)
    assert day_multiples(NOVABANK.override({"pricing.month.paydays": [3]})) == (1.0,)


def test_weekends_and_paydays() -> None:
    busy = NOVABANK.override({"pricing.month": {"weekend": 0.5, "paydays": [6, 25], "payday": 1.5}})
    found = day_multiples(busy)
    assert len(found) == DAYS
    assert [day + 1 for day, multiple in enumerate(found) if multiple == 0.5] == [7, 13, 14, 20, 21, 27, 28]
    assert found[5] == found[24] == 1.5, "a payday on a Saturday is a payday"
    assert sum(found) == 7 * 0.5 + 2 * 1.5 + 21


def test_a_month_costs_what_its_days_cost() -> None:
    """Traffic-driven lines are linear in the days; the replicas' lie between those of months of one kind of day."""
    changes = {"pricing.month": {"weekend": 0.5}}
    mixed, alike = once(NOVABANK.override(changes)), once(NOVABANK)
    share = sum(day_multiples(NOVABANK.override(changes))) / DAYS

    def amount(of: Bill, key: str) -> float:
        return float(sum(line.quantity for line in of.lines if line.key == key and line.driver == "use"))

    for key in ("transfer.internet_out", "cloudwatch.logs.ingest", "transfer.cross_az"):
        assert amount(mixed, key) == pytest.approx(share * amount(alike, key), rel=1e-9)
    half = once(NOVABANK.with_load(0.5, said_by="test"))
    lcu = "elb.alb.lcu"
    assert amount(half, lcu) <= amount(mixed, lcu) <= amount(alike, lcu)
    assert half.total < mixed.total < alike.total
    assert mixed.baseline == alike.baseline
    assert monthly_total(NOVABANK.override(changes)) == float(mixed.total)

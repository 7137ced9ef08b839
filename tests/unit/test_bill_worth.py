"""What a bill pays beside answers in time: headroom at the peak, requests that miss an objective."""

from decimal import Decimal

import pytest

import novamodel as nm
from novamodel.analytic import tier_demands
from novamodel.cost.forms import tier_of
from novamodel.workflows.month import steady_bill
from novamodel.workflows.month.worth import headroom, in_time

BANK = nm.load("novabank")


def test_headroom_is_what_the_peak_leaves_of_the_first_full_resource() -> None:
    bill = steady_bill(BANK)
    found = {one.tier: one for one in headroom(BANK, bill)}
    tiers = tier_demands(BANK).set_index("tier")["saturation_multiple"]
    database = sum(line.amount for line in bill.lines if tier_of(line) == "database")
    assert found["database"].first == "postgres cpu"
    assert found["database"].share == pytest.approx(1 - 1 / tiers["postgres cpu"])
    assert float(found["database"].amount) == pytest.approx(float(database) * found["database"].share, abs=0.01)
    assert found["compute"].first == "nodes cores"


def test_headroom_falls_as_the_load_grows_and_is_none_beyond_what_fits() -> None:
    def of(peak: str, tier: str) -> float:
        scenario = BANK.override({"traffic.peak": peak})
        return {one.tier: one.share for one in headroom(scenario, steady_bill(scenario))}[tier]

    assert of("450 requests/s", "database") > of("1200 requests/s", "database") > 0
    assert of("9000 requests/s", "database") == 0


def test_a_million_answers_in_time_cost_more_the_fewer_they_are() -> None:
    quick = {"run.duration": "20 s", "run.warm_up": "2 s", "run.replications": 1, "slo": ["p99 < 300 ms", "p50 < 2 ms"]}
    scenario = BANK.override(quick)
    result = nm.simulate(scenario)
    bill = steady_bill(scenario)
    most, half = in_time(scenario, bill, result)
    assert 0.9 < most.share <= 1
    assert half.share < most.share
    assert most.per_million is not None
    assert half.per_million is not None
    assert float(half.per_million / most.per_million) == pytest.approx(most.share / half.share, rel=0.02)
    assert most.per_million > Decimal(0)

"""Commitments hour by hour: AWS's order, size flexibility, the best of them against brute force and theory, Spot."""

from decimal import Decimal
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.cost.commitments import HourUsage, Plan, apply_plans
from novamodel.cost.committed.best import STEP, best_plan, best_reservation
from novamodel.cost.committed.sizes import size_of
from novamodel.cost.committed.spot import rate_of_share, spot_month
from novamodel.cost.committed.year import Curve, Reservation, committed_year
from novamodel.errors import UserError

D = Decimal
VCPU, M6I = "fargate.linux.x86.vcpu", "ec2.linux.m6i.large"
PRICES = {VCPU: D("0.04048"), M6I: D("0.096")}
RATES = {VCPU: D("0.032384"), M6I: D("0.07")}

quantity = st.integers(0, 40).map(lambda n: D(n) / 4)
hours = st.lists(st.tuples(quantity, quantity), min_size=1, max_size=30)


def curves_of(rows: list[tuple[Decimal, Decimal]]) -> list[Curve]:
    return [Curve(key, PRICES[key], tuple(row[place] for row in rows)) for place, key in enumerate(PRICES)]


@given(hours, st.integers(0, 60).map(lambda n: D(n) / 50), st.integers(0, 60).map(lambda n: D(n) / 50))
def test_a_year_is_the_sum_of_its_hours(rows: list, compute: Decimal, instance: Decimal) -> None:
    plans = [Plan("compute_sp", compute, RATES), Plan("instance_sp", instance, {M6I: D("0.06")})]
    year = committed_year(curves_of(rows), plans=plans)
    total = D(0)
    for first, second in rows:
        usage = [
            HourUsage("vcpu", first, PRICES[VCPU], RATES[VCPU]),
            HourUsage("m6i.large", second, PRICES[M6I], RATES[M6I], D("0.06")),
        ]
        total += apply_plans(usage, compute, instance, "m6i").total
    assert abs(year.total - total) < D("1e-20")
    assert year.used <= year.committed
    assert year.listed == sum(PRICES[VCPU] * a + PRICES[M6I] * b for a, b in rows)
    assert abs(year.total - committed_year(curves_of(rows[::-1]), plans=plans).total) < D("1e-20"), "no memory"


def test_a_commitment_is_used_or_lost() -> None:
    curve = [Curve(M6I, D("0.1"), (D(2), D(0)))]
    year = committed_year(curve, plans=[Plan("compute_sp", D("0.08"), {M6I: D("0.08")})])
    # Hour one: one of two is covered by 0.08, the other costs 0.10. Hour two: 0.08 for nothing.
    assert (year.total, year.lost, year.listed) == (D("0.26"), D("0.08"), D("0.2"))
    assert year.saving == D("-0.06")


def test_the_order_is_reservations_then_instance_plans_then_compute_plans() -> None:
    curve = [Curve(M6I, D("0.1"), (D(3),))]
    one = [Reservation(M6I, D(1), D("0.05"))]
    plans = [Plan("compute_sp", D("0.08"), {M6I: D("0.08")}), Plan("instance_sp", D("0.06"), {M6I: D("0.06")})]
    year = committed_year(curve, one, plans)
    assert year.total == D("0.19")
    assert year.used == year.committed == D("0.19")
    # With one instance less, the compute plan is the one that is lost.
    assert committed_year([Curve(M6I, D("0.1"), (D(2),))], one, plans).lost == D("0.08")


@pytest.mark.parametrize(
    ("key", "pool", "units"),
    [
        ("ec2.linux.t2.medium", "ec2.linux.t2", 2),
        ("ec2.linux.m6i.4xlarge", "ec2.linux.m6i", 32),
        ("rds.postgres.db.r6g.large.multi_az", "rds.postgres.db.r6g", 8),
        ("rds.postgres.db.r6g.xlarge.single_az", "rds.postgres.db.r6g", 8),
        ("aurora.db.r6g.large.io_optimized", "aurora.db.r6g.io_optimized", 4),
        ("elasticache.valkey.cache.t4g.micro", "elasticache.valkey.cache.t4g", 0.5),
        ("opensearch.r6g.large.search", "opensearch.r6g.large.search", 1),
        ("ec2.linux.m5.metal", "ec2.linux.m5.metal", 1),
        ("ec2.linux.m5.large.spot", "ec2.linux.m5.large.spot", 1),
    ],
)
def test_normalized_units(key: str, pool: str, units: float) -> None:
    assert size_of(key) == (pool, D(str(units)))


def test_a_reservation_covers_two_of_half_its_size_or_half_of_twice_its_size() -> None:
    """EC2 user guide: a t2.medium covers two t2.small, or half of a t2.large."""
    for key, running, left in (
        ("t2.small", 2, "0"),
        ("t2.large", 1, "0.5"),
        ("t2.medium", 1, "0"),
        ("t3.small", 2, "2"),
    ):
        curve = [Curve(f"ec2.linux.{key}", D(1), (D(running),))]
        year = committed_year(curve, [Reservation("ec2.linux.t2.medium", D(1), D("0.03"))])
        assert year.on_demand[f"ec2.linux.{key}"] == D(left)


def test_smaller_sizes_are_covered_first() -> None:
    curves = [Curve(f"ec2.linux.t2.{size}", D(1), (D(1),)) for size in ("large", "small", "medium")]
    year = committed_year(curves, [Reservation("ec2.linux.t2.medium", D(2), D("0.03"))])
    # Four units: one for the small, two for the medium, one of the large's four.
    assert dict(year.on_demand) == {"ec2.linux.t2.large": D("0.75"), "ec2.linux.t2.small": 0, "ec2.linux.t2.medium": 0}


@settings(deadline=None, max_examples=60)
@given(hours)
def test_no_other_commitment_is_better_than_the_best(rows: list) -> None:
    curves = curves_of(rows)
    best = best_plan("compute_sp", RATES, [curves])
    found = committed_year(curves, plans=[best.plan]).total
    assert best.years[0].total == found
    assert best.regrets == (D(0),)
    for usd in [D(n) / 20 for n in range(30)] + [best.plan.commitment + STEP, max(D(0), best.plan.commitment - STEP)]:
        other = committed_year(curves, plans=[Plan("compute_sp", usd, RATES)]).total
        assert found <= other + STEP * len(rows), "within the step in which plans are sold"


@given(st.lists(st.integers(0, 20), min_size=20, max_size=200), st.integers(30, 99))
def test_the_best_plan_of_one_product_is_the_newsvendors_quantile(load: list[int], percent: int) -> None:
    """It covers x where the load exceeds x in no more than rate / price of the hours, and below x in more."""
    price, rate = D(1), D(percent) / 100
    curve = Curve(M6I, price, tuple(map(D, load)))
    best = best_plan("compute_sp", {M6I: rate}, [[curve]])
    covered = float(best.plan.commitment / rate)
    share = np.array(load, dtype=float)
    assert (share > covered + 0.05).mean() <= float(rate) + 1e-9
    if covered > 0.05:
        assert (share > covered - 0.05).mean() >= float(rate) - 1e-9


@given(st.lists(st.integers(0, 9), min_size=5, max_size=60), st.integers(30, 95))
def test_no_other_number_of_reservations_is_better(load: list[int], percent: int) -> None:
    rate = D(percent) / 100
    curves = [Curve(M6I, D(1), tuple(map(D, load)))]
    best = best_reservation(M6I, rate, [curves])
    costs = {n: committed_year(curves, [Reservation(M6I, D(n), rate)]).total for n in range(11)}
    assert costs[int(best.number)] == min(costs.values())


def test_reservations_count_sizes_of_the_family() -> None:
    curves = [Curve("ec2.linux.t2.small", D("0.02"), (D(4),) * 10)]
    assert best_reservation("ec2.linux.t2.medium", D("0.03"), [curves]).number == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(hours, min_size=2, max_size=4))
def test_under_uncertainty_the_best_has_the_least_mean_and_a_regret(rows: list) -> None:
    length = min(map(len, rows))
    years = [curves_of(one[:length]) for one in rows]
    best = best_plan("compute_sp", RATES, years)
    assert all(regret >= 0 for regret in best.regrets)
    mean = sum(year.total for year in best.years) / len(years)
    for curves in years:  # what is best of one year is not better over all of them
        own = best_plan("compute_sp", RATES, [curves]).plan
        other = sum(committed_year(one, plans=[own]).total for one in years) / len(years)
        assert mean <= other + STEP * length


def test_nothing_to_cover() -> None:
    assert best_plan("database_sp", {"rds.x": D(1)}, [curves_of([(D(1), D(1))])]).plan.commitment == 0
    assert committed_year([]).total == 0
    with pytest.raises(UserError, match="hours"):
        committed_year([Curve("a", D(1), (D(1),)), Curve("b", D(1), (D(1), D(1)))])


def test_a_year_hour_by_hour_takes_less_than_two_seconds() -> None:
    random = np.random.default_rng(3)
    keys = [f"ec2.linux.m6i.{size}" for size in ("large", "xlarge", "2xlarge")] + [
        VCPU,
        "rds.postgres.db.r6g.large.single_az",
    ]
    curves = [Curve(key, D("0.1"), tuple(map(D, random.integers(0, 30, 8760).tolist()))) for key in keys]
    rates = {key: D("0.07") + D(number) / 1000 for number, key in enumerate(keys)}
    plans = [Plan("instance_sp", D(1), {keys[0]: D("0.06")}), Plan("compute_sp", D(3), rates)]
    begin = process_time()
    year = committed_year(curves, [Reservation(keys[1], D(5), D("0.05"))], plans)
    best = best_plan("compute_sp", rates, [curves])
    assert process_time() - begin < 2
    assert year.total > 0
    assert best.mean_saving > 0


@pytest.mark.parametrize("share", [0.05, 0.2, 0.9])
def test_spot_agrees_with_renewal_theory(share: float) -> None:
    """Each instance alternates between Spot (mean 1 / rate) and on demand (mean hours without capacity)."""
    rate, away = rate_of_share(share), 6.0
    month = spot_month([400.0] * 730, 0.03, 0.1, interrupted_share=share, without_capacity_h=away, seed=5)
    assert month.spot_hours + month.on_demand_hours == pytest.approx(400 * 730)
    assert month.interruptions == pytest.approx(rate * month.spot_hours, abs=4 * (rate * month.spot_hours) ** 0.5)
    # They all begin on Spot, so the share on demand is a little below the long-run one.
    assert month.on_demand_hours == pytest.approx(month.interruptions * away, rel=0.25)
    assert month.cost == pytest.approx(month.spot_hours * 0.03 + month.on_demand_hours * 0.1)
    assert month.missing_hours == pytest.approx(month.interruptions * 60 / 3600)
    assert 0 < month.saving < 400 * 730 * 0.07


def test_spot_without_interruptions_and_the_same_again() -> None:
    month = spot_month([2.5] * 10, 0.03, 0.1, interrupted_share=0.0)
    assert (month.spot_hours, month.on_demand_hours, month.interruptions) == (25.0, 0.0, 0)
    calls = [spot_month([3.0] * 500, 0.03, 0.1, interrupted_share=0.5, seed=9) for _ in range(2)]
    assert calls[0] == calls[1]
    with pytest.raises(UserError, match="share"):
        spot_month([1.0], 0.03, 0.1, interrupted_share=1.0)

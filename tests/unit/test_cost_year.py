"""A scenario's year: curves that add up to its bill, commitments on them, Spot, routes, other platforms."""

from decimal import Decimal

import pytest

import novamodel as nm
from novamodel.cost import load_book
from novamodel.errors import UserError
from novamodel.scenario.committed import parse_commitment
from novamodel.workflows.month import best_commitments, bill, by_route, commit, on_spot, per_million_of, route_requests
from novamodel.workflows.month.bill_of_run import Month
from novamodel.workflows.month.hourly import YEAR_HOURS, year_curves
from novamodel.workflows.month.routes import DEPLOYMENT
from novamodel.workflows.month.shapes import coverable
from novamodel.workflows.platforms import KINDS, PlatformRow, compare
from novamodel.workflows.platforms.compare import on_arm, variant

NOVABANK = nm.load("novabank")
FARGATE = NOVABANK.override({"platform.compute": "fargate"})
BOOK = load_book()


def month_of(scenario: nm.Scenario) -> Month:
    return Month(scenario, None, BOOK, lenient=False)


@pytest.mark.parametrize("scenario", [NOVABANK, FARGATE], ids=["nodes", "fargate"])
def test_curves_of_a_year_add_up_to_twelve_bills(scenario: nm.Scenario) -> None:
    month = month_of(scenario)
    lines = [line for line in month.bill({}).lines if coverable(line.key)]
    curves = year_curves(month)
    assert {curve.key for curve in curves} == {line.key for line in lines}
    for curve in curves:
        assert len(curve.hours) == YEAR_HOURS
        billed = 12 * sum(line.quantity for line in lines if line.key == curve.key)
        assert float(sum(curve.hours)) == pytest.approx(float(billed), rel=1e-3)
    assert any(len(set(curve.hours)) > 1 for curve in year_curves(month_of(FARGATE))), "replicas follow the day"


def test_growth_makes_every_month_larger() -> None:
    grown = year_curves(month_of(FARGATE.override({"pricing.month.growth": 0.05})))
    (vcpu,) = (curve for curve in grown if curve.key == "fargate.linux.x86.vcpu")
    months = [sum(vcpu.hours[n * 730 : (n + 1) * 730]) for n in range(12)]
    assert months == sorted(months)
    assert months[-1] > months[0]


@pytest.mark.parametrize(
    ("key", "covered"),
    [
        ("ec2.linux.m6i.large", True),
        ("ec2.linux.m6i.large.spot", False),
        ("fargate.linux.x86.spot.vcpu", False),
        ("rds.postgres.db.r6g.large.single_az", True),
        ("rds.gp3.storage.single_az", False),
        ("elasticache.redis.cache.t4g.small", True),
        ("elasticache.backup", False),
        ("opensearch.r6g.large.search", True),
        ("opensearch.gp3.storage", False),
        ("nat.hour", False),
    ],
)
def test_what_commitments_can_cover(key: str, covered: bool) -> None:
    assert coverable(key) == covered


def test_a_plan_covers_what_it_has_rates_of_and_names_the_rest() -> None:
    found = commit(FARGATE, ["compute_sp.1yr.no_upfront=0.05"])
    assert found.without_rate == ()
    assert found.year.committed == Decimal("0.05") * YEAR_HOURS
    # 20 % below on demand: what is used of the commitment is worth a quarter more.
    assert float(found.year.saving) == pytest.approx(float(found.year.used) * 0.25 - float(found.year.lost), rel=1e-6)
    both = commit(FARGATE, ["compute_sp.1yr.no_upfront=0.02", "compute_sp.3yr.no_upfront=0.02"])
    assert both.year.committed == Decimal("0.04") * YEAR_HOURS


def test_the_best_of_each_kind_beats_what_is_near_it() -> None:
    found = best_commitments(FARGATE.override({"pricing.uncertainty": 0.0}))
    assert {one.plan for one in found} == {"compute_sp.1yr.no_upfront", "compute_sp.3yr.no_upfront"}
    for one in found:
        assert one.regret == 0
        for step in (Decimal("-0.01"), Decimal("0.01")):
            other = commit(FARGATE, [f"{one.plan}={one.amount + step}"])
            assert other.year.saving <= one.saving + Decimal("0.001") * YEAR_HOURS


def test_an_uncertain_load_has_a_regret() -> None:
    unsure = FARGATE.override({"pricing.uncertainty": 0.9, "pricing.month.weekend": 0.2})
    found = best_commitments(unsure)
    assert all(one.regret >= 0 for one in found)
    assert any(one.regret > 0 for one in found)


def test_commitments_are_read_as_they_are_written() -> None:
    assert parse_commitment("reserved.1yr.no_upfront:elasticache.redis.cache.t3.micro=2") == (
        "reserved",
        "reserved.1yr.no_upfront",
        "elasticache.redis.cache.t3.micro",
        Decimal(2),
    )
    with pytest.raises(UserError, match="no commitment"):
        parse_commitment("compute_sp=1")


def test_nodes_on_spot() -> None:
    (group,) = on_spot(NOVABANK, 0.5)
    nodes = bill(NOVABANK).mid
    hours = sum(line.quantity for line in nodes.lines if line.key == group.key)
    assert group.month.spot_hours + group.month.on_demand_hours == pytest.approx(float(hours), rel=1e-3)
    assert group.month.listed == pytest.approx(float(hours) * 0.096, rel=1e-3)
    assert 0 < group.month.saving < group.month.listed
    tasks = on_spot(nm.load("novabank-ecs"), 0.1)
    assert {one.name for one in tasks} == {"core-api", "admin-interface"}
    with pytest.raises(UserError, match="EKS on Fargate has no Spot"):
        on_spot(FARGATE, 0.1)


def test_routes_share_the_whole_bill() -> None:
    month = bill(NOVABANK).mid
    amounts = by_route(NOVABANK, month)
    assert sum(amounts.values()) == month.total
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in amounts.values())
    assert set(amounts) == {"balance", "transactions", "transfer", "login", "report", DEPLOYMENT}
    # Transfer goes by bytes: transactions send most of them (11,130 an answer, the others at most 982).
    assert max(amounts, key=lambda name: amounts[name]) == "transactions"
    each = per_million_of(amounts, route_requests(NOVABANK))
    assert each[DEPLOYMENT] is None
    assert all(each[name] > 0 for name in amounts if name != DEPLOYMENT)


@pytest.mark.parametrize("name", KINDS)
def test_a_platform_is_legal_and_has_a_price(name: str) -> None:
    there = variant(NOVABANK, name)
    assert there.traffic == NOVABANK.traffic
    assert month_of(there).bill({}).total > 0
    arm = on_arm(there, BOOK)
    x86, arm64 = (month_of(one).bill({}) for one in (there, arm))
    assert arm64.total < x86.total
    assert {line.key for line in arm64.lines} != {line.key for line in x86.lines}


def test_a_family_without_an_arm_twin() -> None:
    with pytest.raises(UserError, match="no ARM family"):
        on_arm(NOVABANK.override({"platform.node_type": "m8g.large"}), BOOK)


def test_those_that_keep_the_slo_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = bill(NOVABANK)

    def rows(scenario: nm.Scenario, name: str, engine: str, budget: int, duration_s: float) -> list[PlatformRow]:
        found = [PlatformRow(name, "x86", name.startswith("EKS"), cost, 0.0, "", "")]
        return found if name != "Compose on EC2" else [PlatformRow(name, "x86", False, None, 0.0, "", "cannot be")]

    monkeypatch.setattr(compare, "_rows", rows)
    found = compare.platforms(NOVABANK)
    assert [row.met for row in found] == [True, True, False, False, False]
    assert found[-1].usd == float("inf")


def test_a_commitment_is_in_the_bill_of_the_month() -> None:
    """What it covers is not paid on demand, the commitment is paid whatever runs, and the year says the same."""
    plain = nm.load("novabank-ecs").override({"database.instance_class": "db.m7g.large"})
    asked = ["compute_sp.1yr.no_upfront=0.05", "reserved.1yr.no_upfront:rds.postgres.db.m7g.large.single_az=1"]
    before, after = nm.bill(plain).mid, nm.bill(plain.override({"pricing.commitments": asked})).mid
    of = {line.key: line.amount for line in after.lines if line.service == "Commitments"}
    assert [str(amount) for amount in of.values()] == ["36.50", "94.68"]  # 730 x 0.05, 730 x 0.1297
    keys = {line.key for line in after.lines}
    assert "rds.postgres.db.m7g.large.single_az" not in keys
    assert any(text.startswith("commitments are applied") for text in after.notes)
    assert not any("on-demand list prices" in text for text in after.not_priced)
    year = commit(plain, asked).year
    assert float(before.total - after.total) == pytest.approx(float(year.saving) / 12, rel=0.02)


def test_a_commitment_that_nothing_uses_is_paid() -> None:
    bank = nm.load("novabank-ecs")
    before = nm.bill(bank).mid
    after = nm.bill(bank.override({"pricing.commitments": ["reserved.1yr.no_upfront:ec2.linux.m5.xlarge=2"]})).mid
    assert after.total - before.total == Decimal("179.58")  # 730 x 2 x 0.123
    assert "100 % of them is not used" in after.notes[-1]


@pytest.mark.parametrize("text", ["compute_sp=1", "reserved.1yr.no_upfront=2", "instance_sp.3yr.all_upfront=0.1"])
def test_a_commitment_in_a_scenario_is_read_as_it_is_written(text: str) -> None:
    with pytest.raises(UserError, match=r"commitment|family|reserved"):
        nm.load("novabank").override({"pricing.commitments": [text]})

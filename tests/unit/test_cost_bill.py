"""Bills: the reference deployment's figures, totals, monotone growth, how they look."""

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import novamodel as nm
from novamodel.cost import (
    Bill,
    Bucket,
    CacheCluster,
    Database,
    EksCluster,
    FargateService,
    LoadBalancer,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    NodeGroup,
    PriceMissing,
    Transfer,
    load_book,
    price,
    price_range,
)
from novamodel.cost.bill import COLUMNS
from novamodel.cost.meters import surplus_credit_hours
from novamodel.errors import UserError


def amounts(usage: MonthUsage) -> list[str]:
    return [str(line.amount) for line in price(usage).lines]


def reference(scale: float = 1.0) -> MonthUsage:
    return MonthUsage(
        fargate=[
            FargateService(name="core-api", vcpu=0.5, memory_gib=1, fixed_task_hours=2190, use_task_hours=400 * scale)
        ],
        eks_clusters=[EksCluster(name="c")],
        databases=[
            Database(name="primary", instance_class="db.r6g.large", storage_gib=100, backup_stored_gib=120 * scale)
        ],
        caches=[CacheCluster(name="redis", node_type="cache.t4g.small", replicas=1)],
        load_balancers=[LoadBalancer(name="edge", new_connections_per_s=[50 * scale] * 20 + [450 * scale] * 4)],
        nat=[NatGateway(gib=100 * scale)],
        transfer=Transfer(internet_gib=900 * scale, cross_az_gib=200 * scale),
        logs=[
            LogGroup(ingested_gib=80 * scale, stored_gib=80 * scale),
        ],
        buckets=[Bucket(gib=200, put_requests=3_000 * scale)],
        metered=[
            Metered(key="vpc.public_ipv4", quantity=3 * 730),
            Metered(key="cloudwatch.metrics", quantity=40),
            Metered(key="cloudwatch.alarm.standard", quantity=12),
            Metered(key="secrets.secret", quantity=2),
            Metered(key="secrets.api", quantity=20_000 * scale, driver="use"),
            Metered(key="ecr.storage", quantity=4),
        ],
        not_priced=("Prometheus and Grafana pods",),
    )


# Figures of the reference deployment (list prices, us-east-1, 730 hours), worked out by hand from the prices.
@pytest.mark.parametrize(
    ("usage", "total", "lines"),
    [
        (
            {"fargate": [FargateService(name="t", vcpu=0.5, memory_gib=1, fixed_task_hours=730)]},
            "18.02",
            ["14.78", "3.24"],
        ),
        (
            {"fargate": [FargateService(name="t", vcpu=0.5, memory_gib=1, fixed_task_hours=2190)]},
            "54.06",
            None,
        ),
        (
            {"databases": [Database(name="d", instance_class="db.r6g.large", storage_gib=100)]},
            "175.75",
            ["164.25", "11.50"],
        ),
        (
            {"databases": [Database(name="d", instance_class="db.r6g.large", storage_gib=100, zones="multi_az")]},
            "351.50",
            ["328.50", "23.00"],
        ),
        (
            {"databases": [Database(name="d", instance_class="db.r6g.large", storage_gib=1000)]},
            "279.25",
            ["164.25", "115.00"],
        ),
        (
            {"databases": [Database(name="d", instance_class="db.r6g.large", storage_gib=100, backup_stored_gib=300)]},
            "194.75",
            ["164.25", "11.50", "19.00"],
        ),
        (
            {
                "load_balancers": [LoadBalancer(name="a", new_connections_per_s=[25])],
                "metered": [Metered(key="vpc.public_ipv4", quantity=2 * 730)],
            },
            "29.57",
            ["16.43", "5.84", "7.30"],
        ),
        (
            {"nat": [NatGateway(gib=100)], "metered": [Metered(key="vpc.public_ipv4", quantity=730)]},
            "41.00",
            ["32.85", "4.50", "3.65"],
        ),
        ({"eks_clusters": [EksCluster(name="c")]}, "73.00", ["73.00"]),
        ({"eks_clusters": [EksCluster(name="c", extended=True)]}, "438.00", ["438.00"]),
        ({"metered": [Metered(key="secrets.secret", quantity=2)]}, "0.80", ["0.80"]),
        (
            {
                "databases": [
                    Database(name="d", instance_class="db.r6g.large", storage_gib=100, extended_support_year=1)
                ]
            },
            "321.75",
            ["164.25", "11.50", "146.00"],
        ),
        (
            {
                "databases": [
                    Database(name="d", instance_class="db.r6g.large", storage_gib=100, extended_support_year=3)
                ]
            },
            "467.75",
            ["164.25", "11.50", "292.00"],
        ),
        (
            {"databases": [Database(name="d", instance_class="db.r6g.large", storage_gib=100, insights="advanced")]},
            "194.00",
            ["164.25", "11.50", "18.25"],
        ),
    ],
)
def test_reference_figures(usage: dict, total: str, lines: list[str] | None) -> None:
    month = MonthUsage(**usage)
    assert price(month).total == Decimal(total)
    if lines is not None:
        assert amounts(month) == lines


def test_an_empty_month_costs_nothing() -> None:
    bill = price(MonthUsage())
    assert bill.lines == ()
    assert bill.total == 0
    assert "0.00" in str(bill)
    assert bill.to_csv().strip() == ",".join(COLUMNS)
    assert len(bill.to_frame()) == 0


def test_provisioned_performance_is_billed_above_what_is_included() -> None:
    small = Database(name="d", instance_class="db.r6g.large", storage_gib=400, iops=13_000, throughput_mibps=510)
    assert amounts(MonthUsage(databases=[small]))[2:] == ["20.00", "0.80"]
    assert amounts(MonthUsage(databases=[small.model_copy(update={"zones": "multi_az"})]))[2:] == [
        "40.00",
        "1.60",
    ]
    io1 = Database(name="d", instance_class="db.r6g.large", storage_type="io1", storage_gib=100, iops=1000)
    assert amounts(MonthUsage(databases=[io1]))[1:] == ["12.50", "100.00"]
    with pytest.raises(UserError, match="io1"):
        price(MonthUsage(databases=[io1.model_copy(update={"iops": None})]))


def test_backup_allowance_counts_over_the_region() -> None:
    one = Database(name="a", instance_class="db.r6g.large", storage_gib=100, backup_stored_gib=180)
    other = Database(name="b", instance_class="db.r6g.large", storage_gib=100, backup_stored_gib=0)
    assert all(line.key != "rds.backup" for line in price(MonthUsage(databases=[one, other])).lines)


def test_nodes_pay_for_instance_and_disk() -> None:
    nodes = NodeGroup(name="n", instance_type="m5.large", fixed_node_hours=1460, use_node_hours=73)
    bill = price(MonthUsage(nodes=[nodes]))
    assert [str(line.amount) for line in bill.lines] == ["140.16", "7.01", "3.20", "0.16"]
    assert (bill.baseline, bill.use) == (Decimal("143.36"), Decimal("7.17"))


def test_the_free_tier_only_when_asked() -> None:
    usage = {
        "transfer": Transfer(internet_gib=250),
        "logs": [LogGroup(ingested_gib=3, stored_gib=20)],
        "metered": [
            Metered(key="cloudwatch.metrics", quantity=15),
            Metered(key="cloudwatch.alarm.standard", quantity=10),
        ],
    }
    listed, free = price(MonthUsage(**usage)), price(MonthUsage(**usage, free_tier=True))
    assert [str(line.amount) for line in listed.lines] == ["22.50", "1.50", "0.12", "4.50", "1.00"]
    # 150 GB out; 3 GB of the 5 on ingestion and 2 on storage; 5 metrics; no alarm.
    assert [str(line.amount) for line in free.lines] == ["13.50", "0.06", "1.50"]
    assert any("not taken off" in text for text in listed.not_priced)
    assert not any("not taken off" in text for text in free.not_priced)


def test_egress_is_one_line_a_tier() -> None:
    lines = price(MonthUsage(transfer=Transfer(internet_gib=200_000))).lines
    assert [str(line.unit_price) for line in lines] == ["0.09", "0.085", "0.07", "0.05"]
    assert sum(line.quantity for line in lines) == 200_000


def test_every_line_is_quantity_times_price_with_its_source() -> None:
    bill = price(reference())
    for line in bill.lines:
        assert abs(line.quantity * line.unit_price - line.amount) <= Decimal("0.005")
        assert line.quantity > 0
        assert line.unit_price > 0
        assert line.source
        assert line.date.startswith("20")
        assert set(line.source.split(", ")) <= bill.sources.keys()
        assert load_book().price(line.key).unit == line.unit
    assert bill.prices_as_of == min(line.date for line in bill.lines)
    assert all(bill.sources.values())


def test_totals_agree_in_every_view() -> None:
    bill = price(reference())
    assert bill.baseline + bill.use == bill.total == sum(line.amount for line in bill.lines)
    assert sum(bill.by_service().values()) == bill.total
    assert sum(bill.by_status().values()) == bill.total
    frame = bill.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["amount"].sum() == pytest.approx(float(bill.total))
    rows = list(csv.DictReader(io.StringIO(bill.to_csv())))
    assert sum(Decimal(row["amount"]) for row in rows) == bill.total
    for row in rows:
        assert "E" not in row["quantity"]
        assert abs(Decimal(row["quantity"]) * Decimal(row["unit_price"]) - Decimal(row["amount"])) <= Decimal("0.005")


def test_use_is_what_follows_traffic() -> None:
    idle, busy = price(reference(0)), price(reference())
    assert idle.use == 0
    assert idle.baseline == busy.baseline
    assert busy.use > 0
    assert all(line.driver == "fixed" for line in idle.lines)


def test_a_bill_shows_itself() -> None:
    bill = price(reference())
    for text in ("Monthly Qty", "core-api: Fargate Linux x86", "*", "not priced", "Prometheus and Grafana pods"):
        assert text in str(bill)
    for shown in (str(bill), repr(bill), bill._repr_html_()):
        for text in ("AWS Fargate", "baseline", "prices of 2024-08-09 or later", f"{bill.total:,}"):
            assert text in shown
    assert all(f"{amount:,}" in repr(bill) for amount in bill.by_service().values())
    table = str(bill).split("\n\n")[0]
    assert table.count("*") == sum(line.driver == "use" for line in bill.lines)


def test_names_are_escaped_in_html() -> None:
    bill = price(MonthUsage(fargate=[FargateService(name="x", vcpu=0.25, memory_gib=1, fixed_task_hours=1)]))
    assert "<b>x" not in replace(bill, lines=(replace(bill.lines[0], service="<b>x"),))._repr_html_()


def test_a_range_of_months() -> None:
    bills = price_range(reference(0.5), reference(1), reference(2))
    low, mid, high = bills.totals()
    assert low < mid < high
    assert bills.to_frame()["mid"].sum() == pytest.approx(float(mid))
    assert f"[{low:,}, {high:,}]" in bills._repr_html_()


@pytest.mark.parametrize(
    "usage",
    [
        {"databases": [Database(name="d", instance_class="db.r6g.lage")]},
        {"caches": [CacheCluster(name="c", node_type="cache.r6g.lage")]},
        {"nodes": [NodeGroup(name="n", instance_type="m5.lage", fixed_node_hours=1)]},
    ],
)
def test_an_unknown_class_is_an_error_and_never_free(usage: dict) -> None:
    with pytest.raises(PriceMissing, match="large"):
        price(MonthUsage(**usage))


def test_what_is_not_used_needs_no_price() -> None:
    ireland = load_book("eu-west-1")
    assert "dynamodb.storage" not in ireland.prices
    tables = MonthUsage(nat=[NatGateway()], metered=[Metered(key="dynamodb.storage", quantity=1)])
    assert price(MonthUsage(nat=[NatGateway()]), ireland).total == Decimal("35.04")
    with pytest.raises(PriceMissing, match=r"eu-west-1 has no price 'dynamodb.storage'"):
        price(tables, ireland)
    without = price(tables, ireland, lenient=True)
    assert without.total == Decimal("35.04")
    assert without.not_priced[0] == "no price of dynamodb.storage in eu-west-1"


def test_an_impossible_fargate_size_is_refused() -> None:
    with pytest.raises(UserError, match=r"0\.5 vCPU / 8 GiB"):
        price(MonthUsage(fargate=[FargateService(name="t", vcpu=0.5, memory_gib=8, fixed_task_hours=1)]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"transfer": {"internet_gib": -1}},
        {"transfer": {"internet_gib": float("nan")}},
        {"transfer": {"cross_az_gib": float("inf")}},
        {"hours_per_month": 0},
        {"no_such_field": 1},
        {"caches": [CacheCluster(name="c", node_type="x"), CacheCluster(name="c", node_type="y")]},
    ],
)
def test_impossible_usage_is_refused(wrong: dict) -> None:
    with pytest.raises(ValidationError):
        MonthUsage(**wrong)


# Quantities that follow use, with a ceiling for the property tests.
GROWING = {
    "nat.data": 1e5,
    "vpc.public_ipv4": 1e5,
    "transfer.internet_out": 3e5,
    "transfer.cross_az": 1e5,
    "cloudwatch.logs.ingest": 1e5,
    "cloudwatch.logs.storage": 1e5,
    "cloudwatch.logs.scan": 1e5,
    "s3.put": 1e9,
    "s3.get": 1e9,
    "secrets.api": 1e8,
    "kms.requests": 1e8,
    "route53.queries": 1e10,
    "waf.requests": 1e9,
    "cloudwatch.metrics": 2e6,
    "lambda.x86.duration": 1e11,
}
quantities = st.fixed_dictionaries({name: st.floats(0, top) for name, top in GROWING.items()})
profiles = st.lists(st.floats(0, 1000), min_size=24, max_size=24)


def month(values: dict, tasks: float, connections: list[float], backups: float, free: bool) -> MonthUsage:
    return MonthUsage(
        metered=[Metered(key=key, quantity=quantity, driver="use") for key, quantity in values.items()],
        free_tier=free,
        fargate=[FargateService(name="t", vcpu=1, memory_gib=2, fixed_task_hours=730, use_task_hours=tasks)],
        load_balancers=[LoadBalancer(name="a", new_connections_per_s=connections, processed_gib_per_hour=[3])],
        databases=[Database(name="d", instance_class="db.t4g.small", backup_stored_gib=backups)],
    )


@settings(max_examples=40, deadline=None)
@given(quantities, quantities, st.floats(0, 1e4), st.floats(0, 1e4), profiles, profiles, st.booleans())
def test_the_total_never_falls_when_use_grows(
    values: dict, more: dict, tasks: float, extra: float, connections: list, further: list, free: bool
) -> None:
    small = price(month(values, tasks, connections, extra, free))
    grown = {name: value + more[name] for name, value in values.items()}
    higher = [one + other for one, other in zip(connections, further, strict=True)]
    large = price(month(grown, tasks + extra, higher, extra + tasks, free))
    assert large.total >= small.total
    assert small.total == sum(line.amount for line in small.lines)
    assert large.baseline >= small.baseline


@settings(max_examples=20, deadline=None)
@given(quantities, profiles)
def test_the_same_month_gives_the_same_bill(values: dict, connections: list) -> None:
    first, second = (price(month(values, 10, connections, 50, False)) for _ in range(2))
    assert first == second
    assert isinstance(first, Bill)
    assert first.to_csv() == second.to_csv()


@pytest.mark.parametrize(
    ("name", "vcpus", "busy", "hours"),
    [
        ("db.t4g.medium", 2, 0.3, 0),  # below its baseline of 2 x 20 %
        ("db.t4g.medium", 2, 1.4, 730),  # 1 vCPU above it, all month
        ("t3.large", 2, 1.1, 365),
        ("db.m6g.large", 2, 2.0, 0),  # not burstable
    ],
)
def test_surplus_credits_of_burstable_machines(name: str, vcpus: int, busy: float, hours: float) -> None:
    assert surplus_credit_hours(name, vcpus, busy, 730) == hours


def test_a_busy_burstable_database_pays_credits() -> None:
    changes = {"database.instance_class": "db.t4g.micro", "traffic.night": "450 requests/s"}
    lines = {line.key: line for line in nm.bill(nm.load("novabank").override(changes)).mid.lines}
    assert lines["rds.cpu_credits"].quantity > 0
    assert "rds.cpu_credits" not in {line.key for line in nm.bill(nm.load("novabank")).mid.lines}

"""Rules of AWS's billing: sizes that are sold, what is included, minimums, support by date; and what always holds."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import novamodel as nm
from novamodel.cost import (
    ApiUse,
    AuroraCluster,
    AuroraInstance,
    Bucket,
    CacheCluster,
    Database,
    EksCluster,
    FargateService,
    LoadBalancer,
    Metered,
    MonthUsage,
    NatGateway,
    NodeGroup,
    PriceMissing,
    SearchDomain,
    Transfer,
    Volume,
    eks_support,
    load_book,
    price,
    rds_support,
)
from novamodel.cost.meters import capacity_unit_hours, metered_requests, serverless_cache_gib
from novamodel.errors import UserError
from novamodel.workflows.month.growing import mean_allocated_gib

CLASS = "db.m6g.large"


def amounts(**usage: Any) -> dict[str, str]:
    found: dict[str, Decimal] = {}
    for line in price(MonthUsage(**usage)).lines:
        found[line.key] = found.get(line.key, Decimal(0)) + line.amount
    return {key: str(amount) for key, amount in found.items()}


@pytest.mark.parametrize(
    ("storage", "words"),
    [
        ({"storage_type": "gp3", "storage_gib": 100, "iops": 4000}, "400 GiB or more"),
        ({"storage_type": "gp3", "storage_gib": 10}, "20 to 65536 GiB"),
        ({"storage_type": "gp2", "storage_gib": 5}, "20 to 65536 GiB"),
        ({"storage_type": "gp2", "storage_gib": 100, "iops": 300}, "takes no provisioned IOPS"),
        ({"storage_type": "gp3", "storage_gib": 500, "iops": 12000, "throughput_mibps": 3500}, "0.25 MiB/s"),
        ({"storage_type": "gp3", "storage_gib": 500, "iops": 3000}, "at least the 12000"),
        ({"storage_type": "gp3", "storage_gib": 500, "iops": 70000}, "64000"),
        ({"storage_type": "io1", "storage_gib": 50, "iops": 1000}, "100 to 65536 GiB"),
        ({"storage_type": "io1", "storage_gib": 100, "iops": 6000}, "at most 50 for each GiB"),
        ({"storage_type": "io1", "storage_gib": 100}, "without IOPS"),
        ({"storage_type": "io2", "storage_gib": 100, "iops": 500}, "1000 to"),
        ({"storage_type": "io2", "storage_gib": 100, "iops": 2000, "throughput_mibps": 500}, "no throughput"),
        ({"storage_type": "magnetic", "storage_gib": 4000}, "5 to 3072 GiB"),
    ],
)
def test_storage_that_rds_does_not_sell_is_refused_with_its_rule(storage: dict, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        price(MonthUsage(databases=[Database(name="d", instance_class=CLASS, **storage)]))
    assert "databases.d" in str(caught.value)


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        ({"kind": "st1", "gib": 40}, "125 to 16384 GiB"),
        ({"kind": "gp2", "gib": 20_000}, "1 to 16384 GiB"),
        ({"kind": "io1", "gib": 10, "iops": 600}, "at most 50 for each GiB"),
        ({"kind": "io2", "gib": 10, "iops": 300_000}, "100 to 10000"),
        ({"kind": "gp3", "gib": 4, "iops": 4000}, "3000 to 3000"),
        ({"kind": "gp3", "gib": 100, "throughput_mibps": 900}, "125 to 750"),
        ({"kind": "sc1", "gib": 200, "iops": 100}, "no provisioned IOPS"),
    ],
)
def test_volumes_that_ebs_does_not_sell_are_refused_with_its_rule(volume: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        price(MonthUsage(volumes=[Volume(name="v", **volume)]))


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({"kind": "gp2", "gib": 10}, {"ebs.gp2.storage": "1.00"}),
        (
            {"kind": "gp3", "gib": 40, "iops": 4000, "throughput_mibps": 130},
            {"ebs.gp3.storage": "3.20", "ebs.gp3.iops": "5.00", "ebs.gp3.throughput": "0.20"},
        ),
        ({"kind": "io1", "gib": 30, "iops": 300}, {"ebs.io1.storage": "3.75", "ebs.io1.iops": "19.50"}),
        ({"kind": "io2", "gib": 100, "iops": 33_000}, {"ebs.io2.storage": "12.50", "ebs.io2.iops": "2125.50"}),
        ({"kind": "st1", "gib": 200}, {"ebs.st1.storage": "9.00"}),
        ({"kind": "sc1", "gib": 200, "count": 2}, {"ebs.sc1.storage": "6.00"}),
        ({"kind": "magnetic", "gib": 20}, {"ebs.magnetic.storage": "1.00"}),
    ],
)
def test_every_kind_of_volume(volume: dict, expected: dict) -> None:
    assert amounts(volumes=[Volume(name="v", **volume)]) == expected


def test_engines_and_zones_of_rds() -> None:
    small = {"instance_class": "db.t3.large", "storage_type": "gp2"}
    found = amounts(
        databases=[
            Database(name="a", engine="mysql", **small),
            Database(name="b", engine="mariadb", zones="multi_az", **small),
            Database(name="c", engine="sqlserver-ex", **small),
        ]
    )
    assert found["rds.mysql.db.t3.large.single_az"] == "99.28"
    assert found["rds.mysql.db.t3.large.multi_az"] == "198.56"
    assert found["rds.sqlserver-ex.db.t3.large.single_az"] == "118.26"
    assert found["rds.gp2.storage.multi_az"] == "4.60"
    sql = Database(name="s", engine="sqlserver-se", instance_class="db.m5.xlarge", storage_gib=500, iops=4000)
    assert amounts(databases=[sql])["rds.gp3.iops.single_az"] == "20.00"  # 3,000 are included at every size


def test_aurora() -> None:
    machines = (AuroraInstance(instance_class="db.r6g.xlarge", count=2),)
    cluster = AuroraCluster(name="a", instances=machines, storage_gib=100, io_requests=52_560_000)
    assert amounts(aurora=[cluster]) == {
        "aurora.db.r6g.xlarge.standard": "757.74",
        "aurora.storage.standard": "10.00",
        "aurora.io": "10.51",
    }
    optimized = cluster.model_copy(update={"io_optimized": True})
    assert amounts(aurora=[optimized]) == {
        "aurora.db.r6g.xlarge.io_optimized": "985.50",
        "aurora.storage.io_optimized": "22.50",
    }
    old = AuroraCluster(name="a", engine="mysql", version="5.7.mysql_aurora.2.11", instances=machines)
    assert amounts(aurora=[old], on="2026-11-01")["rds.extended_support.year_1_2"] == "584.00"  # 8 vCPUs
    serverless = AuroraCluster(name="a", acu_hours=365, proxy=True)
    assert amounts(aurora=[serverless])["rds.proxy_serverless"] == "87.60"  # 8 units at least


@pytest.mark.parametrize(
    ("version", "on", "extended", "known"),
    [
        ("1.33", date(2026, 7, 29), False, True),
        ("1.33", date(2026, 7, 30), True, True),
        ("1.34", date(2026, 11, 1), False, True),
        ("1.23", date(2026, 11, 1), True, True),
        ("9.99", date(2026, 11, 1), False, False),
        (None, date(2026, 11, 1), False, True),
    ],
)
def test_support_of_kubernetes(version: str | None, on: date, extended: bool, known: bool) -> None:
    assert (eks_support(version, on).extended, eks_support(version, on).known) == (extended, known)


@pytest.mark.parametrize(
    ("engine", "version", "on", "year"),
    [
        ("mysql", "5.7.44", date(2024, 2, 29), 0),
        ("mysql", "5.7.44", date(2024, 3, 1), 1),
        ("mysql", "5.7.44", date(2025, 6, 1), 2),
        ("mysql", "5.7.44", date(2026, 11, 1), 3),
        ("postgres", "12.19", date(2026, 11, 1), 2),
        ("postgres", "16.4", date(2026, 11, 1), 0),
        ("mariadb", "10.3", date(2026, 11, 1), 0),
        ("aurora-mysql", "8.0.mysql_aurora.3.05", date(2026, 11, 1), 0),
    ],
)
def test_support_of_databases(engine: str, version: str, on: date, year: int) -> None:
    assert rds_support(engine, version, on).year == year


def test_support_follows_the_date_of_the_bill() -> None:
    clusters = [EksCluster(name="c", version="1.34")]
    assert amounts(eks_clusters=clusters, on="2026-11-01") == {"eks.cluster.standard": "73.00"}
    assert amounts(eks_clusters=clusters, on="2027-01-01") == {"eks.cluster.extended": "438.00"}
    old = Database(name="d", instance_class=CLASS, version="12.3")
    assert "rds.extended_support.year_1_2" in amounts(databases=[old])
    out = old.model_copy(update={"extended_support_year": 0})
    assert "rds.extended_support.year_1_2" not in amounts(databases=[out])


def test_caches_count_shards_and_replicas_within_aws_limits() -> None:
    shards = CacheCluster(name="c", node_type="cache.r7g.large", shards=3, replicas=2)
    assert amounts(caches=[shards]) == {"elasticache.redis.cache.r7g.large": "1438.83"}
    for wrong in ({"replicas": 6}, {"shards": 501}, {"engine": "memcached", "replicas": 1}):
        with pytest.raises(UserError, match="valid: up to"):
            price(MonthUsage(caches=[shards.model_copy(update=wrong)]))
    assert serverless_cache_gib("valkey", 0) == Decimal("0.1")
    assert serverless_cache_gib("redis", 0.2) == 1
    assert serverless_cache_gib("redis", 3) == 3


def test_fargate_kinds() -> None:
    spot = FargateService(name="t", vcpu=1, memory_gib=2, fixed_task_hours=730, spot_share=0.25, public_ipv4=True)
    found = amounts(fargate=[spot])
    assert found["fargate.linux.x86.vcpu"] == "22.16"  # three quarters of 730 h
    assert found["fargate.linux.x86.spot.vcpu"] == "2.32"
    assert found["vpc.public_ipv4"] == "3.65"
    with pytest.raises(UserError, match="a share of 2"):
        price(MonthUsage(fargate=[spot.model_copy(update={"spot_share": Decimal(2)})]))


def test_instances_with_their_disks_credits_and_metrics() -> None:
    disks = (Volume(name="root", kind="gp2", gib=8), Volume(name="data", kind="io1", gib=20, iops=200))
    group = NodeGroup(
        name="n", instance_type="t3.medium", fixed_node_hours=1460, disks=disks, cpu_credit_hours=800,
        detailed_monitoring=True,
    )  # fmt: skip
    assert amounts(nodes=[group]) == {
        "ec2.linux.t3.medium": "60.74",
        "ebs.gp2.storage": "1.60",
        "ebs.io1.storage": "5.00",
        "ebs.io1.iops": "26.00",
        "ec2.cpu_credits.t3": "40.00",
        "cloudwatch.metrics": "4.20",
    }


def test_small_and_short_lived_objects_in_s3() -> None:
    assert (
        amounts(buckets=[Bucket(storage_class="standard_ia", gib=1, objects=1_000_000)])["s3.standard_ia.storage"]
        == "1.53"
    )  # 128 KiB each: 122.07 GiB
    assert amounts(buckets=[Bucket(storage_class="standard_ia", gib=100, held_days=10)]) == {
        "s3.standard_ia.storage": "3.75"  # 1.25, and 20 of 30 days more
    }
    assert amounts(buckets=[Bucket(storage_class="glacier", gib=1000, objects=1_000_000)]) == {
        "s3.glacier.storage": "3.71",
        "s3.standard.storage": "0.18",
    }


def test_load_balancers_of_every_kind() -> None:
    load = {"processed_gib_per_hour": [10], "new_connections_per_s": [100]}
    found = {kind: amounts(load_balancers=[LoadBalancer(name="b", kind=kind, **load)]) for kind in ("alb", "nlb")}
    assert found["alb"] == {"elb.alb.hour": "16.43", "elb.alb.lcu": "58.40"}
    assert found["nlb"] == {"elb.nlb.hour": "16.43", "elb.nlb.lcu": "43.80"}
    assert amounts(load_balancers=[LoadBalancer(name="b", kind="classic", **load)]) == {
        "elb.classic.hour": "18.25",
        "elb.classic.data": "58.40",
    }


def test_search_domains_and_apis() -> None:
    domain = SearchDomain(node_type="c4.2xlarge.search", nodes=2, gib=4000, throughput_mibps=700)
    assert amounts(search=[domain])["opensearch.gp3.throughput"] == "25.60"  # 200 above 500 MiB/s, twice
    assert metered_requests(1000, 513, 512) == 2000
    assert amounts(apis=[ApiUse(kind="rest", requests=5_000_000, cache_gb=Decimal("0.5"))]) == {
        "apigateway.rest.requests": "17.50",
        "apigateway.cache.0.5": "14.60",
    }


def test_storage_that_grows_by_itself() -> None:
    def mean(per_hour: str, most: str = "1000 GiB") -> float:
        growth = {"used": "85 GiB", "per_hour": per_hour, "max_allocated": most}
        changes = {"database.storage": "100 GiB", "database.growth": growth}
        return mean_allocated_gib(nm.load("novabank").override(changes).database, 720)

    assert mean("0 GiB") == 100
    assert 100 < mean("0.05 GiB") < mean("0.5 GiB") < 1000
    assert mean("0.5 GiB", "110 GiB") <= 110
    lines = nm.bill(nm.load("novabank").override({"database.growth": {
        "used": "95 GiB", "per_hour": "0.1 GiB", "max_allocated": "1000 GiB"}})).mid.lines  # fmt: skip
    stored = next(line.quantity for line in lines if line.key == "rds.gp3.storage.single_az")
    assert 110 < stored < 200


# What always holds.
THINGS = {
    "fargate": [FargateService(name="t", vcpu=1, memory_gib=2, fixed_task_hours=100, use_task_hours=33)],
    "nodes": [NodeGroup(name="n", instance_type="m5.large", fixed_node_hours=100)],
    "volumes": [Volume(name="v", gib=10)],
    "eks_clusters": [EksCluster(name="c")],
    "databases": [Database(name="d", instance_class=CLASS, storage_gib=100)],
    "aurora": [AuroraCluster(name="a", acu_hours=10)],
    "caches": [CacheCluster(name="c", node_type="cache.t4g.small")],
    "search": [SearchDomain(node_type="r5.large.search", gib=10)],
    "load_balancers": [LoadBalancer(name="b", new_connections_per_s=[30])],
    "nat": [NatGateway(gib=7)],
    "transfer": Transfer(internet_gib=50, cross_az_gib=10),
    "buckets": [Bucket(gib=5)],
    "metered": [Metered(key="secrets.secret", quantity=2)],
}


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(sorted(THINGS))))
def test_a_bill_is_the_sum_of_its_things(chosen: set[str]) -> None:
    """What is billed for a part of the deployment does not depend on the others, below the first tier's end."""
    one = price(MonthUsage(**{name: THINGS[name] for name in chosen}))
    other = price(MonthUsage(**{name: THINGS[name] for name in THINGS.keys() - chosen}))
    assert one.total + other.total == price(MonthUsage(**THINGS)).total
    assert one.exact + other.exact == price(MonthUsage(**THINGS)).exact


@given(st.lists(st.floats(0, 500), min_size=24, max_size=24), st.integers(1, 31))
def test_a_month_of_load_balancing_is_the_sum_of_its_days(connections: list[float], days: int) -> None:
    day = LoadBalancer(name="b", new_connections_per_s=connections, processed_gib_per_hour=[2])
    month = LoadBalancer(name="b", new_connections_per_s=connections * days, processed_gib_per_hour=[2])
    assert round(capacity_unit_hours(month, 24 * days) - days * capacity_unit_hours(day, 24), 12) == 0


@given(st.floats(0.1, 24), st.integers(1, 31))
def test_task_hours_of_a_month_are_those_of_its_days(hours: float, days: int) -> None:
    def exact(task_hours: Decimal) -> Decimal:
        return price(
            MonthUsage(fargate=[FargateService(name="t", vcpu=1, memory_gib=2, fixed_task_hours=task_hours)])
        ).exact

    assert exact(Decimal(str(hours)) * days) == exact(Decimal(str(hours))) * days


def test_all_is_decimal_and_nothing_without_a_price_is_free() -> None:
    bill = price(MonthUsage(**THINGS))
    assert all(isinstance(value, Decimal) for line in bill.lines for value in (line.quantity, line.amount, line.exact))
    book = load_book()
    for line in bill.lines:
        without = {key: value for key, value in book.prices.items() if key != line.key}
        poorer = book.__class__(**{**vars(book), "prices": without})
        with pytest.raises(PriceMissing, match=line.key.replace(".", r"\.")):
            price(MonthUsage(**THINGS), poorer)
        left = price(MonthUsage(**THINGS), poorer, lenient=True)
        assert left.total < bill.total
        assert any(line.key in text for text in left.not_priced)

"""Bills of declared infrastructure: what the files say is a line, costs nothing, or is named with file and line."""

from decimal import Decimal
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.cost import Bill, PriceMissing
from novamodel.errors import UserError
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared import HANDLERS

BILLS = Path(__file__).parents[1] / "bills"


def steady(folder: str, **changes: object) -> Bill:
    scenario = nm.load(BILLS / folder)
    return nm.bill(scenario.override(changes) if changes else scenario).mid


def amounts(bill: Bill) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in bill.lines:
        found[line.key] = found.get(line.key, Decimal(0)) + line.amount
    return found


# The right figures and why: on-demand list prices, 730 hours (worked out by hand from the prices and AWS's rules).
CASES = [
    # 3 shards x (1 + 2 replicas) x 730 h x 0.219
    ("cache-cluster-mode", {"elasticache.redis.cache.r7g.large": "1438.83"}),
    # 3 gateways, and an address each beside the two of the load balancer
    ("declared-nat", {"nat.hour": "98.55", "vpc.public_ipv4": "18.25"}),
    (
        "region-ireland",
        {
            "rds.postgres.db.m6g.large.single_az": "128.48",
            "rds.gp2.storage.single_az": "12.70",
            "nat.hour": "35.04",
            "elb.alb.hour": "18.40",
            "ec2.linux.m6i.large": "156.22",  # two nodes at 0.107
        },
    ),
    ("rds-gp2", {"rds.postgres.db.m6g.large.single_az": "116.07", "rds.gp2.storage.single_az": "11.50"}),
    ("eks-1.33", {"eks.cluster.extended": "438.00"}),  # left standard support on 2026-07-29
    # 6 tasks (the autoscaling target's least), ARM, 1 vCPU and 2 GB, 80 GB of disk above the free 20, an address each
    (
        "ecs-terraform-only",
        {
            "fargate.linux.arm64.vcpu": "141.82",
            "fargate.linux.arm64.memory": "31.19",
            "fargate.ephemeral": "38.89",
        },
    ),
    (
        "everything",
        {
            "rds.mysql.db.m6g.large.multi_az": "221.92",
            "rds.gp3.storage.multi_az": "115.00",
            "rds.gp3.iops.multi_az": "80.00",  # 14,000 less the 12,000 included
            "rds.gp3.throughput.multi_az": "16.00",
            "rds.extended_support.year_3": "584.00",  # MySQL 5.7: two instances of 2 vCPU at 0.2
            "rds.insights.advanced": "18.25",
            "rds.proxy": "21.90",
            "rds.mysql.db.t3.large.single_az": "99.28",  # MariaDB costs what MySQL costs
            "rds.io2.iops.single_az": "200.00",
            "elasticache.memcached.cache.t3.micro": "37.23",
            "ec2.linux.t3.medium": "60.74",
            "ebs.gp3.iops": "10.00",
            "ebs.io1.iops": "65.00",
            "cloudwatch.metrics": "4.20",  # detailed monitoring of two instances
            "elb.nlb.hour": "16.43",
            "elb.classic.hour": "18.25",
            "vpc.endpoint.hour": "7.30",  # its subnets are not written: one is priced, and said
            "secrets.secret": "2.80",
            "cloudwatch.alarm.standard": "0.40",
            "cloudwatch.dashboard": "3.00",
            "waf.web_acl": "5.00",
            "waf.rule": "2.00",
            "dynamodb.wcu": "9.49",
            "opensearch.c4.2xlarge.search": "1285.53",
            "fargate.linux.x86.spot.vcpu": "13.91",  # three of four task-hours on Spot
        },
    ),
    # Standard support alone is asked for: the cluster is upgraded, not billed; one Windows node beside three on Spot
    (
        "eks-standard",
        {
            "eks.cluster.standard": "73.00",
            "ec2.linux.m6i.large.spot": None,
            "ec2.windows.t3.medium": "43.80",
            "aurora.db.t3.medium.standard": "59.86",
            "rds.extended_support.year_1_2": None,
        },
    ),
    (
        "storage",
        {
            "ebs.io2.iops": "4888.00",  # 40,000 IOPS in two tiers, a volume each for itself
            "ebs.gp3.throughput": "15.00",
            "rds.extended_support.year_1_2": "438.00",  # MySQL 8.0 and Aurora's 5.7; the PostgreSQL has opted out
            "rds.insights.retention.m5": "7.63",
            "aurora.db.r6g.large.io_optimized": "493.48",
            "opensearch.gp3.throughput": "6.40",  # 300 less 250 MiB/s, two nodes
            "opensearch.ultrawarm1.medium.search": "347.48",
            "apigateway.cache.0.5": "14.60",
            "fargate.windows.x86.licence": "67.16",
        },
    ),
    # Several databases and caches: each is a line, none is lost and none stands there twice
    (
        "several",
        {
            "rds.postgres.db.m6g.large.single_az": "232.14",  # the main one and its replica
            "rds.mysql.db.t3.large.single_az": "198.56",  # a further one and its replica
            "aurora.db.r6g.large.standard": "379.60",
            "elasticache.redis.cache.r7g.large": "319.74",
            "elasticache.redis.cache.t4g.small": "23.36",
            "elasticache.memcached.cache.t3.micro": "37.23",
        },
    ),
    # Use as a usage file says it, machines as they are bought
    (
        "usage",
        {
            "ec2.linux.t3.medium.reserved.1yr.no_upfront": "19.05",  # 730 x 0.0261
            "ec2.linux.r3.xlarge": "33.30",  # 100 hours
            "ec2.ebs_optimized.r3.xlarge": "2.00",
            "rds.mysql.db.t3.large.single_az.reserved.1yr.no_upfront": "69.86",
            "aurora.db.r4.large.standard.reserved.1yr.no_upfront": "138.70",
            "elasticache.redis.cache.m6g.12xlarge.reserved.1yr.no_upfront": "1772.44",
            "opensearch.r6g.large.search.reserved.1yr.no_upfront": "167.90",
            "aurora.io": "10.51",  # 20 requests a second
            "rds.backup": "9.50",
            "nat.data": "4.50",
            "kms.key": "2.00",
            "s3.deep_archive.storage": "59.40",
        },
    ),
    (
        "aurora",
        {
            "aurora.db.r6g.large.standard": "189.80",
            "aurora.serverless.standard": "175.20",  # at least 2 units of the serverless reader
            "aurora.storage.standard": "4.00",
            "ec2.linux.m6i.large": "350.40",  # the declared 5 nodes
        },
    ),
]


@pytest.mark.parametrize(("folder", "right"), CASES, ids=[case[0] for case in CASES])
def test_what_is_declared_is_priced_as_declared(folder: str, right: dict[str, str]) -> None:
    bill = steady(folder)
    found = amounts(bill)
    shown = {key: str(found[key]) if key in found else None for key in right}
    spot = shown.pop("ec2.linux.m6i.large.spot", None)  # an indicative price: only that it is there
    assert shown == {key: amount for key, amount in right.items() if ".spot" not in key or amount is not None}
    assert (spot is not None) == ("ec2.linux.m6i.large.spot" in right)
    assert sum(found.values()) == bill.total


def test_addresses_of_tasks() -> None:
    lines = [line for line in steady("ecs-terraform-only").lines if "an address a task" in line.name]
    assert [str(line.amount) for line in lines] == ["21.90"]
    assert not any(line.key.startswith("nat.") for line in steady("ecs-terraform-only").lines)


@pytest.mark.parametrize("folder", sorted(path.name for path in BILLS.iterdir() if path.name != "odd"))
def test_every_resource_is_a_line_or_free_or_named(folder: str) -> None:
    """No resource of the files is passed over: its name is on a line, among what is free, or what is not priced."""
    scenario = nm.load(BILLS / folder)
    bill = nm.bill(scenario).mid
    said = [line.name for line in bill.lines] + list(bill.free) + list(bill.not_priced)
    for one in scenario.declared:
        counted = one.type in ("aws_secretsmanager_secret", "aws_kms_key", "aws_cloudwatch_metric_alarm", "aws_eip")
        by_cluster = one.type in ("aws_rds_cluster_instance", "aws_db_proxy", "provider")
        if one.modelled is None and not counted and not by_cluster:
            assert any(one.name in text for text in said), (one.type, one.name)


def test_what_has_no_price_is_named_with_its_place() -> None:
    said = steady("everything").not_priced
    assert "aws_qldb_ledger stream (main.tf:121): no price of this kind" in said
    assert any(text.startswith("aws_s3_bucket b (main.tf:120): bytes and requests") for text in said)
    assert any("version 1.40" in text for text in steady("aurora").not_priced)
    assert any("aws_vpc_endpoint s3" in text for text in steady("everything").free)


def test_a_bill_without_its_database_says_so_in_its_total() -> None:
    bill = steady("ecs-terraform-only")
    assert bill.missing == ("the database",)
    assert "WITHOUT the database" in bill.summary()[0]
    assert steady("aurora").missing == steady("rds-gp2").missing == ()


def test_the_user_is_above_the_files() -> None:
    assert str(amounts(steady("everything", **{"pricing.secrets": 1}))["secrets.secret"]) == "0.40"
    arm = amounts(steady("everything", **{"services.api.task": {"architecture": "arm64", "spot_share": 0}}))
    assert "fargate.linux.arm64.vcpu" in arm
    assert not any(".spot." in key for key in arm)


def test_a_region_or_class_without_prices_is_an_error_or_is_named() -> None:
    scenario = nm.load(BILLS / "odd")
    with pytest.raises(UserError, match="no price book for region 'sa-east-1'"):
        nm.bill(scenario)
    bill = nm.bill(scenario, lenient=True).mid
    assert bill.total == 0
    assert bill.missing == ("compute", "the database")
    assert any("rds.postgres.db.m6g.large.single_az in sa-east-1" in text for text in bill.not_priced)
    other = nm.load(BILLS / "rds-gp2")
    strange = Declared(type="aws_db_instance", name="odd", values={"instance_class": "db.z9.huge"}, file="a.tf", line=3)
    unknown = other.model_copy(update={"declared": (*other.declared, strange)})
    with pytest.raises(PriceMissing, match=r"db\.z9\.huge"):
        nm.bill(unknown)
    partial = nm.bill(unknown, lenient=True).mid
    assert partial.total > 0
    assert any(text.startswith("odd: no price of rds.postgres.db.z9.huge") for text in partial.not_priced)


def test_how_services_reach_the_outside_has_its_price() -> None:
    def keys(way: str) -> dict[str, Decimal]:
        return amounts(steady("rds-gp2", **{"pricing.outward": way}))

    gateways, endpoints, public = map(keys, ("nat gateway", "interface endpoints", "public subnet"))
    assert str(gateways["nat.hour"]) == "32.85"
    assert str(endpoints["vpc.endpoint.hour"]) == "58.40"  # four services in two zones
    assert endpoints["nat.data"] < gateways["nat.data"]
    assert "nat.hour" not in public
    assert public["vpc.public_ipv4"] > gateways["vpc.public_ipv4"] - Decimal("3.65")


def test_logs_without_a_retention_are_kept_for_ever() -> None:
    stored = amounts(steady("rds-gp2"))["cloudwatch.logs.storage"]
    endless = {"pricing.log_retention_months": "for ever", "pricing.months_running": 24}
    assert amounts(steady("rds-gp2", **endless))["cloudwatch.logs.storage"] == pytest.approx(
        24 * stored, rel=Decimal("0.02")
    )


def test_pods_of_stores_stand_on_the_nodes() -> None:
    """A database in a pod is no missing part: the nodes carry it, and its volume is EBS."""
    scenario = nm.load(BILLS / "declared-nat").override({"database.instance_class": None})
    assert nm.bill(scenario).mid.missing == ("the database",)
    pod = {"cpu_request": "1500m", "memory_request": "4 GiB"}
    bill = nm.bill(scenario.override({"database.pod": pod, "database.storage": "50 GiB"})).mid
    assert bill.missing == ()
    assert "PostgreSQL: a pod, the nodes carry it" in bill.free
    assert [line.quantity for line in bill.lines if line.name.startswith("postgres data")] == [50]
    nodes = amounts(bill)["ec2.linux.m6i.large"]
    more = [Declared(type="kubernetes_pod", name=f"job {n}", values={"cpu_request": 1.5}) for n in range(2)]
    volume = Declared(type="kubernetes_volume", name="scratch", values={"storage": 9 * 2**30}, file="a.yaml", line=3)
    busier = scenario.override({"database.pod": pod}).model_copy(update={"declared": (*more, volume)})
    bill = nm.bill(busier).mid
    assert amounts(bill)["ec2.linux.m6i.large"] > nodes
    assert [line.quantity for line in bill.lines if line.name.startswith("scratch")] == [9]


def test_every_declared_type_has_a_handler_that_can_be_called() -> None:
    assert all(callable(handler) for handler in HANDLERS.values())
    assert len(HANDLERS) > 70


def test_an_overloaded_system_is_not_billed_as_if_it_answered() -> None:
    bank = nm.load("novabank")
    calm, heavy = nm.bill(bank).mid, nm.bill(bank.override({"traffic.peak": "4500 requests/s"})).mid
    assert calm.notes == ()
    assert heavy.notes[0].startswith("OVERLOADED: ")
    assert "OVERLOADED" in str(heavy)
    out = [sum(one.quantity for one in bill.lines if one.key == "transfer.internet_out") for bill in (calm, heavy)]
    assert out[0] < out[1] < 8 * out[0]  # ten times the requests, fewer answers

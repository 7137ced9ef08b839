"""Bills of declared resources where no file deploys a service, and of resources in other regions than the rest."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.cost import focus_csv, load_book
from novamodel.errors import UserError
from novamodel.scenario.declared import Declared

BILLS = Path(__file__).parents[1] / "bills"
ALONE = ("alone", "usage")
"""Folders that declare infrastructure and deploy nothing."""


@pytest.mark.parametrize("folder", ALONE)
def test_what_is_declared_alone_has_a_bill_of_nothing_else(folder: str) -> None:
    """Every line carries the name of a declared resource; no host, balancer, gateway, log or byte is assumed."""
    scenario = nm.load(BILLS / folder)
    cost = nm.bill(scenario)
    names = [one.name for one in scenario.declared]
    assert cost.alone
    assert cost.mid.lines
    unnamed = {line.name.split(":")[0] for line in cost.mid.lines if not any(name in line.name for name in names)}
    assert unnamed <= {"NAT gateways"}  # the addresses that declared gateways need
    assert cost.assumed == ()
    assert cost.headroom == ()
    assert cost.mid.notes[0].startswith("no file deploys a service")
    assert cost.low.total <= cost.mid.total <= cost.high.total


# A cluster with the nodes that are declared; a proxy at the vCPUs of the database that it stands before
RIGHT = {
    "eks.cluster.standard": "73.00",
    "ec2.linux.m6i.large": "210.24",
    "rds.postgres.db.m6g.large.single_az": "116.07",
    "rds.postgres.db.t4g.small.single_az": "23.36",
    "rds.proxy": "21.90",
    "nat.hour": "65.70",
    "vpc.public_ipv4": "14.60",
    "elb.alb.hour": "16.43",
    "waf.web_acl": "5.00",
}
UNSAID = ("aws_wafv2_web_acl front", "aws_cloudwatch_log_group api", "aws_lb front", "aws_rds_cluster ledger")


def test_what_is_declared_alone_is_priced_as_declared() -> None:
    bill = nm.bill(nm.load(BILLS / "alone")).mid
    found: dict[str, Decimal] = {}
    for line in bill.lines:
        found[line.key] = found.get(line.key, Decimal(0)) + line.amount
    assert {key: str(found.get(key)) for key in RIGHT} == RIGHT
    assert not any(key.startswith(("cloudwatch.logs", "transfer", "aurora", "elb.alb.lcu")) for key in found)
    for name in UNSAID:
        assert any(text.startswith(name) for text in bill.not_priced), name
    assert bill.missing == ()


def test_without_compute_the_total_says_so() -> None:
    scenario = nm.load(BILLS / "alone")
    declared = tuple(one for one in scenario.declared if one.type == "aws_nat_gateway")
    bill = nm.bill(scenario.model_copy(update={"declared": declared})).mid
    assert bill.missing == ("compute",)
    assert str(bill.total) == "73.00"


def test_the_assumed_service_is_priced_when_it_is_asked_for() -> None:
    scenario = nm.load(BILLS / "alone")
    alone, demo = nm.bill(scenario).mid, nm.bill(scenario, demo=True).mid
    assert {"transfer.internet_out", "elb.alb.lcu"} <= {line.key for line in demo.lines} - {
        one.key for one in alone.lines
    }


def test_commitments_cover_what_is_declared_alone() -> None:
    scenario = nm.load(BILLS / "alone").override(
        {"pricing.commitments": ["reserved.3yr.all_upfront:ec2.linux.m6i.large=2"]}
    )
    bill = nm.bill(scenario).mid
    assert [str(line.amount) for line in bill.lines if line.key == "ec2.linux.m6i.large"] == ["70.08"]  # one of three
    assert [line.quantity for line in bill.lines if line.service == "Commitments"] == [730]


# In Oregon the replica takes its storage from its source in Virginia; a module that is handed a provider is there too
ELSEWHERE = {
    ("us-west-2", "rds.postgres.db.m6g.large.single_az"): "116.07",
    ("us-west-2", "rds.gp3.storage.single_az"): "11.50",
    ("us-west-2", "elasticache.redis.cache.r7g.large"): "159.87",
    ("us-west-2", "s3.standard.storage"): "23.00",
    ("eu-west-1", "nat.hour"): "35.04",
    ("eu-west-1", "vpc.public_ipv4"): "3.65",
}


def test_resources_of_other_regions_are_priced_there() -> None:
    """By a provider's alias, a region of their own, or the provider that a module is handed; else they are named."""
    scenario = nm.load(BILLS / "regions")
    bill = nm.bill(scenario).mid
    assert {(line.region, line.key): str(line.amount) for line in bill.lines if line.region} == ELSEWHERE
    home = [line for line in bill.lines if not line.region]
    assert [str(line.amount) for line in home if line.key.startswith("rds.postgres")] == ["116.07"]
    assert scenario.database.storage_type == "gp3"
    assert any("nat_gateway paris" in text and "eu-west-3" in text for text in bill.not_priced)
    assert sum((line.amount for line in bill.lines), Decimal(0)) == bill.total
    rows = list(csv.DictReader(io.StringIO(focus_csv(bill, date(2026, 1, 1)))))
    assert {row["RegionId"] for row in rows} == {"us-east-1", "us-west-2", "eu-west-1"}


def test_the_prices_of_another_region_are_those_of_its_book() -> None:
    ireland = load_book("eu-west-1")
    [line] = [one for one in nm.bill(nm.load(BILLS / "regions")).mid.lines if one.key == "nat.hour" and one.region]
    assert line.unit_price == ireland.price("nat.hour").flat


def test_what_aws_does_not_know_is_named_and_stops_no_bill() -> None:
    scenario = nm.load(BILLS / "alone")
    strange = Declared(type="aws_ebs_volume", name="odd", values={"type": "gp9", "size": 10}, file="a.tf", line=3)
    bill = nm.bill(scenario.model_copy(update={"declared": (*scenario.declared, strange)})).mid
    assert any(text.startswith("aws_ebs_volume odd (a.tf:3): kind 'gp9'") for text in bill.not_priced)
    assert bill.total == nm.bill(scenario).mid.total


def test_a_partial_bill_keeps_the_machine_of_a_volume_that_is_not_sold() -> None:
    scenario = nm.load(BILLS / "alone")
    values = {
        "engine": "mysql",
        "instance_class": "db.t3.large",
        "storage_type": "io1",
        "allocated_storage": 50,
        "iops": 500,
    }
    small = Declared(type="aws_db_instance", name="small", values=values, file="a.tf", line=3)
    wrong = scenario.model_copy(update={"declared": (small,)})
    with pytest.raises(UserError, match="io1 volume of 50"):
        nm.bill(wrong)
    bill = nm.bill(wrong, lenient=True).mid
    assert [str(line.amount) for line in bill.lines] == ["99.28"]
    assert any("io1 volume of 50" in text for text in bill.not_priced)


def test_certificates_of_a_private_authority_are_paid(tmp_path: Path) -> None:
    public, private = 'resource "aws_acm_certificate" "p" {}', 'certificate_authority_arn = "arn:aws:acm-pca:eu-1"'
    text = f'{public}\nresource "aws_acm_certificate" "own" {{\n{private}\n}}\nresource "aws_eip" "e" {{}}'
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    bill = nm.bill(nm.load(tmp_path)).mid
    assert {line.key: str(line.amount) for line in bill.lines} == {"acm.certificate": "0.75", "vpc.public_ipv4": "3.65"}
    assert any("aws_acm_certificate p " in text for text in bill.free)

"""`novamodel prices`: a key with its sources, a refresh that shows before it writes, private rates."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from novamodel.cost import load_book
from novamodel.cost.book_files import book_file
from tests.offer_files import flat, offer, plans, product

PRIVATE = """
region: us-east-1
source: enterprise agreement
date: 2026-07-01
prices: {nat.hour: 0.04, transfer.internet_out: [{from: 0, to: 10240, price: 0.08}, {from: 10240, price: 0.06}]}
discounts: {AmazonCloudWatch: 10 %}
rates: {compute_sp.1yr.no_upfront: {fargate.linux.x86.vcpu: 0.031}}
"""


def ecs(folder: Path, usd: str = "0.05") -> Path:
    kinds = {
        "CPU": "Fargate-vCPU-Hours:perCPU",
        "MEM": "Fargate-GB-Hours",
        "ACPU": "Fargate-ARM-vCPU-Hours:perCPU",
        "AMEM": "Fargate-ARM-GB-Hours",
        "DISK": "Fargate-EphemeralStorage-GB-Hours",
    }
    made = [product(sku, "Compute", usagetype=f"USE1-{usage}") for sku, usage in kinds.items()]
    folder.mkdir(parents=True, exist_ok=True)
    return offer(folder / "index.json", "AmazonECS", made, {sku: flat(sku, "hours", usd) for sku in kinds})


def test_show_names_every_region_and_its_sources(call: Callable) -> None:
    shown = call("prices", "show", "nat.hour").out
    for region in ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1"):
        assert region in shown
    assert "0.045 USD per hour, verified, 2026-10-07" in shown
    assert max(map(len, shown.splitlines())) <= 80
    lacking = call("prices", "show", "rds.proxy").out
    assert "eu-west-1       rds.proxy: no price is known" in lacking
    rows = json.loads(call("prices", "show", "fargate.linux.x86.*", "--region", "us-east-1", "--json").out)["prices"]
    assert {"", "compute_sp.1yr.no_upfront", "compute_sp.3yr.no_upfront"} == {row["plan"] for row in rows}


def test_show_of_an_unknown_key_names_its_neighbours(call: Callable) -> None:
    outcome = call("prices", "show", "nat.our", "--region", "us-east-1")
    assert outcome.code == 2
    assert "nat.hour" in outcome.err


def test_refresh_shows_and_writes_nothing_until_asked(call: Callable, tmp_path: Path) -> None:
    before = book_file("us-east-1").read_bytes()
    target = tmp_path / "book.json"
    shown = call("prices", "refresh", ecs(tmp_path), "--to", target)
    assert shown.code == 0
    assert "0.04048 -> 0.05" in shown.out
    assert "nothing is written" in shown.out
    assert not target.exists()
    assert call("prices", "refresh", ecs(tmp_path), "--to", target, "--write").code == 0
    assert str(load_book(file=target).price("fargate.linux.x86.vcpu").flat) == "0.05"
    assert book_file("us-east-1").read_bytes() == before


def test_refresh_reads_below_the_root_that_aws_publishes_at(call: Callable, tmp_path: Path) -> None:
    root = tmp_path / "published"
    ecs(root / "offers/v1.0/aws/AmazonECS/current/us-east-1")
    for plan in ("AWSComputeSavingsPlan", "AWSDatabaseSavingsPlans"):
        place = root / f"savingsPlan/v1.0/aws/{plan}"
        (place / "current").mkdir(parents=True)
        (place / "7/us-east-1").mkdir(parents=True)
        plans(place / "7/us-east-1/index.json", {"CPU": "0.04"} if "Compute" in plan else {})
        entry = {"regionCode": "us-east-1", "versionUrl": f"/savingsPlan/v1.0/aws/{plan}/7/us-east-1/index.json"}
        (place / "current/region_index.json").write_text(json.dumps({"regions": [entry]}))
    rules = tmp_path / "rules.json"
    bundled = json.loads((book_file("us-east-1").parent / "refresh" / "rules.json").read_text())
    rules.write_text(json.dumps({"rules": [rule for rule in bundled["rules"] if rule["offer"] == "AmazonECS"]}))
    outcome = call("prices", "refresh", "--root", root.as_uri(), "--rules", rules, "--json")
    assert outcome.code == 0
    found = {change["key"]: change["after"] for change in json.loads(outcome.out)["changes"]}
    assert found["fargate.linux.arm64.vcpu"] == "0.05"
    assert found["compute_sp.1yr.no_upfront fargate.linux.x86.vcpu"] == "0.04"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("none.json", "no such file"),
        ("file:///none/none.json", "cannot be read"),
        ("ftp://somewhere/x.json", "no address"),
        (".", "no price list file in this folder"),
    ],
)
def test_a_source_that_is_none(call: Callable, source: str, words: str) -> None:
    outcome = call("prices", "refresh", source)
    assert outcome.code == 2
    assert words in outcome.err


def test_a_rule_that_finds_nothing_stops_the_refresh_and_nothing_is_written(call: Callable, tmp_path: Path) -> None:
    file = offer(tmp_path / "vpc.json", "AmazonVPC", [], {})
    outcome = call("prices", "refresh", file, "--to", tmp_path / "book.json", "--write")
    assert outcome.code == 2
    assert "vpc.public_ipv4 0" in outcome.err
    assert not (tmp_path / "book.json").exists()


def test_private_rates_take_the_place_of_list_prices(call: Callable, tmp_path: Path) -> None:
    file, target = tmp_path / "private.yaml", tmp_path / "book.json"
    file.write_text(PRIVATE)
    outcome = call("prices", "override", file, "--to", target, "--write")
    assert outcome.code == 0
    assert "0.045 -> 0.04" in outcome.out
    book, listed = load_book(file=target), load_book()
    assert str(book.price("nat.hour").flat) == "0.04"
    assert book.price("nat.hour").tiers[0].status == "private"
    assert [str(tier.price) for tier in book.price("transfer.internet_out").tiers] == ["0.08", "0.06"]
    assert book.price("cloudwatch.logs.ingest").flat * 10 == listed.price("cloudwatch.logs.ingest").flat * 9
    assert str(book.rate("compute_sp.1yr.no_upfront", "fargate.linux.x86.vcpu").price) == "0.031"
    assert book.price("nat.data") == listed.price("nat.data")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("region: eu-west-1", "us-east-1"),
        ("prices: {nat.our: 1}", "nat.hour"),
        ("prices: {nat.hour: 0}", "above 0"),
        ("prices: {nat.hour: cheap}", "a number"),
        ("discounts: {AmazonVPX: 10 %}", "AmazonVPC"),
        ("discounts: {AmazonVPC: 100 %}", "below 1"),
        ("rebates: {}", "discounts"),
        ("date: ''", "without date"),
        ("prices: {transfer.internet_out: [{from: 5, price: 1}]}", "gap"),
    ],
)
def test_private_rates_that_are_wrong(call: Callable, tmp_path: Path, change: str, words: str) -> None:
    said = {"region": "region: us-east-1", "source": "source: x", "date": "date: 2026-07-01"}
    said[change.partition(":")[0]] = change
    file = tmp_path / "private.yaml"
    file.write_text("\n".join(said.values()))
    outcome = call("prices", "override", file)
    assert outcome.code == 2
    assert words in outcome.err

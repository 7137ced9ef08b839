"""AWS's published files to a new book: exactly one product a key, tiers, units, rates, memory, what stops it."""

import gzip
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from novamodel.cost.book import load_book, read_book
from novamodel.cost.book_files import book_file, book_text, read_raw, write_book
from novamodel.cost.differences import Change
from novamodel.cost.published.offer_files import head, products
from novamodel.cost.published.refresh import refreshed
from novamodel.cost.published.rules import load_rules
from novamodel.errors import UserError
from tests.offer_files import flat, offer, plans, product, reserved, tiers

RULES = load_rules()
RAW = read_raw(book_file("us-east-1"))


def small_book(*keys: str) -> dict:
    return {**RAW, "prices": {key: RAW["prices"][key] for key in keys}, "rates": {}}


def fargate(folder: Path, vcpu: str = "0.05", extra: list | None = None) -> Path:
    made = [
        product("CPU1", "Compute", usagetype="USE1-Fargate-vCPU-Hours:perCPU"),
        product("MEM1", "Compute", usagetype="USE1-Fargate-GB-Hours"),
        product("WIN1", "Compute", usagetype="USE1-Fargate-Windows-vCPU-Hours:perCPU"),
        *(extra or []),
    ]
    terms = {one["sku"]: flat(one["sku"], "hours", vcpu if one["sku"] == "CPU1" else "0.005") for one in made}
    return offer(folder / "AmazonECS.json", "AmazonECS", made, terms)


def test_a_refresh_takes_price_product_date_and_source(tmp_path: Path) -> None:
    book = small_book("fargate.linux.x86.vcpu", "fargate.linux.x86.memory")
    done = refreshed(book, [fargate(tmp_path)], RULES)
    assert done.changes == (
        Change("fargate.linux.x86.vcpu", "0.04048", "0.05"),
        Change("fargate.linux.x86.memory", "0.004445", "0.005"),
    )
    new = read_book(done.book)
    tier = new.price("fargate.linux.x86.vcpu").tiers[0]
    assert (tier.price, tier.sku, tier.status, tier.date) == (Decimal("0.05"), "CPU1", "published", "2026-11-01")
    (source,) = tier.sources
    assert len(new.sources[source]["sha256"]) == 64
    assert book == small_book("fargate.linux.x86.vcpu", "fargate.linux.x86.memory"), "the old book is as it was"


@pytest.mark.parametrize(
    ("extra", "count"),
    [
        ([product("CPU2", "Compute", usagetype="USE1-Fargate-vCPU-Hours:perCPU")], "2 (CPU1, CPU2)"),
        ([], "0"),
    ],
)
def test_a_key_with_no_product_or_two_stops_the_refresh_and_is_named(tmp_path: Path, extra: list, count: str) -> None:
    keys = ["fargate.linux.x86.vcpu", "fargate.linux.x86.memory"] + ([] if extra else ["fargate.ephemeral"])
    wrong = "fargate.linux.x86.vcpu" if extra else "fargate.ephemeral"
    file = fargate(tmp_path, extra=extra)
    with pytest.raises(UserError) as caught:
        refreshed(small_book(*keys), [file], RULES)
    assert f"{wrong} {count}" in str(caught.value)
    done = refreshed(small_book(*keys), [file], RULES, keep=[wrong])
    assert wrong in done.kept
    assert wrong not in {change.key for change in done.changes}


def test_a_local_zone_is_not_the_region(tmp_path: Path) -> None:
    outside = product("LAX1", "Compute", usagetype="USE1-Fargate-vCPU-Hours:perCPU", locationType="AWS Local Zone")
    done = refreshed(small_book("fargate.linux.x86.vcpu"), [fargate(tmp_path, extra=[outside])], RULES)
    assert read_book(done.book).price("fargate.linux.x86.vcpu").tiers[0].sku == "CPU1"


def test_tenancy_and_licences_do_not_collide(tmp_path: Path) -> None:
    common = {
        "instanceType": "m5.large",
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "operation": "RunInstances",
        "usagetype": "BoxUsage:m5.large",
    }
    made = [
        product("SHARED", "Compute Instance", **common, tenancy="Shared"),
        product("DEDI", "Compute Instance", **common, tenancy="Dedicated"),
        product("SQL", "Compute Instance", **{**common, "preInstalledSw": "SQL Std"}, tenancy="Shared"),
        product(
            "IDLE", "Compute Instance", **{**common, "capacitystatus": "UnusedCapacityReservation"}, tenancy="Shared"
        ),
    ]
    terms = {one["sku"]: flat(one["sku"], "Hrs", "0.097" if one["sku"] == "SHARED" else "0.102") for one in made}
    lent = {
        "SHARED": reserved("SHARED", "R1", 3, "All Upfront", "0", "876")
        | reserved("SHARED", "R2", 1, "No Upfront", "0.06")
    }
    file = offer(tmp_path / "ec2.json", "AmazonEC2", made, terms, lent)
    done = refreshed(small_book("ec2.linux.m5.large"), [file], RULES)
    book = read_book(done.book)
    price = book.price("ec2.linux.m5.large")
    assert price.flat == Decimal("0.097")
    assert price.attributes == load_book().price("ec2.linux.m5.large").attributes
    # 876 USD over three years of 8,760 hours
    assert book.rate("reserved.3yr.all_upfront", "ec2.linux.m5.large").price == Decimal(876) / 26280
    assert book.rate("reserved.1yr.no_upfront", "ec2.linux.m5.large").price == Decimal("0.06")


def test_aurora_standard_and_io_optimized_are_two_prices(tmp_path: Path) -> None:
    common = {"instanceType": "db.r6g.large", "databaseEngine": "Aurora PostgreSQL", "deploymentOption": "Single-AZ"}
    made = [
        product("STD", "Database Instance", **common, storage="EBS Only", usagetype="InstanceUsage:db.r6g.large"),
        product(
            "IOO",
            "Database Instance",
            **common,
            storage="Aurora IO Optimization Mode",
            usagetype="InstanceUsageIOOptimized:db.r6g.large",
        ),
    ]
    terms = {"STD": flat("STD", "Hrs", "0.27"), "IOO": flat("IOO", "Hrs", "0.35")}
    file = offer(tmp_path / "rds.json", "AmazonRDS", made, terms)
    keys = ("aurora.db.r6g.large.standard", "aurora.db.r6g.large.io_optimized")
    book = read_book(refreshed(small_book(*keys), [file], RULES).book)
    assert [str(book.price(key).flat) for key in keys] == ["0.27", "0.35"]


def transfer(folder: Path, *rungs: tuple[str, str, str], unit: str = "GB") -> Path:
    made = product(
        "OUT", "Data Transfer", usagetype="DataTransfer-Out-Bytes", transferType="AWS Outbound", toLocation="External"
    )
    return offer(folder / "transfer.json", "AWSDataTransfer", [made], {"OUT": tiers("OUT", unit, *rungs)})


def test_all_tiers_are_taken_in_order(tmp_path: Path) -> None:
    file = transfer(tmp_path, ("10240", "Inf", "0.08"), ("0", "10240", "0.1"))
    book = read_book(refreshed(small_book("transfer.internet_out"), [file], RULES).book)
    assert book.price("transfer.internet_out").amount(Decimal(10241)) == Decimal("1024.08")


def test_a_first_tier_of_nothing_is_not_taken_for_a_price(tmp_path: Path) -> None:
    file = transfer(tmp_path, ("0", "100", "0"), ("100", "Inf", "0.1"))
    with pytest.raises(UserError, match=r"a price of transfer.internet_out is 0"):
        refreshed(small_book("transfer.internet_out"), [file], RULES)


@pytest.mark.parametrize(("free", "right"), [("40000000", True), ("50000000", False)])
def test_a_free_first_tier_is_the_allowance_or_stops_the_refresh(tmp_path: Path, free: str, right: bool) -> None:
    made = product("AMP", "Amazon Managed Prometheus", usagetype="USE1-AMP:MetricSampleCount")
    rungs = (("0", free, "0"), (free, "Inf", "0.00000009"))
    file = offer(tmp_path / "amp.json", "AmazonPrometheus", [made], {"AMP": tiers("AMP", "Samples", *rungs)})
    book = small_book("amp.samples")
    if right:
        (tier,) = read_book(refreshed(book, [file], RULES).book).price("amp.samples").tiers
        assert (tier.start, tier.price) == (0, Decimal("0.9"))  # USD per 10 million
    else:
        with pytest.raises(UserError, match=r"first 50000000 of amp.samples are free"):
            refreshed(book, [file], RULES)


def test_a_unit_that_is_not_the_rules_stops_the_refresh(tmp_path: Path) -> None:
    file = transfer(tmp_path, ("0", "Inf", "0.1"), unit="TB")
    with pytest.raises(UserError, match=r"unit of transfer.internet_out is 'TB'"):
        refreshed(small_book("transfer.internet_out"), [file], RULES)


def test_rates_of_savings_plans_join_by_product(tmp_path: Path) -> None:
    files = [plans(tmp_path / "plans.json", {"CPU1": "0.04", "ELSE": "9"}), fargate(tmp_path)]
    done = refreshed(small_book("fargate.linux.x86.vcpu", "fargate.linux.x86.memory"), files, RULES)
    book = read_book(done.book)
    assert book.rate("compute_sp.1yr.no_upfront", "fargate.linux.x86.vcpu").price == Decimal("0.04")
    assert list(book.rates) == ["compute_sp.1yr.no_upfront"]
    # The product of a price that was read earlier joins, too.
    alone = plans(tmp_path / "alone.json", {"8CESGAFWKAJ98PME": "0.041"}, "DatabaseSavingsPlans")
    done = refreshed(small_book("fargate.linux.x86.vcpu"), [alone], RULES)
    assert done.changes == (Change("database_sp.1yr.no_upfront fargate.linux.x86.vcpu", "none", "0.041"),)


def test_new_classes_only_when_asked(tmp_path: Path) -> None:
    made = product(
        "MY", "Database Instance", instanceType="db.r6g.large", databaseEngine="MySQL", deploymentOption="Single-AZ",
        licenseModel="No license required", usagetype="InstanceUsage:db.r6g.large", vcpu="2", memory="16 GiB",
    )  # fmt: skip
    file = offer(tmp_path / "rds.json", "AmazonRDS", [made], {"MY": flat("MY", "Hrs", "0.2")})
    book = small_book("nat.hour")
    assert refreshed(book, [file], RULES).changes == ()
    done = refreshed(book, [file], RULES, add=True)
    price = read_book(done.book).price("rds.mysql.db.r6g.large.single_az")
    assert (price.flat, dict(price.attributes)) == (Decimal("0.2"), {"vcpu": 2, "memory_gib": 16.0})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", "no price list file"),
        ('{"products": {}}', "no price list file"),
        ('{"offerCode": "AmazonECS", "version": "1", "publicationDate": "2026', "no JSON"),
    ],
)
def test_what_is_no_price_list_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(UserError, match=words):
        refreshed(small_book("nat.hour"), [file], RULES)
    with pytest.raises(UserError, match="cannot be read"):
        head(tmp_path / "none.json")


def test_a_file_is_streamed(tmp_path: Path) -> None:
    """A file 40 times larger needs no more memory; with both, a bound far below the file's size."""
    peaks = []
    for count in (1_000, 40_000):
        file = tmp_path / f"{count}.json"
        entry = product("X", "Compute Instance", **{f"attribute{i}": "some text of AWS's" for i in range(15)})
        with file.open("w") as out:
            out.write('{"offerCode": "AmazonEC2", "publicationDate": "2026-11-01T00:00:00Z", "products": {')
            text = json.dumps(entry)
            for number in range(count):
                out.write(f'{"," if number else ""}"S{number}": {text}')
            out.write('}, "terms": {"OnDemand": {}}}')
        tracemalloc.start()
        assert sum(1 for _ in products(file)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert file.stat().st_size > 25e6
    assert peaks[1] < 2 * peaks[0]
    assert peaks[1] < 2e6


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json.gz"
    file.write_bytes(gzip.compress(fargate(tmp_path).read_bytes()))
    assert head(file).offer == "AmazonECS"


def test_a_book_is_written_as_it_is_read(tmp_path: Path) -> None:
    for region in ("us-east-1", "ap-southeast-1"):
        assert book_text(read_raw(book_file(region))) == book_file(region).read_text(encoding="utf-8")
    file = tmp_path / "new" / "book.json"
    write_book(RAW, file)
    assert load_book(file=file) == load_book()


def test_every_rule_has_a_form_of_key_that_a_book_has() -> None:
    keys = {key for region in ("us-east-1", "eu-west-1") for key in load_book(region).prices}
    without = [rule.key for rule in RULES if not any(rule.keys.match(key) for key in keys)]
    assert without == []
    for key in keys:
        assert sum(bool(rule.keys.match(key)) for rule in RULES) <= 1, key

"""The price book: loading, tiers, and what happens when a price is missing."""

import json
import pickle
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.cost.book import STATUSES, PriceMissing, load_book, oldest, regions
from novamodel.cost.money import to_cents, to_decimal, total
from novamodel.errors import UserError
from novamodel.resources import data_dir

BOOK = load_book()
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1")


def raw_book(region: str = "us-east-1") -> dict:
    return json.loads((data_dir() / "prices" / f"{region}.json").read_text(encoding="utf-8"))


RAW = raw_book()


def entries(raw: dict) -> Iterator[tuple[str, dict]]:
    """Every figure of a book's file with the key it stands under."""
    for key, entry in raw["prices"].items():
        for tier in entry.get("tiers", [entry]):
            yield key, tier
    for plan, rates in raw["rates"].items():
        for key, entry in rates.items():
            yield f"{plan} {key}", entry


@pytest.mark.parametrize("region", REGIONS)
def test_every_price_is_a_decimal_string_with_unit_source_date_and_status(region: str) -> None:
    raw = raw_book(region)
    assert raw["region"] == region
    assert len(raw["prices"]) > 350
    assert all(entry["unit"] for entry in raw["prices"].values())
    for key, tier in entries(raw):
        assert isinstance(tier["price"], str), key
        assert Decimal(tier["price"]) > 0, key
        assert tier["status"] in STATUSES, key
        assert tier["sources"], key
        assert set(tier["sources"]) <= raw["sources"].keys(), key
        assert tier["date"][:2] == "20" or (tier["date"], tier["sources"]) == ("undated", ["PAGE-CW"]), key


@pytest.mark.parametrize("region", REGIONS)
def test_status_and_sources_fit_together(region: str) -> None:
    for key, tier in entries(raw_book(region)):
        assert (tier["status"] == "from memory") == (tier["sources"] == ["MEM"]), key
        if tier["status"] == "verified":
            assert len(tier["sources"]) >= 2, key


def test_there_is_a_book_of_each_region_and_its_keys_mean_the_same() -> None:
    assert set(regions()) == set(REGIONS)
    for region in REGIONS:
        for key, price in load_book(region).prices.items():
            there = BOOK.price(key)
            assert (price.unit, price.per, price.attributes) == (there.unit, there.per, there.attributes), key


def test_a_rate_of_a_plan_is_below_what_it_stands_for() -> None:
    for region in REGIONS:
        book = load_book(region)
        for plan, rates in book.rates.items():
            for key, rate in rates.items():
                if key in book.prices:  # one MySQL class is known reserved only
                    assert rate.price < book.price(key).flat, (region, plan, key)


def test_a_missing_rate_names_plan_key_and_region() -> None:
    assert BOOK.rate("compute_sp.1yr.no_upfront", "fargate.linux.x86.vcpu").price == Decimal("0.032384")
    with pytest.raises(PriceMissing, match=r"us-west-2 has no price 'compute_sp.1yr.no_upfront fargate.linux.x86"):
        load_book("us-west-2").rate("compute_sp.1yr.no_upfront", "fargate.linux.x86.vcpu")
    with pytest.raises(PriceMissing, match=r"near it: .*compute_sp.3yr.no_upfront fargate.linux.x86.vcpu"):
        BOOK.rate("database_sp.1yr.no_upfront", "fargate.linux.x86.vcpu")


def test_a_tier_that_no_source_tells_is_missing_and_not_the_last_known_price() -> None:
    stored = load_book("eu-west-1").price("s3.standard.storage")
    assert stored.amount(Decimal(51200)) == Decimal("1177.6")
    with pytest.raises(PriceMissing, match=r"eu-west-1 .*s3.standard.storage above 51200"):
        stored.amount(Decimal(51201))


@pytest.mark.parametrize(
    ("region", "key", "expected", "status"),
    [
        ("eu-west-1", "nat.hour", "0.048", "one source"),
        ("eu-west-1", "elb.alb.hour", "0.0252", "verified"),
        ("eu-west-1", "rds.postgres.db.m6g.large.single_az", "0.176", "one source"),
        ("eu-west-1", "rds.gp3.storage.single_az", "0.127", "verified"),
        ("eu-west-1", "ec2.linux.m6i.large", "0.107", "one source"),
        ("eu-central-1", "fargate.linux.x86.vcpu", "0.04656", "verified"),
        ("ap-southeast-1", "fargate.linux.x86.memory", "0.00553", "one source"),
        ("us-west-2", "ebs.gp3.storage", "0.08", "from memory"),
        ("us-east-1", "rds.gp2.storage.single_az", "0.115", "one source"),
    ],
)
def test_regional_prices(region: str, key: str, expected: str, status: str) -> None:
    price = load_book(region).price(key)
    assert (price.flat, price.tiers[0].status) == (Decimal(expected), status)


def test_what_a_region_lacks_is_missing_there() -> None:
    with pytest.raises(PriceMissing, match=r"price book of eu-west-1 has no price 'dynamodb.storage'"):
        load_book("eu-west-1").price("dynamodb.storage")


def test_spot_is_below_on_demand_wherever_both_are_known() -> None:
    for region in REGIONS:
        book = load_book(region)
        spot = [key for key in book.prices if key.startswith("ec2.linux.") and key.endswith(".spot")]
        assert len(spot) == 53
        for key in spot:
            assert book.price(key).flat < book.price(key.removesuffix(".spot")).flat


def test_the_oldest_date() -> None:
    assert oldest(["2026-07-20", "2026-07", "undated", "2026-10-07"]) == "2026-07"
    assert oldest(["undated"]) == "undated"


def test_a_unit_that_counts_several_says_so() -> None:
    for price in BOOK.prices.values():
        first = price.unit.split(" ")[0].replace("M", "000000")
        assert price.per == (int(first) if first.isdigit() else 1), price.key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("fargate.linux.x86.vcpu", "0.04048"),
        ("fargate.linux.x86.memory", "0.004445"),
        ("rds.postgres.db.r6g.large.single_az", "0.225"),
        ("rds.postgres.db.r6g.xlarge.multi_az", "0.899"),
        ("rds.postgres.db.t4g.small.multi_az", "0.065"),
        ("rds.postgres.db.m7g.large.multi_az", "0.337"),
        ("rds.gp3.storage.single_az", "0.115"),
        ("ebs.gp3.storage", "0.08"),
        ("elasticache.valkey.cache.r6g.large", "0.1648"),
        ("nat.data", "0.045"),
        ("ec2.linux.m5.large", "0.096"),
    ],
)
def test_key_prices(key: str, expected: str) -> None:
    assert BOOK.price(key).flat == Decimal(expected)


def test_multi_az_is_no_plain_double() -> None:
    assert (
        BOOK.price("rds.postgres.db.r6g.xlarge.multi_az").flat
        != 2 * BOOK.price("rds.postgres.db.r6g.xlarge.single_az").flat
    )


def test_a_missing_price_names_the_key_and_its_neighbours() -> None:
    with pytest.raises(PriceMissing) as caught:
        BOOK.price("rds.postgres.db.r6g.lage.single_az")
    assert "db.r6g.lage" in str(caught.value)
    assert "db.r6g.large.single_az" in str(caught.value)
    assert isinstance(caught.value, UserError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, PriceMissing)
    assert str(again) == str(caught.value)


def test_a_missing_allowance_and_an_unknown_region() -> None:
    with pytest.raises(PriceMissing, match="allowance"):
        BOOK.allowance("no.such")
    with pytest.raises(UserError, match="us-east-1"):
        load_book("us-east-9")
    assert "us-east-1" in regions()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": 0.1}, "decimal string"),
        ({"price": "cheap"}, "number"),
        ({"price": "-1"}, "0 or more"),
        ({"price": "NaN"}, "0 or more"),
        ({"status": "sure"}, "verified"),
        ({"unit": None, "offer": None, "name": None, "sources": None}, "not a price book"),
        ({"to": "10"}, "gap"),
    ],
)
def test_a_broken_book_is_a_users_mistake(tmp_path: Path, change: dict, words: str) -> None:
    entry = {**RAW["prices"]["nat.hour"], **change}
    file = tmp_path / "book.json"
    file.write_text(json.dumps({**RAW, "prices": {"nat.hour": entry}}))
    with pytest.raises(UserError, match=words) as caught:
        load_book(file=file)
    assert "book.json" in str(caught.value)


def test_a_book_that_is_no_json_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_book(file=tmp_path / "none.json")
    file = tmp_path / "book.json"
    file.write_text("prices")
    with pytest.raises(UserError, match="no JSON"):
        load_book(file=file)
    file.write_text("[]")
    with pytest.raises(UserError, match="not a price book"):
        load_book(file=file)


def test_egress_tiers_are_marginal() -> None:
    price = BOOK.price("transfer.internet_out")
    assert price.amount(Decimal(10240)) == Decimal("921.6")
    assert price.amount(Decimal(51200)) == Decimal("921.6") + Decimal(40960) * Decimal("0.085")
    assert price.amount(Decimal(10), above=Decimal(10235)) == Decimal("0.875")


@given(st.decimals(0, 10**7, places=3), st.decimals(0, 10**7, places=3))
def test_tiers_cover_the_quantity_and_add_up(first: Decimal, second: Decimal) -> None:
    for key in ("transfer.internet_out", "cloudwatch.metrics", "nat.hour"):
        price = BOOK.price(key)
        assert sum((part for _, part in price.split(first, second)), Decimal(0)) == first
        assert price.amount(second) + price.amount(first, above=second) == price.amount(first + second)


def test_cents_are_rounded_half_up() -> None:
    assert to_cents(Decimal("0.0225") * 730) == Decimal("16.43")
    assert to_cents(Decimal("0.005")) == Decimal("0.01")
    assert total([Decimal("0.004"), Decimal("0.005"), Decimal("0.014")]) == Decimal("0.02")


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "x", Decimal("-0.1")])
def test_no_number_that_is_none(value: object) -> None:
    with pytest.raises(UserError, match="hours"):
        to_decimal(value, "hours")  # type: ignore[arg-type]


def test_a_float_is_taken_as_it_is_written() -> None:
    assert to_decimal(0.1) == Decimal("0.1")

"""The price book: loading, tiers, and what happens when a price is missing."""

import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel.cost.book import STATUSES, PriceMissing, load_book, regions
from novamodel.cost.money import to_cents, to_decimal, total
from novamodel.errors import UserError
from novamodel.resources import data_dir

BOOK = load_book()
RAW = json.loads((data_dir() / "prices" / "us-east-1.json").read_text(encoding="utf-8"))


def test_every_price_is_a_decimal_string_with_unit_source_date_and_status() -> None:
    assert len(BOOK.prices) > 300
    for key, entry in RAW["prices"].items():
        for tier in entry.get("tiers", [entry]):
            assert isinstance(tier["price"], str), key
            assert Decimal(tier["price"]) > 0, key
            assert tier["status"] in STATUSES, key
            assert tier["sources"], key
            assert set(tier["sources"]) <= RAW["sources"].keys(), key
            assert tier["date"].startswith("20") or (tier["date"], tier["sources"]) == (
                "undated",
                ["PAGE-CW"],
            ), key
        assert entry["unit"], key
    assert BOOK.as_of == "2026-11"


def test_status_and_sources_fit_together() -> None:
    for price in BOOK.prices.values():
        for tier in price.tiers:
            assert (tier.status == "from memory") == (tier.sources == ("MEM",)), price.key
            if tier.status == "verified":
                assert len(tier.sources) >= 2, price.key


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

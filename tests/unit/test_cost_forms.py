"""A bill in other forms: FOCUS 1.2, a pull-request table, sums by service, driver and tier, text of 80 columns."""

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal

import pytest

from novamodel.cost import (
    CacheCluster,
    Database,
    LoadBalancer,
    Metered,
    MonthUsage,
    NatGateway,
    Transfer,
    load_book,
    price,
)
from novamodel.cost.forms import FOCUS_COLUMNS, focus_csv, markdown, per_million, sums
from novamodel.cost.show import bill_text

D = Decimal
# "Feature level: Mandatory" of the columns' pages of FOCUS 1.2; none of them but ChargeClass may be null.
MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName",
    "PublisherName", "ServiceCategory", "ServiceName",
}  # fmt: skip
SERVICE_CATEGORIES = {
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
    "Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration",
    "Mobile", "Networking", "Security", "Storage", "Web", "Other",
}  # fmt: skip


def usage() -> MonthUsage:
    return MonthUsage(
        databases=[Database(name="primary", instance_class="db.r6g.large", storage_gib=100)],
        caches=[CacheCluster(name="redis", node_type="cache.t4g.small", shards=2)],
        load_balancers=[LoadBalancer(name="edge|<b>", new_connections_per_s=[50])],
        nat=[NatGateway(gib=100)],
        transfer=Transfer(internet_gib=900),
        metered=[Metered(key="secrets.secret", quantity=2), Metered(key="cloudwatch.metrics", quantity=500_000)],
    )


def rows(month: date = date(2026, 12, 31)) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(focus_csv(price(usage()), month))))


def test_focus_has_every_column_once_and_fills_the_mandatory_ones() -> None:
    assert set(FOCUS_COLUMNS) >= MANDATORY
    standard = [name for name in FOCUS_COLUMNS if not name.startswith("x_")]
    assert standard == sorted(set(standard))
    assert len(standard) == 57
    for row in rows():
        assert list(row) == list(FOCUS_COLUMNS)
        assert all(row[name] for name in MANDATORY - {"ChargeClass"}), row
        assert row["ChargeClass"] == "", "no row corrects an earlier invoice"


def test_focus_values_are_those_that_the_specification_allows() -> None:
    for row in rows():
        assert row["ServiceCategory"] in SERVICE_CATEGORIES
        assert (row["ChargeCategory"], row["ChargeFrequency"]) == ("Usage", "Usage-Based")
        assert row["PricingCategory"] in {"Standard", "Dynamic", "Committed", "Other"}
        assert re.fullmatch("[A-Z]{3}", row["BillingCurrency"])
        for name in ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[name])
        assert row["BillingPeriodStart"] < row["BillingPeriodEnd"]
        assert isinstance(json.loads(row["Tags"]), dict)
        for name in FOCUS_COLUMNS:
            if name.endswith(("Cost", "Quantity", "UnitPrice")) and row[name]:
                assert re.fullmatch(r"\d+\.\d+", row[name]), "no exponent, no thousands, no currency sign"


def test_focus_costs_are_the_bills() -> None:
    bill = price(usage())
    found = rows()
    assert sum(D(row["BilledCost"]) for row in found) == bill.total
    for row, line in zip(found, bill.lines, strict=True):
        assert D(row["ListUnitPrice"]) * D(row["PricingQuantity"]) == D(row["ListCost"]) == D(row["EffectiveCost"])
        assert abs(D(row["ListCost"]) - line.amount) <= D("0.005")


def test_focus_month() -> None:
    assert {(row["BillingPeriodStart"], row["BillingPeriodEnd"]) for row in rows()} == {
        ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    }
    assert rows(date(2028, 2, 29))[0]["ChargePeriodEnd"] == "2028-03-01T00:00:00Z"


def test_sums_add_up_to_the_bill() -> None:
    bill = price(usage())
    for by in ("service", "driver", "tier"):
        assert sum(sums(bill.lines, by).values()) == bill.total
    assert sums(bill.lines, "driver")["there anyway"] == bill.baseline
    assert set(sums(bill.lines, "tier")) == {"database", "cache", "edge", "network", "observability", "secrets"}
    assert sums(bill.lines, "service") == bill.by_service()


def test_per_million_requests() -> None:
    assert per_million(D("908.21"), D(1_000_000_000)) == D("0.91")
    assert per_million(D(1), D(0)) is None


def test_a_pull_request_sees_what_changes() -> None:
    before = price(usage())
    after = price(usage().model_copy(update={"nat": (NatGateway(count=3, gib=100),), "metered": usage().metered[1:]}))
    text = markdown(after, before)
    assert "| Amazon VPC | 37.35 | 103.05 | +65.70 |" in text
    assert "| AWS Secrets Manager | 0.80 | 0.00 | -0.80 |" in text
    assert f"| **Total** | {before.total:,} | {after.total:,} | +64.90 |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| ")}
    assert widths == {5}
    assert "edge\\|" not in text  # names of things stand only on lines, not in sums
    alone = markdown(before)
    assert f"| **Total** | {before.total:,} |" in alone
    assert "at prices from memory" in alone  # the metrics above 250,000


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    bill = price(usage())
    text = bill_text(bill.lines, bill.summary(), width=width)
    assert max(map(len, text.splitlines())) <= width
    for line in bill.lines:
        assert set(line.name.split()) <= set(re.sub(r"[*?│]", " ", text).split())
        assert f"{line.amount:,}" in text
        assert width < 200 or line.name in text


def test_a_price_from_memory_is_marked() -> None:
    text = bill_text(price(usage()).lines, [])
    marked = [line for line in text.splitlines() if "?" in line]
    assert len(marked) == 2, "one line at a price from memory, and what the mark means"
    assert "from memory" in marked[1]
    assert "?" not in bill_text(price(MonthUsage(nat=[NatGateway()])).lines, [])


def test_the_date_is_that_of_the_oldest_price_used() -> None:
    assert (
        price(MonthUsage(nat=[NatGateway()])).prices_as_of
        == load_book().price("nat.hour").tiers[0].date
        == "2026-10-07"
    )
    assert price(usage()).prices_as_of == "2024-08-09"

"""A bill in other people's forms: FOCUS 1.2 columns, a table for a pull request, sums by service, driver or tier."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from novamodel.cost.bill import Bill
from novamodel.cost.lines import COMMITMENTS, Line
from novamodel.cost.money import plain, to_cents, total, usd
from novamodel.cost.show import FROM_MEMORY

By = Literal["service", "driver", "tier"]

TIERS = {
    "compute": ("fargate", "eks", "ec2", "ebs", "lambda", "compute_sp", "instance_sp"),
    "database": ("rds", "aurora", "dynamodb", "docdb", "neptune", "database_sp"),
    "cache": ("elasticache",),
    "edge": ("elb", "apigateway", "waf", "route53", "cloudfront", "globalaccelerator", "acm"),
    "network": ("nat", "vpc", "transfer", "vpn", "transit", "firewall"),
    "observability": ("cloudwatch", "amp", "grafana", "opensearch", "cloudtrail", "config", "guardduty", "ssm"),
    "messages": ("sqs", "sns", "events", "sfn", "kinesis", "firehose", "mq", "msk"),
    "storage": ("s3", "ecr", "efs", "backup"),
    "secrets": ("secrets", "kms"),
}
"""Tier of a line by the first word of its price's key."""
DRIVERS = {"fixed": "there anyway", "use": "follows traffic"}

CATEGORIES = {
    "compute": ("Compute", "Other (Compute)"),
    "database": ("Databases", "Relational Databases"),
    "cache": ("Databases", "Caching"),
    "edge": ("Networking", "Application Networking"),
    "network": ("Networking", "Network Infrastructure"),
    "observability": ("Management and Governance", "Observability"),
    "messages": ("Integration", "Messaging"),
    "storage": ("Storage", "Other (Storage)"),
    "secrets": ("Security", "Secret Management"),
    "other": ("Other", "Other (Other)"),
}
"""FOCUS service category and subcategory of a tier."""

REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "Europe (Ireland)",
    "eu-central-1": "Europe (Frankfurt)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
}

FOCUS_COLUMNS = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "CapacityReservationId", "CapacityReservationStatus", "ChargeCategory",
    "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
    "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit",
    "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost",
    "ListUnitPrice", "PricingCategory", "PricingCurrency", "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName",
    "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory",
    "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId",
    "SubAccountName", "SubAccountType", "Tags",
    "x_PriceDate", "x_PriceKey", "x_PriceSource", "x_PriceStatus",
)  # fmt: skip
"""Columns of FOCUS 1.2 in its order, then ours (FinOps Open Cost and Usage Specification, 1.2, 2025-05-29)."""
AWS = "Amazon Web Services"


def tier_of(line: Line) -> str:
    """Which tier of the deployment a line belongs to."""
    words = line.key.split(".")
    reserved = words[0] in ("reserved", "convertible") and len(words) > 3
    first = words[3] if reserved else words[0]
    return next((tier for tier, words in TIERS.items() if first in words), "other")


_GROUPS: dict[str, Callable[[Line], str]] = {
    "service": lambda line: line.service,
    "driver": lambda line: DRIVERS[line.driver],
    "tier": tier_of,
}


def sums(lines: Sequence[Line], by: By) -> dict[str, Decimal]:
    """Amount in USD by service, driver or tier, in the order of the lines; the amounts add up to the bill's total."""
    group = _GROUPS[by]
    names = dict.fromkeys(map(group, lines))
    return {name: total(line.amount for line in lines if group(line) == name) for name in names}


def per_million(amount: Decimal, requests: Decimal) -> Decimal | None:
    """USD per million requests, to the cent; None without requests."""
    return to_cents(amount * 1_000_000 / requests) if requests else None


def focus_csv(bill: Bill, month: date, account: str = "novamodel") -> str:
    """A bill as one FOCUS 1.2 row a line, of the calendar month that `month` lies in; a forecast, so without invoice.

    Costs at list, contracted and effective prices are the exact product; the billed one is in cents.
    """
    begin = month.replace(day=1)
    end = date(begin.year + begin.month // 12, begin.month % 12 + 1, 1)
    out = io.StringIO()
    writer = csv.DictWriter(out, FOCUS_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in bill.lines:
        writer.writerow(_focus_row(bill, line, f"{begin}T00:00:00Z", f"{end}T00:00:00Z", account))
    return out.getvalue()


def _focus_row(bill: Bill, line: Line, begin: str, end: str, account: str) -> dict[str, str]:
    category, subcategory = CATEGORIES[tier_of(line)]
    numbers = (line.quantity * line.unit_price, line.unit_price, line.quantity)
    cost, price, quantity = map(_decimal, numbers)
    spot = line.key.endswith(".spot") or ".spot." in line.key
    bought = line.service == COMMITMENTS
    sku = line.sku or line.key
    return {
        "BilledCost": str(line.amount),
        "BillingAccountId": account,
        "BillingAccountName": account,
        "BillingAccountType": "Account",
        "BillingCurrency": bill.currency,
        "BillingPeriodEnd": end,
        "BillingPeriodStart": begin,
        "ChargeCategory": "Purchase" if bought else "Usage",
        "ChargeDescription": line.name,
        "ChargeFrequency": "Recurring" if bought else "Usage-Based",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": begin,
        "ConsumedQuantity": "" if bought else quantity,
        "ConsumedUnit": "" if bought else line.unit,
        "ContractedCost": cost,
        "ContractedUnitPrice": price,
        "EffectiveCost": cost,
        "InvoiceIssuerName": AWS,
        "ListCost": cost,
        "ListUnitPrice": price,
        "PricingCategory": "Committed" if bought else "Dynamic" if spot else "Standard",
        "PricingCurrency": bill.currency,
        "PricingCurrencyContractedUnitPrice": price,
        "PricingCurrencyEffectiveCost": cost,
        "PricingCurrencyListUnitPrice": price,
        "PricingQuantity": quantity,
        "PricingUnit": line.unit,
        "ProviderName": AWS,
        "PublisherName": AWS,
        "RegionId": line.region or bill.region,
        "RegionName": REGION_NAMES.get(line.region or bill.region, line.region or bill.region),
        "ServiceCategory": category,
        "ServiceName": line.service,
        "ServiceSubcategory": subcategory,
        "SkuId": sku,
        "SkuMeter": line.key,
        "SkuPriceId": f"{sku}.{plain(line.unit_price)}",
        "SubAccountId": account,
        "SubAccountName": account,
        "SubAccountType": "Account",
        "Tags": json.dumps({"driver": line.driver}),
        "x_PriceDate": line.date,
        "x_PriceKey": line.key,
        "x_PriceSource": line.source,
        "x_PriceStatus": line.status,
    }


def _decimal(number: Decimal) -> str:
    """A number with a decimal point, so that a reader does not take a column for one of integers."""
    text = plain(number)
    return text if "." in text else f"{text}.0"


def markdown(bill: Bill, before: Bill | None = None, by: By = "service") -> str:
    """A bill, or its change against `before`, as a Markdown table for a pull request, with what it leaves out."""
    now, was = sums(bill.lines, by), sums(before.lines, by) if before else {}
    heads = [by.capitalize(), *(["before", "after", "change"] if before else [f"{bill.currency} a month"])]
    rows = ["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    for name in dict.fromkeys([*now, *was]):
        rows.append(_markdown_row(name, now.get(name, Decimal(0)), was.get(name, Decimal(0)) if before else None))
    rows.append(_markdown_row("**Total**", bill.total, before.total if before else None))
    memory = total(line.amount for line in bill.lines if line.status == FROM_MEMORY)
    notes = [f"{bill.region}, list prices of {bill.prices_as_of} or later, {bill.hours_per_month:g} hours."]
    if memory:
        notes.append(f"{usd(memory)} of it at prices from memory.")
    items = "".join(f"\n- {_cell(text)}" for text in bill.not_priced)
    hidden = f"<details><summary>Not priced: {len(bill.not_priced)}</summary>\n{items}\n\n</details>"
    return "\n".join([*rows, "", " ".join(notes), "", hidden])


def _markdown_row(name: str, now: Decimal, was: Decimal | None) -> str:
    cells = [_cell(name)] + ([usd(now)] if was is None else [usd(was), usd(now), _change(now - was)])
    return f"| {' | '.join(cells)} |"


def _change(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else '-' if amount < 0 else ''}{usd(abs(amount))}" if amount else "0.00"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")

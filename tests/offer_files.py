"""Small made-up price list files in the form of AWS's own, for tests."""

import json
from pathlib import Path
from typing import Any

TERM = "JRTCKXETXF"


def product(sku: str, family: str, **attributes: str) -> dict[str, Any]:
    return {"sku": sku, "productFamily": family, "attributes": {"locationType": "AWS Region", **attributes}}


def tiers(sku: str, unit: str, *rungs: tuple[str, str, str]) -> dict[str, Any]:
    """An on-demand term: (begin, end, USD) of each tier."""
    dimensions = {
        f"{sku}.{TERM}.{number}": {
            "rateCode": f"{sku}.{TERM}.{number}",
            "description": "made up",
            "unit": unit,
            "beginRange": begin,
            "endRange": end,
            "pricePerUnit": {"USD": usd},
            "appliesTo": [],
        }
        for number, (begin, end, usd) in enumerate(rungs)
    }
    code = f"{sku}.{TERM}"
    return {
        code: {
            "offerTermCode": TERM,
            "sku": sku,
            "effectiveDate": "2026-11-01T00:00:00Z",
            "priceDimensions": dimensions,
            "termAttributes": {},
        }
    }


def flat(sku: str, unit: str, usd: str) -> dict[str, Any]:
    return tiers(sku, unit, ("0", "Inf", usd))


def reserved(sku: str, code: str, years: int, option: str, hourly: str, upfront: str = "0") -> dict[str, Any]:
    """A reserved term as AWS writes it: an upfront row in units of Quantity, a recurring one in Hrs."""
    dimensions = {
        "a": {"rateCode": "a", "unit": "Quantity", "description": "Upfront Fee", "pricePerUnit": {"USD": upfront}},
        "b": {
            "rateCode": "b",
            "unit": "Hrs",
            "beginRange": "0",
            "endRange": "Inf",
            "pricePerUnit": {"USD": hourly},
        },
    }
    said = {"LeaseContractLength": f"{years}yr", "OfferingClass": "standard", "PurchaseOption": option}
    return {f"{sku}.{code}": {"sku": sku, "priceDimensions": dimensions, "termAttributes": said}}


def offer(
    file: Path,
    code: str,
    products: list[dict[str, Any]],
    on_demand: dict[str, Any],
    terms: dict[str, Any] | None = None,
) -> Path:
    """Write an offer file."""
    whole = {
        "formatVersion": "v1.0",
        "disclaimer": "This pricing list is for informational purposes only.",
        "offerCode": code,
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
        "products": {one["sku"]: one for one in products},
        "terms": {"OnDemand": on_demand, **({"Reserved": terms} if terms else {})},
        "attributesList": {},
    }
    file.write_text(json.dumps(whole))
    return file


def plans(file: Path, rates: dict[str, str], family: str = "ComputeSavingsPlans", years: int = 1) -> Path:
    """Write a savings plans' file of one plan without upfront payment: the rate of each discounted product."""
    plan = {
        "sku": "PLAN1",
        "productFamily": family,
        "serviceCode": family,
        "attributes": {"purchaseOption": "No Upfront", "granularity": "hourly", "purchaseTerm": f"{years}yr"},
    }
    rows = [
        {
            "discountedSku": sku,
            "discountedUsageType": "made up",
            "discountedOperation": "",
            "discountedServiceCode": "AmazonECS",
            "rateCode": f"PLAN1.{sku}",
            "unit": "Hrs",
            "discountedRate": {"price": price, "currency": "USD"},
        }
        for sku, price in rates.items()
    ]
    term = {
        "sku": "PLAN1",
        "description": "made up",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "leaseContractLength": {"duration": years, "unit": "year"},
        "rates": rows,
    }
    whole = {
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
        "regionCode": "us-east-1",
        "products": [plan],
        "terms": {"savingsPlan": [term]},
    }
    file.write_text(json.dumps(whole))
    return file

"""Declared S3 buckets: what a usage file says is in each storage class and done with it."""

from __future__ import annotations

from collections.abc import Mapping

from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found

REQUESTS = {
    "monthly_tier_1_requests": "put",
    "monthly_tier_2_requests": "get",
    "monthly_lifecycle_transition_requests": "transition",
    "monthly_data_retrieval_gb": "retrieval",
    "monthly_standard_data_retrieval_gb": "retrieval",
    "monthly_expedited_data_retrieval_gb": "retrieval_expedited",
    "monthly_bulk_data_retrieval_gb": "retrieval_bulk",
    "monthly_standard_data_retrieval_requests": "retrieval_requests",
    "monthly_expedited_data_retrieval_requests": "retrieval_expedited_requests",
    "monthly_bulk_data_retrieval_requests": "retrieval_bulk_requests",
}
SELECT = {
    "monthly_select_data_scanned_gb": "scanned",
    "monthly_select_data_returned_gb": "returned",
    "monthly_standard_select_data_scanned_gb": "scanned",
    "monthly_standard_select_data_returned_gb": "returned",
    "monthly_expedited_select_data_scanned_gb": "expedited.scanned",
    "monthly_expedited_select_data_returned_gb": "expedited.returned",
    "monthly_bulk_select_data_scanned_gb": "bulk.scanned",
    "monthly_bulk_select_data_returned_gb": "bulk.returned",
}
STORED = {
    "storage_gb": "storage",
    "frequent_access_storage_gb": "storage",
    "infrequent_access_storage_gb": "infrequent",
    "archive_access_storage_gb": "archive",
    "deep_archive_access_storage_gb": "deep_archive",
    "early_delete_gb": "storage",
    "monitored_objects": "monitoring",
}
CLASSES: Mapping[str, tuple[str, str]] = {
    "standard": ("standard", "standard"),
    "intelligent_tiering": ("intelligent_tiering", "standard"),
    "standard_infrequent_access": ("standard_ia", "infrequent"),
    "one_zone_infrequent_access": ("one_zone_ia", "infrequent"),
    "glacier_instant_retrieval": ("glacier_instant", "infrequent"),
    "glacier_flexible_retrieval": ("glacier", "glacier"),
    "glacier_deep_archive": ("deep_archive", "glacier"),
}
"""Storage classes as usage files call them: as our prices do, and whose prices of S3 Select they take."""


def bucket(one: Declared, found: Found) -> None:
    """A bucket: each figure of its use at the price of its class; nothing is known of one without."""
    if not one.usage:
        found.leave(one, f"bytes and requests: {BY_USE}")
        return
    found.meter("s3.tags", (one.used("object_tags") or 0) * one.count, one)
    for path in one.usage:
        name, dot, figure = path.partition(".")
        amount = (one.used(path) or 0) * one.count
        if not dot or not amount:
            continue
        key = _key(name, figure)
        if key is None:
            found.leave(one, f"{path.replace('_', ' ')}: no price of this kind")
        else:
            found.meter(key, amount, one, "fixed" if figure in STORED else "use")


def _key(name: str, figure: str) -> str | None:
    """The price of a figure of a storage class."""
    if name not in CLASSES:
        return None
    kind, select = CLASSES[name]
    if figure in STORED:
        return f"s3.{kind}.{STORED[figure]}"
    if figure in REQUESTS:
        return f"s3.{REQUESTS[figure]}" if kind == "standard" else f"s3.{kind}.{REQUESTS[figure]}"
    if figure in SELECT:
        way, _, moved = SELECT[figure].rpartition(".")
        return f"s3.select.{select}{f'_{way}' if way else ''}.{moved}"
    return None

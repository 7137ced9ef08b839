"""A database whose storage fills in the run, and RDS's storage autoscaling."""

from __future__ import annotations

from typing import Literal

from novamodel.scenario.fields import Bytes, Part, Seconds, given


class StorageGrowth(Part):
    """Storage that fills at a constant rate; full, the database takes no statement until more is allocated."""

    simplified = "it grows at a constant rate, whatever the load; more storage changes neither IOPS nor latency"

    used: Bytes = given("0 GiB", "used when the run begins", "assumed")
    per_hour: Bytes = given("0 GiB", "what is added an hour", "assumed: none")
    max_allocated: Bytes = given(
        "0 GiB", "autoscaling stops here (max_allocated_storage); 0 GiB = no autoscaling", "documented: RDS, off"
    )
    rule: Literal["older", "current", "2026"] = given(
        "current", "which wording of AWS's rule holds", "documented: RDS User Guide"
    )
    optimisation: Seconds = given("6 h", "how long a modification is optimised", "documented: RDS, several hours")

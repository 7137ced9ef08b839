"""RDS storage autoscaling: when it acts, by how much, and whether the disk fills before it may act again.

Amazon RDS User Guide, Managing capacity automatically with storage autoscaling. The text has changed, so the rule has
a version: `current` waits six hours since the last modification, `2026` for the end of its optimisation and for fewer
than four modifications in 24 hours, `older` acts only below a tenth and adds 5 GiB at least.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Rule = Literal["older", "current", "2026"]
Reading = Literal["seven_hours_of_growth", "excess_over_allocated"]

LOW_PCT = 10.0
LOW_MINUTES = 5.0
PAUSE_H = 6.0
LOOKS_AHEAD_H = 7.0
SHARE = 0.1
MODIFICATIONS = 4
FLOOR_GIB = {"older": 5.0, "current": 10.0, "2026": 10.0}


class Filling(NamedTuple):
    """Growth from a trigger on; hours from then."""

    increment_gib: float
    new_allocated_gib: float
    hours_to_full: float
    next_scaling_allowed_h: float
    full_before_next: bool


def storage_scales(
    free_pct: float,
    minutes_low: float,
    hours_since_modification: float | None,
    rule: Rule = "current",
    optimised: bool = True,
    modifications_last_24h: int = 0,
) -> bool:
    """Whether autoscaling acts now; ``hours_since_modification`` None = never modified."""
    low = free_pct < LOW_PCT if rule == "older" else free_pct <= LOW_PCT
    if not low or minutes_low < LOW_MINUTES:
        return False
    if rule == "2026":
        return optimised and modifications_last_24h < MODIFICATIONS
    return optimised and (hours_since_modification is None or hours_since_modification >= PAUSE_H)


def storage_increment(
    allocated_gib: float,
    growth_gib_per_h: float,
    floor_gib: float = FLOOR_GIB["current"],
    used_gib: float = 0.0,
    reading: Reading = "seven_hours_of_growth",
) -> float:
    """GiB that one step adds: the largest of the floor, a tenth, and what growth asks for."""
    growth = LOOKS_AHEAD_H * growth_gib_per_h
    if reading == "excess_over_allocated":
        growth += used_gib - allocated_gib
    return max(floor_gib, SHARE * allocated_gib, growth)


def hours_to_full(allocated_gib: float, used_gib: float, growth_gib_per_h: float) -> float:
    """Hours until the disk is full; infinite where nothing grows."""
    return max(0.0, allocated_gib - used_gib) / growth_gib_per_h if growth_gib_per_h > 0 else float("inf")


def storage_filling(
    allocated_gib: float,
    used_gib: float,
    growth_gib_per_h: float,
    floor_gib: float,
    max_allocated_gib: float,
    reading: Reading,
) -> Filling:
    """One step at the trigger, and whether the disk is full before the next is allowed."""
    increment = storage_increment(allocated_gib, growth_gib_per_h, floor_gib, used_gib, reading)
    allocated = min(allocated_gib + increment, max_allocated_gib)
    full = hours_to_full(allocated, used_gib, growth_gib_per_h)
    allowed = PAUSE_H + LOW_MINUTES / 60.0
    return Filling(increment, allocated, full, allowed, full < allowed)

"""Numbers as the figures' sentences say them: with a unit, three significant digits, and their interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from novamodel import units


def time_text(seconds: float) -> str:
    """0.4123 -> ``"412 ms"``; nan -> ``"unknown"``."""
    return units.format_time(float(f"{seconds:.3g}")).replace("us", "µs") if math.isfinite(seconds) else "unknown"


def share_text(share: float) -> str:
    """0.00123 -> ``"0.123 %"``; nan -> ``"unknown"``."""
    return units.format_fraction(share) if math.isfinite(share) else "unknown"


def part_text(share: float) -> str:
    """A part of a whole in whole percent: 0.204 -> ``"20 %"``."""
    return units.format_part(share)


def number_text(value: float) -> str:
    """1234.5 -> ``"1,234"``, 12.345 -> ``"12.3"``; nan -> ``"unknown"``."""
    if not math.isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def value_text(value: float, unit: str) -> str:
    """A value of an estimate with its unit (``s``, ``1`` or ``1/s``)."""
    if unit == "s":
        return time_text(value)
    return share_text(value) if unit == "1" else f"{number_text(value)} requests/s"


def span_text(value: float, low: float, high: float, unit: str) -> str:
    """``"412 ms [371 ms, 455 ms]"``, the interval cut where no time or share lies; the value where it has none."""
    if not math.isfinite(value):
        return "unknown"
    least, most = max(low, 0.0), min(high, 1.0) if unit == "1" else high
    return " ".join(part for part in units.format_estimate(value, least, most, unit) if part).replace("us", "µs")


def estimate_text(item: Any) -> str:
    """An SLO result or estimate row with its interval."""
    return span_text(item.value, item.low, item.high, item.unit)


def slo_name(item: Any) -> str:
    """``p99`` or ``p99(login)``."""
    return f"{item.metric}({item.of})" if item.of else str(item.metric)


def verdict(slos: Sequence[Any], when: str = "") -> str:
    """Does the SLO hold, `when` being words like "at 450 requests/s"?

    Names the first missed objective, or the first latency objective, with its value.
    """
    at = f" {when}" if when else ""
    if not slos:
        return f"No SLO is given{at}"
    missed = [item for item in slos if not item.met]
    shown = missed[0] if missed else next((item for item in slos if item.unit == "s"), slos[0])
    limit = value_text(shown.limit, shown.unit)
    fact = f"{slo_name(shown)} is {estimate_text(shown)}"
    if missed:
        more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
        text = f"The SLO is missed{at}: {fact}, limit {limit}{more}"
    else:
        text = f"The SLO holds{at}: {fact}, limit {limit}"
    return text + ("; the interval contains the limit: more replications would decide" if undecided(shown) else "")


def undecided(item: Any) -> bool:
    """Whether the limit lies inside the interval, so that more replications could turn the verdict."""
    return math.isfinite(item.low) and item.low <= item.limit <= item.high


def listed(words: Iterable[str], most: int = 4) -> str:
    """``"a, b and c"``; a long list is cut and says how many are left out."""
    names = list(words)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def size_text(row: Any) -> str:
    """A size in the terms of its files: ``"4 to 12 x 500m/750m, 512 MiB, pool 12"``.

    `row` has (as attributes, missing or None where unknown) `min_replicas`, `max_replicas`, `cpu_request`,
    `cpu_limit` (cores), `memory_request`, `memory_limit` (bytes) and `pool_max`.
    """
    low, high, request, limit, memory, pool = (
        _known(row, name)
        for name in ("min_replicas", "max_replicas", "cpu_request", "cpu_limit", "memory_limit", "pool_max")
    )
    memory = _known(row, "memory_request") if memory is None else memory
    parts = []
    if low is not None:
        parts.append(f"{low:.0f}" if high is None or high == low else f"{low:.0f} to {high:.0f}")
    if request is not None:
        parts.append(units.format_cores(request) + (f"/{units.format_cores(limit)}" if limit is not None else ""))
    texts = [" x ".join(parts)] if parts else []
    texts += [units.format_bytes(memory)] if memory is not None else []
    texts += [f"pool {pool:.0f}"] if pool is not None else []
    return ", ".join(texts)


def _known(row: Any, name: str) -> float | None:
    value = getattr(row, name, None)
    return float(value) if value is not None and math.isfinite(value) else None

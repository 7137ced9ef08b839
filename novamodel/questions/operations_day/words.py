"""How the answer writes minutes, intervals and losses."""

from __future__ import annotations

import math
from typing import Any

from novamodel.questions.shared import seconds_text


def minutes_text(event: Any) -> str:
    """Minutes of the SLO that an event costs, with their interval; the least, where the run ends before it is over."""
    if event.ongoing:
        return f"at least {event.minutes_lost:.1f}"
    return span_text("{:.1f}", event.minutes_lost, event.lost_low, event.lost_high)


def span_text(form: str, value: float, low: float, high: float) -> str:
    """A value with its interval, where it has one."""
    text = form.format(value)
    return f"{text} [{form.format(max(low, 0.0))}, {form.format(high)}]" if math.isfinite(low) else text


def endless_text(value: float) -> str:
    """A time; in words where nothing is lost, or all."""
    if math.isinf(value):
        return "never: all is lost"
    return seconds_text(value) if value != 0 else "nothing"

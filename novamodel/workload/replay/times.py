"""Times as logs write them, in seconds since 1970-01-01 UTC."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_MONTHS = {"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * i : 3 * i + 3]: i + 1 for i in range(12)}
_LATEST = 1e11  # seconds: the year 5138; a larger number counts something shorter


def clock_reader(zone: tzinfo, per_s: float) -> Callable[[object], float]:
    """A function from a recorded time (number, or text in one of three forms) to seconds; ``ValueError``: none.

    A number counts ``per_s`` a second, from 1970 or from any start. Text is a number, ISO 8601 (without an offset:
    in ``zone``), or the Common Log Format's 29/Nov/2026:08:05:21 +0000.
    """

    @lru_cache(maxsize=4096)
    def of_text(text: str) -> float:
        bare = text.strip().strip("[]")
        try:
            number = float(bare)
        except ValueError:
            return _common(bare) if bare[2:3] == "/" else _iso(bare, zone)
        return checked(number)

    def checked(number: float) -> float:
        seconds = number / per_s
        if not math.isfinite(seconds):
            raise ValueError(f"{number} is no time")
        if abs(seconds) > _LATEST:
            raise ValueError(f"time {number:.0f} lies after the year 5138 in this unit; say time_unit (ms, us or ns)")
        return seconds

    def clock(value: object) -> float:
        if isinstance(value, str):
            return of_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return checked(float(value))
        raise ValueError(f"{value!r} is no time")

    return clock


def _iso(text: str, zone: tzinfo) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time (a number, ISO 8601, or 29/Nov/2026:08:05:21 +0000)") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _common(text: str) -> float:
    try:
        day, month, rest = text.split("/")
        year, hour, minute, second_offset = rest.split(":")
        second, offset = second_offset.split(" ")
        sign = {"+": 1, "-": -1}[offset[0]]
        zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])))
        moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone)
    except (ValueError, KeyError, IndexError):
        raise ValueError(f"{text!r} is no time like 29/Nov/2026:08:05:21 +0000") from None
    return moment.timestamp()

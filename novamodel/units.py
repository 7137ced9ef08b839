"""Quantities with units, as people write them, to SI base units and back.

``"512Mi"`` is bytes, ``"500m"`` cores, ``"10r/s"`` a rate, ``"2 s"`` seconds, ``"0.1 %"`` a fraction.
Every parser takes what a user wrote and returns a float in the SI base unit, or raises ``ValueError``
with what would be valid. A bare number is refused where the unit would be a guess (times, sizes, rates).
"""

from __future__ import annotations

import math
import re

TIME_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
BYTES: dict[str, float] = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
}
BYTES |= {f"{p}{s}": 1024**i for i, p in enumerate("KMGT", 1) for s in ("i", "iB")}
PER_S = {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}

_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.S)


def _split(value: object, example: str) -> tuple[float, str]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a quantity; write it like {example!r}")
    if isinstance(value, int | float):
        number, unit = float(value), ""
    else:
        match = _NUMBER.fullmatch(value.strip())
        if not match:
            raise ValueError(f"{value!r} is not a quantity; write it like {example!r}")
        number, unit = float(match[1]), match[2]
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number; write it like {example!r}")
    return number, unit


def _scaled(value: object, units: dict[str, float], kind: str, example: str) -> float:
    number, unit = _split(value, example)
    if unit not in units:
        valid = ", ".join(units)
        problem = f"{value!r} has no unit" if not unit else f"{unit!r} is not a unit of {kind}"
        raise ValueError(f"{problem}; write it like {example!r} (units: {valid})")
    scale = units[unit]
    # dividing by a whole reciprocal keeps "5 ms" the same float as 5 / 1000
    return number / round(1 / scale) if scale < 1 else number * scale


def parse_time(value: object) -> float:
    """``"300 ms"`` -> 0.3 (seconds)."""
    return _scaled(value, TIME_S, "time", "300 ms")


def parse_bytes(value: object) -> float:
    """``"512Mi"`` or ``"512 MiB"`` -> bytes."""
    return _scaled(value, BYTES, "size", "512 MiB")


def parse_cores(value: object) -> float:
    """``"500m"``, ``0.5`` or ``"2 vCPU"`` -> cores."""
    number, unit = _split(value, "500m")
    if unit in ("", "vCPU", "cores", "core"):
        return number
    if unit == "m":
        return number / 1000
    raise ValueError(f"{unit!r} is not a unit of CPU; write it like '500m' or 0.5")


def parse_amount(value: object) -> float:
    """A Kubernetes quantity: ``"500m"`` -> 0.5, ``"2k"`` -> 2000, ``"200Mi"`` -> bytes; a bare number is itself."""
    number, unit = _split(value, "500m")
    scales = {"": 1.0, "m": 1e-3, "T": 1e12} | {name: size for name, size in BYTES.items() if name != "B"}
    if unit not in scales:
        raise ValueError(f"{unit!r} is no suffix of a quantity; write it like '500m', 20 or '200Mi'")
    return number / 1000 if unit == "m" else number * scales[unit]


def parse_rate(value: object) -> float:
    """``"450 requests/s"``, ``"10r/s"`` or ``"6/min"`` -> events a second."""
    number, unit = _split(value, "450 requests/s")
    what, slash, per = unit.partition("/")
    if not slash or per.strip() not in PER_S or what.strip() not in ("", "r", "req", "request", "requests", "ops"):
        raise ValueError(f"{value!r} is not a rate; write it like '450 requests/s' or '6 requests/min'")
    return number / PER_S[per.strip()]


def parse_fraction(value: object) -> float:
    """``"0.1 %"`` -> 0.001; a bare number is taken as the fraction itself."""
    number, unit = _split(value, "0.1 %")
    if unit not in ("", "%"):
        raise ValueError(f"{unit!r} is not a unit of share; write it like '70 %' or 0.7")
    return number / 100 if unit else number


def parse_clock(value: object) -> float:
    """``"17:45"`` -> seconds since midnight."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", str(value).strip())
    if match:
        return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3] or 0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 86400:
        return float(value)
    raise ValueError(f"{value!r} is not a time of day; write it like '17:45'")


def _plain(number: float, digits: int = 4) -> str:
    return f"{number:.{digits}g}" if abs(number) < 1e4 else f"{number:,.0f}"


def format_time(seconds: float, digits: int = 4) -> str:
    """0.0123 -> ``"12.3 ms"``."""
    for unit, scale in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * scale:
            return f"{_plain(seconds / scale, digits)} {unit}"
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= scale:
            return f"{_plain(seconds / scale, digits)} {unit}"
    return "0 s" if seconds == 0 else f"{_plain(seconds / 1e-9, digits)} ns"


def format_bytes(size: float) -> str:
    """536870912 -> ``"512 MiB"``."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if abs(size) >= BYTES[unit]:
            return f"{_plain(size / BYTES[unit])} {unit}"
    return f"{_plain(size)} B"


def format_cores(cores: float) -> str:
    """0.25 -> ``"250m"``."""
    return f"{round(cores * 1000)}m"


def format_rate(rate_per_s: float, digits: int = 4) -> str:
    """450 -> ``"450 requests/s"``."""
    return f"{_plain(rate_per_s, digits)} requests/s"


def format_fraction(share: float, digits: int = 3) -> str:
    """0.001 -> ``"0.1 %"``."""
    return f"{share * 100:.{digits}g} %"


FEW_DIGITS, MOST_DIGITS = 3, 6


def format_estimate(value: float, low: float, high: float, unit: str) -> tuple[str, str]:
    """A figure (unit ``s``, ``1`` for a share, ``1/s``) and its interval, with digits enough to see how wide it is.

    ``("124.2 ms", "[123.9 ms, 124.6 ms]")``; ``-`` where there is no figure, nothing where there is no interval.
    """
    write = {"s": format_time, "1": format_fraction, "1/s": format_rate}[unit]
    digits, known = FEW_DIGITS, math.isfinite(low) and math.isfinite(high)
    if known and math.isfinite(value) and high > low:
        most = max(abs(value), abs(low), abs(high))
        needed = 1 + math.floor(math.log10(most)) - math.floor(math.log10((high - low) / 2))
        digits = min(max(FEW_DIGITS, needed), MOST_DIGITS)
    figure = write(value, digits) if math.isfinite(value) else "-"
    return figure, f"[{write(low, digits)}, {write(high, digits)}]" if known else ""


def format_part(share: float) -> str:
    """A part of a whole in whole percent: 0.204 -> ``"20 %"``, 0.002 -> ``"<1 %"``."""
    return "<1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def format_clock(seconds: float, *, to_second: bool = False) -> str:
    """64800 -> ``"18:00"``, to the second ``"18:00:00"``."""
    whole = int(seconds) % 86400
    minutes = f"{whole // 3600:02d}:{whole % 3600 // 60:02d}"
    return f"{minutes}:{whole % 60:02d}" if to_second else minutes

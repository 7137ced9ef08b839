"""Quantities as each format writes them, turned into the scenario's written form (a text with its unit)."""

from __future__ import annotations

import re
from typing import Any

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_COMPOSE_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmg]?)b?", re.I)
_ECS_MEMORY = re.compile(r"(\d+(?:\.\d+)?)\s*(GB|MiB|MB)?", re.I)


def whole(value: Any) -> Any:
    """``"3"`` -> 3; anything else comes back as it is, for the scenario to refuse with its place."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) <= 15:
        return int(value)
    return value


def seconds(value: Any) -> Any:
    """``30`` -> ``"30 s"`` (Kubernetes writes whole seconds)."""
    value = whole(value)
    return f"{value} s" if isinstance(value, int | float) and not isinstance(value, bool) else value


def milliseconds(value: int | float) -> str:
    """``30000`` -> ``"30 s"``, ``250`` -> ``"250 ms"``."""
    return f"{value // 1000:.0f} s" if value >= 1000 and value % 1000 == 0 else f"{value} ms"


def duration(text: str) -> str:
    """A Prometheus duration: ``"1m30s"`` -> ``"90 s"``; anything else comes back as it is."""
    if text.strip() == "0":
        return "0 s"
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        return text
    d, h, m, s, ms = (int(part or 0) if len(part or "") <= 9 else 0 for part in match.groups())
    total_ms = (((d * 24 + h) * 60 + m) * 60 + s) * 1000 + ms
    return milliseconds(total_ms)


def kubernetes_memory(value: Any) -> Any:
    """``"512Mi"`` as it is; a bare number is bytes."""
    number = whole(value)
    return f"{number} B" if isinstance(number, int | float) and not isinstance(number, bool) else value


def compose_memory(value: Any) -> Any:
    """``"512M"`` -> ``"512 MiB"``: Docker's units are powers of 1024 and a bare number is bytes."""
    match = _COMPOSE_SIZE.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
    if not match or isinstance(value, bool):
        return value
    return f"{match[1]} " + {"": "B", "b": "B", "k": "KiB", "m": "MiB", "g": "GiB"}[match[2].lower()]


def ecs_cpu(value: Any) -> Any:
    """``"512"`` CPU units -> 0.5 cores; ``"0.5 vCPU"`` -> 0.5 cores."""
    text = str(value).strip()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*vcpu", text, re.I)
    if match:
        return float(match[1])
    units = whole(text) if not isinstance(value, bool) else value
    return units / 1024 if isinstance(units, int) and not isinstance(units, bool) else value


def ecs_memory(value: Any) -> Any:
    """``"1024"`` MiB -> ``"1024 MiB"``; ``"1 GB"`` -> ``"1 GiB"`` (ECS means powers of 1024)."""
    match = _ECS_MEMORY.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
    if not match or isinstance(value, bool):
        return value
    return f"{match[1]} {'GiB' if (match[2] or '').upper() == 'GB' else 'MiB'}"

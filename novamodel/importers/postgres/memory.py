"""PostgreSQL's memory settings as files write them: a number has the setting's own unit, a text its unit behind it."""

from __future__ import annotations

import re

from novamodel.importers.quantity import whole
from novamodel.importers.report import Said

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?")
_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_OWN_UNIT = {"shared_buffers": 8192, "work_mem": 1024, "maintenance_work_mem": 1024}
"""Bytes of one, where a bare number is written (pg_settings.unit)."""
MEMORY_SETTINGS = (*_OWN_UNIT, "autovacuum_max_workers")


def memory_said(below: str, name: str, text: str, file: str | None, line: int | None, why: str = "") -> Said | None:
    """What a memory setting says of the database at a path; None where it is none, or is written otherwise."""
    text = text.strip().strip("'\"")
    path = f"{below}.memory_settings"
    if name == "autovacuum_max_workers" and isinstance(whole(text), int):
        return Said(f"{path}.autovacuum_workers", whole(text), file, line, why)
    match = _SIZE.fullmatch(text) if name in _OWN_UNIT else None
    if match is None:
        return None
    size = float(match[1]) * (_UNITS[match[2]] if match[2] else _OWN_UNIT[name])
    return Said(f"{path}.{name}", f"{size:.0f} B", file, line, why)

"""A finding: something inconsistent, with its place and what would mend it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["error", "warning", "note"]
Finding: TypeAlias = dict[str, Any]
"""A row: level, code, file, line, message, fix; file and line are None where no file says it."""

_ORDER = {"error": 0, "warning": 1, "note": 2}


def finding(level: Level, code: str, file: str | None, line: int | None, message: str, fix: str) -> Finding:
    """The row of one finding."""
    return {"level": level, "code": code, "file": file, "line": line, "message": message, "fix": fix}


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by file and line."""
    return sorted(findings, key=lambda f: (_ORDER[f["level"]], f["file"] or "", f["line"] or 0, f["code"]))

"""How a rule says what it has found, and what it could not know."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from novamodel.audit.kinds import kind_of
from novamodel.scenario import Finding, Level, finding


class Placed(Protocol):
    """Anything that stands somewhere in a file."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


class Place(NamedTuple):
    """A file and a line."""

    file: str
    line: int


class NotChecked(NamedTuple):
    """A rule that the files cannot decide: which kind, where, and what would have to be known."""

    code: str
    file: str
    line: int
    why: str


def fault(code: str, place: Placed, message: str, fix: str, level: Level | None = None) -> Finding:
    """A finding of a known kind; its level is the kind's unless this one weighs differently."""
    return finding(level or kind_of(code).level, code, place.file, place.line, message, fix)


def open_question(code: str, place: Placed, why: str) -> NotChecked:
    """What a rule would have to know, and why the files do not say it."""
    return NotChecked(code, place.file, place.line, why)

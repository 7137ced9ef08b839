"""Parts of an answer, each tried by itself: one that fails says why, and the others are there all the same."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import NamedTuple, Protocol, TypeVar

from novamodel.errors import UserError, one_line

T = TypeVar("T")


class Attempt(Protocol):
    """Makes a part by its name, or lets its failure through."""

    def __call__(self, name: str, work: Callable[[], T], /) -> T | None: ...


class Failed(NamedTuple):
    """A part that could not be made: its name, why, and whether that is a fault of ours (else what was given)."""

    part: str
    why: str
    fault: bool

    def __str__(self) -> str:
        return f"{self.part}: not known: {self.why}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.part)}</b>: not known: {escape(self.why)}</p>"


class Parts:
    """The parts that failed, by name."""

    def __init__(self) -> None:
        self.failed: dict[str, Failed] = {}

    def __repr__(self) -> str:
        return f"Parts(failed: {', '.join(self.failed) or 'none'})"

    def attempt(self, name: str, work: Callable[[], T]) -> T | None:
        """What the work gives; None where it fails, with the reason kept."""
        try:
            return work()
        except Exception as problem:
            if isinstance(problem, UserError):
                self.failed[name] = Failed(name, str(problem), False)
            else:
                self.failed[name] = Failed(name, one_line(f"{type(problem).__name__}: {problem}"), True)
            return None

    @property
    def fault(self) -> bool:
        """Whether a part failed by a fault of ours."""
        return any(one.fault for one in self.failed.values())

    def rows(self) -> list[dict[str, object]]:
        """Plain rows, a part of answer.json."""
        return [one._asdict() for one in self.failed.values()]


def plainly(name: str, work: Callable[[], T]) -> T | None:
    """An ``attempt`` that lets every failure through."""
    return work()

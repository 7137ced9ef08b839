"""Where in a sweep file something stands."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from novamodel.errors import UserError
from novamodel.yamlfile import Lines


class Places(NamedTuple):
    """The sweep file (None where the sweep came as a mapping) and the line of every path in it."""

    file: Path | None
    lines: Lines

    def mistake(
        self,
        message: str,
        *where: str | int,
        valid: str | Iterable[object] | None = None,
        given: object | None = None,
    ) -> UserError:
        """A mistake at the place ``where``, such as ``("vary", "run.seed", 0)``."""
        line = next((self.lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in self.lines), None)
        path = ".".join(str(word) for word in where)
        return UserError(message, file=self.file, line=line, path=path, valid=valid, given=given)

    def from_scenario(self, problem: UserError, *where: str | int, of: str = "") -> UserError:
        """A mistake that the scenario found, told at the place in the sweep file."""
        named = f"{problem.path}: " if problem.path and problem.path not in (*where, "") else ""
        return self.mistake(f"{of}{named}{problem.message}", *where, valid=problem.valid or None)

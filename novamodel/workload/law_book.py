"""Writes a table of laws: each law once, whoever asks for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from novamodel.errors import UserError
from novamodel.workload import laws as codes
from novamodel.workload.laws import Laws

_PARAMETERS: dict[str, tuple[int, str, float, float]] = {
    "lognormal": (codes.LOGNORMAL, "sigma", 0.0, 10.0),
    "gamma": (codes.GAMMA, "shape", 0.01, 10_000.0),
    "uniform": (codes.UNIFORM, "half width relative to the mean", 0.0, 1.0),
}
_PLAIN = {"deterministic": codes.DETERMINISTIC, "exponential": codes.EXPONENTIAL, "unit": codes.UNIT}
NAMES = (*_PLAIN, *_PARAMETERS, "mixture", "empirical")


class LawBook:
    """Laws by row, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Any, ...], int] = {}
        self._laws: list[tuple[int, float, int, int]] = []
        self._parts: list[tuple[float, float, int]] = []

    def add(self, name: str, *parameters: Any) -> int:
        """Row of a law; a law that is there already keeps its row.

        deterministic, exponential, unit (the draw stays a uniform number); lognormal, sigma; gamma, shape
        (0.01 to 10,000); uniform, half width relative to the mean (0 to 1); mixture, parts of (weight, mean, row):
        weights and means in any unit, rows from this book; empirical, samples (not negative, in any order and unit).
        """
        if name in _PLAIN:
            self._expect(name, parameters, 0)
            return self._row(_PLAIN[name], 0.0, [])
        if name in _PARAMETERS:
            code, what, least, most = _PARAMETERS[name]
            self._expect(name, parameters, 1)
            value = float(parameters[0])
            if not least <= value <= most:
                raise UserError(f"law {name}: {what} is {value:g}", valid=f"{least:g} to {most:g}")
            return self._row(code, value, [])
        if name == "mixture":
            self._expect(name, parameters, 1)
            return self._row(codes.MIXTURE, 0.0, self._mixture(parameters[0]))
        if name == "empirical":
            self._expect(name, parameters, 1)
            return self._row(codes.EMPIRICAL, 0.0, _samples(parameters[0]))
        raise UserError(f"law {name!r} is unknown", valid=NAMES, given=name)

    def table(self) -> Laws:
        """The table in lists."""
        code, parameter, first, end = ([law[i] for law in self._laws] for i in range(4))
        parts = self._parts or [(1.0, 1.0, 0)]
        weight, value, row = ([part[i] for part in parts] for i in range(3))
        return Laws(code, parameter, first, end, weight, value, row)

    def arrays(self) -> Laws:
        """The table in arrays: whole numbers int64, others float64."""
        columns = self.table()._asdict()
        floats = ("parameter", "weight", "value")
        return Laws(**{n: np.array(c, dtype=np.float64 if n in floats else np.int64) for n, c in columns.items()})

    def _row(self, code: int, parameter: float, parts: Sequence[tuple[float, float, int]]) -> int:
        key = (code, parameter, tuple(parts))
        if key not in self._rows:
            first = len(self._parts)
            self._parts.extend(parts)
            self._rows[key] = len(self._laws)
            self._laws.append((code, parameter, first, len(self._parts)))
        return self._rows[key]

    def _mixture(self, parts: Iterable[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
        """Parts with cumulative weights and means relative to the whole; those without weight are left out."""
        given = [(float(weight), float(mean), int(row)) for weight, mean, row in parts]
        if any(not (0.0 <= w < math.inf and 0.0 <= m < math.inf) for w, m, _ in given):
            raise UserError("law mixture: a part's weight or mean is negative or no number", valid="0 or more")
        given = [part for part in given if part[0] > 0.0]
        total = sum(weight for weight, _, _ in given)
        mean = sum(weight * mean for weight, mean, _ in given) / total if given else 0.0
        if mean <= 0.0:
            raise UserError("law mixture: no part with a weight and a mean above 0", valid="parts (weight, mean, row)")
        for _, _, row in given:
            if not 0 <= row < len(self._laws) or self._laws[row][0] == codes.UNIT:
                raise UserError(f"law mixture: row {row} holds no law of a duration", valid="a row that add() returned")
        result, cumulative = [], 0.0
        for weight, part_mean, row in given:
            cumulative += weight / total
            result.append((cumulative, part_mean / mean, row))
        result[-1] = (1.0, *result[-1][1:])
        return result

    @staticmethod
    def _expect(name: str, parameters: tuple[Any, ...], count: int) -> None:
        if len(parameters) != count:
            raise UserError(f"law {name} is given {len(parameters)} parameters", valid=str(count))


def _samples(samples: Iterable[float]) -> list[tuple[float, float, int]]:
    values = sorted(float(value) for value in samples)
    if not values:
        raise UserError("law empirical: no samples", valid="one or more")
    if not all(0.0 <= value < math.inf for value in values):
        raise UserError("law empirical: a sample is negative or no number", valid="0 or more")
    mean = math.fsum(values) / len(values)
    if mean <= 0.0:
        raise UserError("law empirical: all samples are 0", valid="a mean above 0")
    return [(0.0, value / mean, 0) for value in values]

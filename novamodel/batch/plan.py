"""The cases of a sweep as a lazy sequence: case i is computed from i, so that 100,000 take no memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from novamodel.batch.axes import Axis, axis
from novamodel.batch.design import point_count, points
from novamodel.batch.model import SAMPLED, Sweep


class Case(NamedTuple):
    """One variant: its number, the overrides that make it (as written) and its seed."""

    number: int
    overrides: dict[str, Any]
    seed: int


class Column(NamedTuple):
    """A parameter in the table: its override path, kind (int, float, bool, text, json) and SI unit."""

    path: str
    kind: str
    unit: str


class Basis(NamedTuple):
    """What the results rest on beside the sweep file; with it a plan can be read back without the scenario."""

    scenario_hash: str  # of the scenario with what is fixed
    code: str  # hash of the sources that decide results
    seeds: tuple[int, ...]
    columns: tuple[Column, ...]
    units: dict[str, str]  # of each recorded metric
    notebook_hash: str = ""
    limits: tuple[tuple[str, float], ...] = ()  # of the scenario's objectives, by metric, for figures


class Plan:
    """All cases of a sweep: `len(plan)`, `plan[i]`, iteration; `key(case)` names a case's result."""

    def __init__(self, sweep: Sweep, basis: Basis, file: Path | None = None) -> None:
        self.sweep = sweep
        self.basis = basis
        self.file = file
        self.axes: tuple[Axis, ...] = tuple(
            axis(path, v, grid=sweep.design == "grid") for path, v in sweep.vary.items()
        )

    @property
    def variants(self) -> int:
        """How many sets of overrides there are; each is a case with every seed."""
        if self.sweep.design == "grid":
            return int(np.prod([len(values) for values in self._grid], dtype=object)) if self._grid else 1
        if self.sweep.design == "list":
            return len(self.sweep.cases)
        return point_count(self.sweep.design, self.sweep.samples, len(self.axes))

    def __len__(self) -> int:
        return self.variants * len(self.basis.seeds)

    def __getitem__(self, number: int) -> Case:
        if not 0 <= number < len(self):
            raise IndexError(f"case {number} of {len(self)}")
        variant, seed = divmod(number, len(self.basis.seeds))
        return Case(number, self.overrides(variant), self.basis.seeds[seed])

    def __iter__(self) -> Iterator[Case]:
        return (self[number] for number in range(len(self)))

    def overrides(self, variant: int) -> dict[str, Any]:
        """The overrides of a variant, as written."""
        if self.sweep.design == "list":
            return dict(self.sweep.cases[variant])
        if self.sweep.design in SAMPLED:
            return {a.path: a.at(float(share)) for a, share in zip(self.axes, self.points[variant], strict=True)}
        found = []
        for values in reversed(self._grid):  # the last axis changes fastest
            variant, place = divmod(variant, len(values))
            found.append(values[place])
        return {a.path: value for a, value in zip(self.axes, reversed(found), strict=True)}

    @cached_property
    def _grid(self) -> list[tuple[Any, ...]]:
        return [a.values for a in self.axes]

    @cached_property
    def points(self) -> np.ndarray:
        """Variants x axes in the unit cube, of a sampled design."""
        return points(self.sweep.design, self.sweep.samples, len(self.axes), self.sweep.sample_seed)

    @cached_property
    def _prefix(self) -> str:
        sweep, basis = self.sweep, self.basis
        record = sweep.record.model_dump(mode="json")
        return json.dumps([basis.scenario_hash, basis.code, sweep.replications, record], sort_keys=True)

    def key(self, case: Case) -> str:
        """Content hash of a case: scenario, overrides, seed, replications, what is recorded, code."""
        text = json.dumps([self._prefix, case.overrides, case.seed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def rendered(self) -> range | tuple[int, ...]:
        """Numbers of the cases that are also executed as a notebook."""
        chosen = self.sweep.notebooks
        if chosen is None:
            return ()
        if chosen.cases == "all":
            return range(len(self))
        return range(min(1, len(self))) if chosen.cases == "first" else chosen.cases

    def notebook_key(self, case: Case) -> str:
        """Content hash of a case as a notebook: the case, the notebook and its parameters."""
        assert self.sweep.notebooks is not None
        parameters = self.sweep.notebooks.parameters
        text = json.dumps(["notebook", self.key(case), self.basis.notebook_hash, parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Everything that `plan_from` needs, as JSON."""
        basis = self.basis._asdict() | {"columns": [column._asdict() for column in self.basis.columns]}
        file = self.file and str(self.file.absolute())
        return {"sweep": self.sweep.model_dump(mode="json", exclude_unset=True), "basis": basis, "file": file}


def plan_from(kept: dict[str, Any]) -> Plan:
    """A plan from what `Plan.to_dict` wrote."""
    sweep = Sweep.model_validate(sweep_values(kept))
    basis = kept["basis"]
    return Plan(
        sweep,
        Basis(
            scenario_hash=basis["scenario_hash"],
            code=basis["code"],
            seeds=tuple(basis["seeds"]),
            columns=tuple(Column(**column) for column in basis["columns"]),
            units=basis["units"],
            notebook_hash=basis["notebook_hash"],
            limits=tuple((metric, limit) for metric, limit in basis["limits"]),
        ),
        Path(kept["file"]) if kept["file"] else None,
    )


def sweep_values(kept: dict[str, Any]) -> dict[str, Any]:
    """What a sweep file would say, from what `Plan.to_dict` wrote: seconds stand there as bare numbers."""
    return kept["sweep"] | (
        {"time_limit": f"{kept['sweep']['time_limit']!r} s"} if "time_limit" in kept["sweep"] else {}
    )

"""The reference with columns that have bounds: what compiled code would read or write elsewhere is an error here.

Compiled columns are pointers: an index outside goes to other memory, and Python's lists take negative ones silently.
Both engines call the same handlers, so a run of the reference on these columns tries every access of the kernels.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np

from novamodel.scenario import Scenario
from novamodel.simulation import replication
from novamodel.simulation.build import build


class CheckedColumn(list):
    """A list that refuses what an array behind a pointer could not do, and says which column it is."""

    name = "a column"
    whole = False  # holds integers

    def _check(self, index: Any) -> None:
        if isinstance(index, slice):
            first, last = index.start or 0, index.stop if index.stop is not None else len(self)
            if not 0 <= first <= last <= len(self):
                raise IndexError(f"{self.name}[{first}:{last}] is outside its {len(self)} entries")
        elif not isinstance(index, int | np.integer):
            raise TypeError(f"{self.name}[{index!r}]: compiled code would cut the index to an integer")
        elif not 0 <= index < len(self):
            raise IndexError(f"{self.name}[{index}] is outside its {len(self)} entries")

    def __getitem__(self, index: Any) -> Any:
        self._check(index)
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check(index)
        if self.whole and isinstance(value, float | np.floating):
            raise TypeError(f"{self.name}[{index}] = {value!r}: compiled code would cut it to an integer")
        super().__setitem__(index, value)


def checked(part: Any, name: str = "") -> Any:
    """A state (nested NamedTuples of lists) whose columns are checked, with names like ``pool.idle``."""
    if isinstance(part, list):
        column = CheckedColumn(part)
        column.name = name
        column.whole = bool(part) and all(isinstance(value, int | np.integer) for value in part)
        return column
    if isinstance(part, tuple) and hasattr(part, "_fields"):
        named = zip(part._fields, part, strict=True)
        return type(part)(*(checked(value, f"{name}.{field}".lstrip(".")) for field, value in named))
    return part


def replicate_checked(scenario: Scenario, number: int = 0) -> replication.Replication:
    """A replication on the reference with checked columns; IndexError says component, column and index."""

    def build_checked(scenario: Scenario, **options: Any) -> Any:
        plan = build(scenario, **options)
        return plan._replace(model=checked(plan.model))

    with mock.patch.object(replication, "build", build_checked):
        return replication.replicate(scenario, number, "simpy", keep_requests=True)

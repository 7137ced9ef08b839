"""A table that grows by rows and stays small: eight bytes for each entry, where a dict a row takes hundreds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


class Table:
    """Columns by name, each of ``int``, ``float`` or ``str``; rows can be read one by one as dicts."""

    def __init__(self, **kinds: type) -> None:
        self.kinds = kinds
        self.columns = [array("d" if kind is float else "q") for kind in kinds.values()]
        self._words: dict[str, int] = {}  # a text's number; most come again and again
        self._texts = [place for place, kind in enumerate(kinds.values()) if kind is str]

    def add(self, *values: Any) -> None:
        """One more row, with a value for each column."""
        row = list(values)
        for place in self._texts:
            row[place] = self._words.setdefault(row[place], len(self._words))
        for column, value in zip(self.columns, row, strict=True):
            column.append(value)

    def extend(self, *columns: Iterable[Any]) -> None:
        """Several more rows, column by column; none of them text."""
        for column, values in zip(self.columns, columns, strict=True):
            column.extend(values)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        words = list(self._words)
        texts = [kind is str for kind in self.kinds.values()]
        for row in zip(*self.columns, strict=True):
            values = (words[value] if text else value for value, text in zip(row, texts, strict=True))
            yield dict(zip(self.kinds, values, strict=True))

    def __getitem__(self, row: int) -> dict[str, Any]:
        return list(self)[row]

    def arrays(self) -> dict[str, np.ndarray]:
        """All rows, column by column."""
        words = np.array([*self._words], dtype=object)
        columns = (np.array(column) for column in self.columns)
        return {
            name: words[values] if kind is str else values
            for (name, kind), values in zip(self.kinds.items(), columns, strict=True)
        }

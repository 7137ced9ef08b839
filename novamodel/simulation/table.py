"""A table that grows by rows and stays small: eight bytes for each entry, where a dict a row takes hundreds."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np


class Table:
    """Columns by name, each of ``int``, ``float`` or ``str``; rows can be read one by one as dicts."""

    def __init__(self, **kinds: type) -> None:
        self.kinds = kinds
        self.columns = [array("d" if kind is float else "q") for kind in kinds.values()]
        self._words: dict[str, int] = {}  # a text's number; most come again and again
        self._add = [
            self._add_word(column) if kind is str else column.append
            for column, kind in zip(self.columns, kinds.values(), strict=True)
        ]

    def add(self, *values: Any) -> None:
        """One more row, with a value for each column."""
        for add, value in zip(self._add, values, strict=True):
            add(value)

    def _add_word(self, column: array[int]) -> Callable[[Any], None]:
        words = self._words
        return lambda word: column.append(words.setdefault(word, len(words)))

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

"""A component's state: one NamedTuple of columns, lists in plain Python and arrays when compiled.

The same rules run on both: they only index columns. Column entries are all integers or all floats.
"""

from __future__ import annotations

from functools import cache
from operator import add
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from novamodel.components.rule import RULE_OPTIONS, numba

Column: TypeAlias = Any
"""A list (plain Python) or a one-dimensional int64 or float64 array (compiled); of many keys int32."""

State = TypeVar("State", bound=NamedTuple)


def as_arrays(state: State) -> State:
    """Copy of a state whose list columns are arrays: float64 if any entry is a float, else int64."""
    return state._replace(**{n: _as_array(v) for n, v in state._asdict().items() if isinstance(v, list)})


def as_lists(state: State) -> State:
    """Copy of a state whose columns are plain lists."""
    columns = {n: list(v) for n, v in state._asdict().items() if isinstance(v, list)}
    arrays = {n: v.tolist() for n, v in state._asdict().items() if isinstance(v, np.ndarray)}
    return state._replace(**columns, **arrays)


def as_object(state: State) -> State:
    """A (nested) state's fields as attributes of an object, for CPython, which reads them three times as fast.

    Columns are the state's own, not copies: lists as they are, arrays through a memoryview, whose entries are Python's
    own numbers (five times as fast as numpy's).
    """
    found = _object_type(type(state))()
    for name, value in zip(state._fields, state, strict=True):  # type: ignore[arg-type]
        if isinstance(value, tuple):
            value = as_object(value)  # type: ignore[type-var]
        setattr(found, name, memoryview(value) if isinstance(value, np.ndarray) else value)  # type: ignore[arg-type]
    return found  # type: ignore[no-any-return]


def clear(column: Column) -> None:
    """Every entry is zero."""
    if isinstance(column, list):
        column[:] = [type(column[0])(0)] * len(column)
    else:
        np.asarray(column)[:] = 0


def clear_span(column: Column, at: int, count: int) -> None:
    """So many entries of a column of floats from ``at`` on are zero."""
    column[at : at + count] = [0.0] * count


def copy_span(to: Column, at: int, column: Column, first: int, count: int) -> None:
    """So many entries of a column from ``first`` on, into another one from ``at`` on."""
    to[at : at + count] = column[first : first + count]


def add_span(to: Column, at: int, column: Column, first: int, count: int) -> None:
    """The same, added to what is there."""
    to[at : at + count] = [*map(add, to[at : at + count], column[first : first + count])]


@cache
def _object_type(kind: Any) -> Any:
    return type(kind.__name__, (), {"__slots__": kind._fields})


def _as_array(values: list[Any]) -> np.ndarray[Any, Any]:
    if values and values.count(values[0]) == len(values):  # as most are at the start: hundreds of times as fast
        return np.full(len(values), values[0])
    array = np.array(values) if values else np.zeros(0, dtype=np.int64)
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64, copy=False)


if numba is not None:
    from numba import types
    from numba.core.cgutils import ir  # llvmlite's
    from numba.extending import intrinsic, overload

    @cache
    def _at_once(count: int, adds: bool) -> Any:
        """Compiled code that copies, or adds, so many floats as one vector: for spans whose length is a constant."""

        @intrinsic
        def act(typing_context: Any, to: Any, at: Any, column: Any, first: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                wide = ir.VectorType(ir.DoubleType(), count).as_pointer()
                target, source = (
                    builder.bitcast(builder.gep(pointer, [place]), wide)
                    for pointer, place in (arguments[:2], arguments[2:])
                )
                values = builder.load(source, align=8)
                if adds:
                    values = builder.fadd(builder.load(target, align=8), values)
                builder.store(values, target, align=8)
                return context.get_dummy_value()

            return types.void(to, at, column, first), generate

        return act

    def _is_constant(to: Any, column: Any, count: Any) -> bool:
        floats = types.CPointer(types.float64)
        return to == floats and column == floats and isinstance(count, types.IntegerLiteral)

    @overload(clear_span, jit_options=RULE_OPTIONS)
    def _clear_entries(column: Column, at: int, count: int) -> Any:
        def implementation(column: Column, at: int, count: int) -> None:
            for i in range(count):
                column[at + i] = 0.0

        return implementation

    @overload(copy_span, jit_options=RULE_OPTIONS, prefer_literal=True)
    def _copy_entries(to: Column, at: int, column: Column, first: int, count: int) -> Any:
        def implementation(to: Column, at: int, column: Column, first: int, count: int) -> None:
            for i in range(count):
                to[at + i] = column[first + i]

        if not _is_constant(to, column, count):
            return implementation
        act = _at_once(count.literal_value, False)  # type: ignore[attr-defined]

        def at_once(to: Column, at: int, column: Column, first: int, count: int) -> None:
            act(to, at, column, first)

        return at_once

    @overload(add_span, jit_options=RULE_OPTIONS, prefer_literal=True)
    def _add_entries(to: Column, at: int, column: Column, first: int, count: int) -> Any:
        def implementation(to: Column, at: int, column: Column, first: int, count: int) -> None:
            for i in range(count):
                to[at + i] += column[first + i]

        if not _is_constant(to, column, count):
            return implementation
        act = _at_once(count.literal_value, True)  # type: ignore[attr-defined]

        def at_once(to: Column, at: int, column: Column, first: int, count: int) -> None:
            act(to, at, column, first)

        return at_once

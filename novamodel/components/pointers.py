"""A state of array columns seen by compiled code as bare pointers.

An array is seven machine words to numba and a state has some 150 columns: passed from rule to rule that makes
compilation slow. As pointers a column is one word, indexing is one instruction, and the call from Python
passes one array of addresses. The arrays stay Python's: keep the state alive while compiled code runs, and take
`addresses` again when a column is replaced. There are no lengths and no bounds in this form.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def addresses(state: Any) -> np.ndarray:
    """Addresses of all array columns of a (nested) NamedTuple, depth first; scalars are left out."""
    found: list[int] = []
    _collect(state, found)
    return np.array(found, dtype=np.int64)


def _collect(part: Any, found: list[int]) -> None:
    for value in part:
        if isinstance(value, np.ndarray):
            found.append(value.ctypes.data)
        elif isinstance(value, tuple):
            _collect(value, found)


def view_maker(prototype: Any) -> Any:
    """A function for compiled code, ``view(addresses, scalars)``: the state with pointers for its columns.

    ``prototype`` is any state of the same shape. NamedTuples without array columns (configuration) are taken
    from ``scalars``, a tuple with one entry for each, depth first.
    """
    from numba import types
    from numba.extending import intrinsic

    from novamodel.components.rule import numba as compiler

    assert compiler is not None
    kinds = {"i": types.CPointer(types.int64), "f": types.CPointer(types.float64)}

    def type_of(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            return kinds[part.dtype.kind]
        if isinstance(part, tuple) and _has_columns(part):
            return types.BaseTuple.from_types([type_of(value) for value in part], type(part))
        return compiler.typeof(part)

    @intrinsic
    def view(typing_context: Any, address_array: Any, scalars: Any) -> Any:
        result = type_of(prototype)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array_type = signature.args[0]
            array = context.make_array(array_type)(context, builder, arguments[0])
            counters = [0, 0]

            def build(part: Any) -> Any:
                if isinstance(part, np.ndarray):
                    place = context.get_constant(types.intp, counters[0])
                    counters[0] += 1
                    address = builder.load(builder.gep(array.data, [place]))
                    return builder.inttoptr(address, context.get_value_type(type_of(part)))
                if isinstance(part, tuple) and _has_columns(part):
                    return context.make_tuple(builder, type_of(part), [build(value) for value in part])
                value = builder.extract_value(arguments[1], counters[1])
                counters[1] += 1
                return value

            return build(prototype)

        return result(address_array, scalars), generate

    return view


def _has_columns(part: tuple[Any, ...]) -> bool:
    return any(isinstance(v, np.ndarray) or (isinstance(v, tuple) and _has_columns(v)) for v in part)

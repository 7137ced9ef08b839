"""A state of array columns seen by compiled code as bare pointers.

An array is seven machine words to numba and a state has some 150 columns: passed from rule to rule that makes
compilation slow. As pointers a column is one word, indexing is one instruction, and the call from Python
passes one array of words: addresses of columns, and configuration (numbers) as it is. The arrays stay Python's:
keep the state alive while compiled code runs, and take `addresses` again when a column is replaced. There are no
lengths and no bounds in this form.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def addresses(state: Any, prototype: Any) -> np.ndarray:
    """A word for each entry of a (nested) NamedTuple, depth first: an array's address, a number's 64 bits.

    Kinds of numbers are the prototype's; a column of another kind is a ``TypeError``.
    """
    found: list[int] = []
    _collect(state, prototype, found)
    return np.array(found, dtype=np.int64)


def _collect(part: Any, prototype: Any, found: list[int]) -> None:
    for value, like in zip(part, prototype, strict=True):
        if isinstance(like, np.ndarray):
            if value.dtype != like.dtype:
                raise TypeError(f"a column of {type(part).__name__} holds {value.dtype} in place of {like.dtype}")
            found.append(value.ctypes.data)
        elif isinstance(like, tuple):
            _collect(value, like, found)
        elif isinstance(like, float):
            found.append(int(np.float64(value).view(np.int64)))
        else:
            found.append(int(value))


def view_maker(prototype: Any) -> Any:
    """A function for compiled code, ``view(addresses)``: the state with pointers for its columns.

    ``prototype`` is any state of the same shape: its columns and numbers have the same types.
    """
    from numba import types
    from numba.extending import intrinsic

    from novamodel.components.rule import numba as compiler

    assert compiler is not None
    kinds = {"i": types.CPointer(types.int64), "f": types.CPointer(types.float64)}

    def type_of(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            return kinds[part.dtype.kind]
        if isinstance(part, tuple):
            return types.BaseTuple.from_types([type_of(value) for value in part], type(part))
        return compiler.typeof(part)

    @intrinsic
    def view(typing_context: Any, address_array: Any) -> Any:
        result = type_of(prototype)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            counter = itertools.count()

            def build(part: Any) -> Any:
                if isinstance(part, tuple):
                    return context.make_tuple(builder, type_of(part), [build(value) for value in part])
                place = context.get_constant(types.intp, next(counter))
                word = builder.load(builder.gep(array.data, [place]))
                if isinstance(part, np.ndarray):
                    return builder.inttoptr(word, context.get_value_type(type_of(part)))
                return builder.bitcast(word, context.get_value_type(type_of(part)))

            return build(prototype)

        return result(address_array), generate

    return view

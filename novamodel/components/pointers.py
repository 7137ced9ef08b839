"""A state of array columns seen by compiled code through one pointer.

A state has some 400 columns and numbers; as values they make compilation slow and calls dear. In compiled code a
state is one pointer to a table of words, depth first: a column's address, a number's 64 bits. Reading a field is one
load, which the compiler may keep as the table does not change during a call. The arrays stay Python's: keep the state
alive while compiled code runs, and take `addresses` again when a column is replaced. There are no lengths and no
bounds in this form.
"""

from __future__ import annotations

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
    for name, value, like in zip(prototype._fields, part, prototype, strict=True):
        if isinstance(like, np.ndarray):
            if value.dtype != like.dtype:
                raise TypeError(f"{type(part).__name__}.{name} holds {value.dtype} in place of {like.dtype}")
            found.append(value.ctypes.data)
        elif isinstance(like, tuple):
            _collect(value, like, found)
        elif isinstance(like, float):
            found.append(int(np.float64(value).view(np.int64)))
        else:
            found.append(int(value))


def words(part: Any) -> int:
    """Words that a part of a state takes in the table."""
    return sum(words(one) for one in part) if isinstance(part, tuple) else 1


def view_maker(prototype: Any) -> Any:
    """A function for compiled code, ``view(addresses)``: the state, with pointers for its columns.

    ``prototype`` is any state of the same shape: its columns and numbers have the same types.
    """
    from numba import types
    from numba.core.cgutils import intp_t
    from numba.core.datamodel import models
    from numba.core.imputils import lower_getattr_generic
    from numba.core.typing.templates import AttributeTemplate, infer_getattr
    from numba.extending import intrinsic, register_model
    from numba.np.numpy_support import from_dtype

    class StateType(types.Type):  # type: ignore[misc]
        """A part of a state: where its words begin in the table."""

        def __init__(self, part: Any, first: int) -> None:
            super().__init__(name=f"State({type(part).__name__}@{first})")
            self.fields: dict[str, tuple[Any, int]] = {}  # a field, and where its words begin
            for name, value in zip(part._fields, part, strict=True):
                self.fields[name] = value, first
                first += words(value)

        def __reduce__(self) -> Any:
            raise TypeError("a state's type lives in this process only")

    known: dict[Any, Any] = {}  # types made so far

    def type_of(part: Any, first: int) -> Any:
        if isinstance(part, np.ndarray):
            if part.dtype not in known:
                known[part.dtype] = types.CPointer(from_dtype(part.dtype))
            return known[part.dtype]
        if isinstance(part, tuple):
            if (type(part), first) not in known:
                known[type(part), first] = StateType(part, first)
            return known[type(part), first]
        return types.float64 if isinstance(part, float) else types.int64

    @register_model(StateType)
    class StateModel(models.PrimitiveModel):  # type: ignore[misc]
        """One pointer."""

        def __init__(self, manager: Any, state_type: Any) -> None:
            super().__init__(manager, state_type, intp_t.as_pointer())

    @infer_getattr
    class StateAttribute(AttributeTemplate):  # type: ignore[misc]
        key = StateType

        def generic_resolve(self, state_type: Any, name: str) -> Any:
            """Type of a field."""
            found = state_type.fields.get(name)
            return None if found is None else type_of(*found)

    @lower_getattr_generic(StateType)
    def read_field(context: Any, builder: Any, state_type: Any, pointer: Any, name: str) -> Any:
        """Load a field's word, or hand the pointer on for a part."""
        part, first = state_type.fields[name]
        if isinstance(part, tuple):
            return pointer
        word = builder.load(builder.gep(pointer, [context.get_constant(types.intp, first)]))
        word.set_metadata("invariant.load", builder.module.add_metadata([]))
        wanted = context.get_value_type(type_of(part, first))
        return builder.inttoptr(word, wanted) if isinstance(part, np.ndarray) else builder.bitcast(word, wanted)

    @intrinsic
    def view(typing_context: Any, address_array: Any) -> Any:
        result = StateType(prototype, 0)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.make_array(signature.args[0])(context, builder, arguments[0]).data

        return result(address_array), generate

    return view

"""The two decorators that let one function serve the compiled twin and the plain-Python reference.

``@rule`` marks a small function that knows no clock and no event queue. CPython sees an ordinary
function; code compiled by numba sees it inlined. ``@entry`` marks what CPython calls in compiled form.
Without numba both are the identity, so every rule and every entry still runs (slowly).

Rules compiled here use no reference counting (``_nrt=False``): they must not allocate arrays, lists or
strings. There is no fast-math, and Intel's SVML is off, so that compiled and plain code agree to the
last bit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

numba: Any = None
register_jitable: Any = None
with suppress(ImportError):  # numba is an optional accelerator
    numba = importlib.import_module("numba")
    register_jitable = importlib.import_module("numba.extending").register_jitable
    numba.config.DISABLE_INTEL_SVML = True

COMPILED = numba is not None
"""True when numba is importable, so that entries run compiled."""

_RULE_OPTIONS: dict[str, Any] = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_ENTRY_OPTIONS: dict[str, Any] = {"cache": False, "nogil": True}


def _increment(value: int) -> int:
    return value + 1


def _without_reference_counting_is_accepted() -> bool:
    """Whether this numba still knows the private option ``_nrt``."""
    if numba is None:
        return False
    try:
        numba.njit(_nrt=False, **_ENTRY_OPTIONS)(_increment)
        register_jitable(_nrt=False, **_RULE_OPTIONS)(_increment)
    except (KeyError, TypeError, ValueError, NameError):
        return False
    return True


NO_REFERENCE_COUNTING = _without_reference_counting_is_accepted()
"""True when compiled rules run without reference counting (much faster)."""

if NO_REFERENCE_COUNTING:
    _RULE_OPTIONS["_nrt"] = False
    _ENTRY_OPTIONS["_nrt"] = False


def rule(function: Function) -> Function:
    """Mark a small function that both planes share; it stays an ordinary Python function."""
    if register_jitable is None:
        return function
    return register_jitable(**_RULE_OPTIONS)(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Compile a function that CPython calls (it may call rules); plain Python without numba."""
    if numba is None:
        return function
    return numba.njit(**_ENTRY_OPTIONS)(function)  # type: ignore[no-any-return]

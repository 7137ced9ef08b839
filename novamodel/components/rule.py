"""The decorators that let one function serve the compiled engine and the plain-Python reference.

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
from functools import wraps
from typing import Any, TypeVar

from novamodel.components.kernel_cache import kernel_folder

Function = TypeVar("Function", bound=Callable[..., Any])

numba: Any = None
register_jitable: Any = None
with suppress(ImportError):  # numba is an optional accelerator
    numba = importlib.import_module("numba")
    register_jitable = importlib.import_module("numba.extending").register_jitable
    numba.config.DISABLE_INTEL_SVML = True

COMPILED = numba is not None
"""True when numba is importable, so that entries run compiled."""


def known_options(**options: Any) -> dict[str, Any]:
    """Those options this numba knows: it would refuse unknown ones only when compiling."""
    if numba is None:
        return {}
    known = importlib.import_module("numba.core.registry").cpu_target.options
    return {name: value for name, value in options.items() if hasattr(known, name)}


_PART_OPTIONS = known_options(_nrt=False, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
RULE_OPTIONS: dict[str, Any] = _PART_OPTIONS | known_options(forceinline=True)
_HANDLER_OPTIONS: dict[str, Any] = _PART_OPTIONS
_ENTRY_OPTIONS: dict[str, Any] = {"cache": False, **known_options(_nrt=False, error_model="numpy", nogil=True)}
with suppress(ImportError):  # no numba, or one that works differently inside: slower to compile, and all the same
    whole_program = importlib.import_module("novamodel.components.whole_program")
    RULE_OPTIONS = _PART_OPTIONS | {"pipeline_class": whole_program.RuleCompiler}
    _HANDLER_OPTIONS = _PART_OPTIONS | {"pipeline_class": whole_program.HandlerCompiler}
    _ENTRY_OPTIONS = _ENTRY_OPTIONS | {"pipeline_class": whole_program.EntryCompiler}

NO_REFERENCE_COUNTING = "_nrt" in _PART_OPTIONS
"""True when compiled rules run without reference counting (much faster)."""


def rule(function: Function) -> Function:
    """Mark a small function that both engines share; it stays an ordinary Python function."""
    if register_jitable is None:
        return function
    return register_jitable(**RULE_OPTIONS)(function)  # type: ignore[no-any-return]


def handler(function: Function) -> Function:
    """Mark a longer function that both engines share: compiled once, and called, where a rule is inlined."""
    if register_jitable is None:
        return function
    return register_jitable(**_HANDLER_OPTIONS)(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Compile a function that CPython calls (it may call rules); plain Python without numba.

    The compiled form is kept on disk for the next process (see `kernel_cache`).
    """
    if numba is None:
        return function
    folder = kernel_folder(numba.__version__)
    if folder is None:
        return numba.njit(**_ENTRY_OPTIONS)(function)  # type: ignore[no-any-return]
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(**(_ENTRY_OPTIONS | {"cache": True}))(function)  # type: ignore[no-any-return]
    finally:
        numba.config.CACHE_DIR = before


def number_rule(function: Function) -> Function:
    """Mark a rule of numbers only that is so long that CPython, too, calls it in compiled form.

    Its plain form is ``__wrapped__``, and all there is without numba.
    """
    if numba is None:
        return function
    compiled = entry(function)

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled(*arguments)

    overload = importlib.import_module("numba.extending").overload
    overload(call, jit_options=RULE_OPTIONS, strict=False)(lambda *arguments, **named: function)
    return call  # type: ignore[return-value]


def is_kept(function: Any) -> bool:
    """Whether a compiled form of an entry is on disk or in memory already, so that its first call is quick."""
    if numba is None or getattr(function, "signatures", None):
        return True
    folder = kernel_folder(numba.__version__)
    return folder is not None and any(folder.rglob(f"*{function.__name__}-*.nbi"))

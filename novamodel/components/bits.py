"""What compiled code does with the bits of a number, and CPython in its own way, to the same last bit.

frexp and ldexp without a call into the C library, so that loops over them use vectors: CPython uses its own
`math.frexp` and `math.ldexp`, compiled code moves the exponent's bits. Both are exact (subnormal numbers included).
And a product of integers that wraps, which CPython's do not.
"""

from __future__ import annotations

import math
from typing import Any

from novamodel.components.rule import RULE_OPTIONS, numba, rule

_TINY = 2.2250738585072014e-308  # smallest normal number
_UP = 18014398509481984.0  # 2 ** 54 makes a subnormal number normal
_SIGN, _WORD = 1 << 63, (1 << 64) - 1


def split_float(x: float) -> tuple[float, int]:
    """(m, e) with x = m * 2 ** e and 0.5 <= m < 1; (0, 0) for zero. x is finite and not negative."""
    return math.frexp(x)


def scale_float(x: float, exponent: int) -> float:
    """x * 2 ** exponent, rounded once. x lies between 0.25 and 4, exponent between -1100 and 1100."""
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.inf


def wrapped_product(a: int, b: int) -> int:
    """The low 64 bits of a product, as a signed integer."""
    return ((int(a) * int(b) + _SIGN) & _WORD) - _SIGN


if numba is not None:
    from numba import types
    from numba.extending import intrinsic, overload

    def _cast(source: Any, target: Any) -> Any:
        """Compiled code's view of the same 64 bits as another type."""

        @intrinsic
        def cast(typing_context: Any, value: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                return builder.bitcast(arguments[0], context.get_value_type(target))

            return target(source), generate

        return cast

    _bits = _cast(types.float64, types.int64)
    _float = _cast(types.int64, types.float64)

    @rule
    def _power_of_two(exponent: int) -> float:
        return _float((exponent + 1023) << 52)

    @overload(split_float, jit_options=RULE_OPTIONS)
    def _split_bits(x: float) -> Any:
        def implementation(x: float) -> Any:
            small = x < _TINY
            bits = _bits(x * _UP if small else x)
            exponent = (bits >> 52) - (1022 + 54 if small else 1022)
            mantissa = _float((bits & 0xFFFFFFFFFFFFF) | 0x3FE0000000000000)
            return (mantissa if x > 0.0 else 0.0), (exponent if x > 0.0 else 0)

        return implementation

    @overload(scale_float, jit_options=RULE_OPTIONS)
    def _scale_bits(x: float, exponent: int) -> Any:
        def implementation(x: float, exponent: int) -> float:
            half = exponent >> 1
            return x * _power_of_two(half) * _power_of_two(exponent - half)

        return implementation

    @overload(wrapped_product, jit_options=RULE_OPTIONS)
    def _wrapping_product(a: int, b: int) -> Any:
        def implementation(a: int, b: int) -> int:
            return a * b

        return implementation

"""Counter-based random numbers: the value depends only on (seed, stream, request, draw).

Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11; Random123).
Nothing is stored between draws, so two engines, or two scenarios that differ in one part, see the same
numbers for the same request whatever the order in which they ask.

The code uses signed 64-bit integers and masks only: CPython's unbounded integers and numba's wrapping
``int64`` then give the same words.
"""

from __future__ import annotations

from novamodel.components.rule import handler, number_rule, rule

_MASK = 0xFFFFFFFF
_MULTIPLIER_0 = 0xD2511F53
_MULTIPLIER_1 = 0xCD9E8D57
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_ROUNDS = 10
_UNIT = 2.220446049250313e-16  # 2 ** -52


@number_rule
def philox4x32(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Four 32-bit words for a counter of four and a key of two 32-bit words (each 0 .. 2**32 - 1)."""
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * c0
        product_1 = _MULTIPLIER_1 * c2
        c0 = ((product_1 >> 32) & _MASK) ^ c1 ^ k0
        c2 = ((product_0 >> 32) & _MASK) ^ c3 ^ k1
        c1 = product_1 & _MASK
        c3 = product_0 & _MASK
        k0 = (k0 + _WEYL_0) & _MASK
        k1 = (k1 + _WEYL_1) & _MASK
    return c0, c1, c2, c3


@rule
def to_uniform(high: int, low: int) -> float:
    """Two 32-bit words to a number strictly inside (0, 1).

    52 random bits and a half step: an odd multiple of 2**-53, so neither 0 nor 1 can come out and u and
    1 - u are equally likely.
    """
    return (((high >> 6) << 26 | (low >> 6)) + 0.5) * _UNIT


@number_rule
def uniform_pair(seed: int, stream: int, request: int, draw_pair: int) -> tuple[float, float]:
    """Two independent uniforms in (0, 1) from one block.

    seed and request are integers from 0 to 2**63 - 1; stream and draw_pair from 0 to 2**32 - 1. Draw
    number n of a request is element n % 2 of pair n // 2.
    """
    w0, w1, w2, w3 = philox4x32(
        request & _MASK,
        (request >> 32) & _MASK,
        stream & _MASK,
        draw_pair & _MASK,
        seed & _MASK,
        (seed >> 32) & _MASK,
    )
    return to_uniform(w0, w1), to_uniform(w2, w3)


@handler
def uniform(seed: int, stream: int, request: int, draw: int) -> float:
    """One uniform in (0, 1): element draw % 2 of pair draw // 2."""
    first, second = uniform_pair(seed, stream, request, draw >> 1)
    return second if draw & 1 else first

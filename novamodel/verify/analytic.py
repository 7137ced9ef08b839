"""Answers to recorded questions about queues and caches, by kind: what the closed forms are checked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from novamodel.analytic import closed, limited, lru, queues


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no closed form here."""
    found = _KINDS[kind](**given)
    return {name: _plain(value) for name, value in found.items()}


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim:
        return [float(v) for v in value]
    return float(value)


def _named(function: Callable[..., Any], *names: str) -> Callable[..., dict[str, Any]]:
    """The function's answer as a mapping: of its own names, or of ``names`` for a bare value or pair."""

    def named(**given: Any) -> dict[str, Any]:
        found = function(**given)
        if not names:
            return dict(found._asdict())
        return dict(zip(names, found if isinstance(found, tuple) else (found,), strict=True))

    return named


def _lru_small(catalog: int, zipf_exponent: float, capacity: int) -> dict[str, Any]:
    exact = lru.lru_exact(catalog, zipf_exponent, capacity)
    return {"hit_lru_exact": exact, "hit_lru_che": lru.che(catalog, zipf_exponent, capacity).hit_lru}


def _ttl(catalog: int, zipf_exponent: float, rate_rps: float, ttl_s: float) -> dict[str, Any]:
    return dict(lru.ttl_hit_ratio(catalog, zipf_exponent, rate_rps, ttl_s)._asdict())


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "erlang_b": _named(queues.erlang_b, "blocking_probability"),
    "erlang_b_inverse": _named(queues.erlang_b_inverse, "max_offered_erlangs"),
    "mmc": _named(queues.mmc),
    "mm1": _named(queues.mm1),
    "mg1": _named(queues.mg1),
    "md1_wait_cdf": _named(queues.md1_wait_cdf, "probability_wait_at_most"),
    "mmck": _named(limited.mmck),
    "erlang_a": _named(limited.erlang_a),
    "mmc_patience": _named(limited.mmc_patience),
    "closed_mva": _named(closed.closed_mva),
    "closed_bounds": _named(closed.closed_bounds, "throughput_max_per_s", "knee_customers"),
    "closed_mva_multiserver": _named(closed.closed_mva_multiserver),
    "usl": _named(closed.usl, "throughput_per_s"),
    "usl_peak": _named(closed.usl_peak, "peak_load", "throughput_at_floor_per_s"),
    "ggc_allen_cunneen": _named(queues.ggc_allen_cunneen, "mean_wait_s"),
    "fanout_tail": _named(closed.fanout_tail, "any_slow_probability"),
    "finite_population": _named(limited.finite_population),
    "littles_law": _named(closed.littles_law, "in_flight"),
    "che": _named(lru.che),
    "ttl": _ttl,
    "lru_exact_small": _lru_small,
    "lru_simulated": lambda **given: {"hit_lru": lru.che(**given).hit_lru},
}

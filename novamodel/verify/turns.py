"""Answers to the recorded runs of an event loop beside CPU-bound threads on one core, by the rules of a host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from novamodel.components.cpu.host_state import base_slice, host_state
from novamodel.verify.host_run import serve

MACHINE_CPUS = 2
"""Of the machine measured: they set the slice."""
HEAVY = 32.0
"""Weight of what was measured against everything else on the machine."""
LEAD_S = 1.0
"""Time before the first request; the CPU-bound threads start then."""
NEAR_US = (-20.0, -10.0, -5.0, 0.0, 5.0)
"""The tick is known to some microseconds only: the answer is what several instants give together."""


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _turns(
    *,
    place: str,
    weight: float,
    threads: int,
    tick_us: float,
    others_us: Sequence[Sequence[float]],
    gap_us: Sequence[float],
    wake_us: float,
    work_us: Sequence[float],
    **_: Any,
) -> dict[str, Any]:
    """Response times of the loop's requests: the loop is group 0, then the CPU-bound threads, then all others."""
    alone = place == "same"
    batch = 0 if alone else 1
    sent, others = (
        np.cumsum(gap_us) / 1e6 + LEAD_S,
        [(max(row[0] / 1e6 + LEAD_S, 0.0), row[2] / 1e6) for row in others_us],
    )
    arrival = np.concatenate((np.arange(threads) * 1e-3, sent, [at for at, _ in others]))
    work = np.concatenate((np.full(threads, 1e12), np.array(work_us) / 1e6, [cpu for _, cpu in others]))
    group = np.concatenate((np.arange(1, threads + 1), np.zeros(len(sent)), np.full(len(others), threads + 1)))
    wake = np.array([wake_us / 1e6] + [0.0] * (threads + 1))
    order = np.argsort(arrival, kind="stable")
    response = []
    for near in NEAR_US:
        host = host_state([1], [0, *[batch] * threads, 2], 3)
        host.weight[0] = HEAVY if alone else HEAVY * weight / (1 + weight)
        host.weight[1] = HEAVY / (1 + weight)
        host.slice[0] = base_slice(MACHINE_CPUS)
        host.tick_phase[0] = (tick_us + near) / 1e6
        end = np.empty(len(order))
        end[order] = serve(host, [1] * (threads + 2), group[order], arrival[order], work[order], wake)[0]
        response.append((end - arrival)[threads : threads + len(sent)])
    found = 1e3 * np.concatenate(response)
    return {"mean_ms": float(found.mean())} | {f"p{q}_ms": float(np.percentile(found, q)) for q in (50, 95, 99)}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {"turns": _turns}

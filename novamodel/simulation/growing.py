"""New request rows: where the state begins, and twice as many when all are taken."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from novamodel.components.columns import Column
from novamodel.components.links import OUT
from novamodel.components.postgres.cores import SharedCores
from novamodel.simulation import codes
from novamodel.simulation.programs import Programs
from novamodel.simulation.state import Model, Requests

MOST_BATCH = 10  # of a consumer
FLOATS = ("back", "waited", "arrived", "since", "sent", "stalled", "hold", "owed")
ONE_ENTRY = ("free", "free_count", "in_flight", "serials")
BY_REQUEST: dict[str, dict[str, int]] = {
    "node": {"next": 0, "work": 0},
    "runtime": {"at": codes.NONE, "left": 0, "work": 0, "stood": 0, "entered": 0, "next": 0},
    "pool": {"next": 0, "entered": 0},
    "bouncer": {"next": OUT, "previous": OUT, "entered": 0, "greets": 0},
    "room": {"next": 0},
    "silent": {"next": OUT, "previous": OUT, "entered": 0},
    "waiting": {"next": OUT, "previous": OUT, "entered": 0},
    "delays": {"next": OUT, "previous": OUT, "entered": 0},
    "visibility": {"next": OUT, "previous": OUT, "entered": 0},
    "messages": {"next": OUT, "previous": OUT, "place": 0, "receives": 0, "receipt": 0, "entered": 0},
}
"""Columns of components by request, and what a new row holds."""


def new_requests(count: int, draws: int, words: int) -> Requests:
    """Free rows, in lists."""
    columns: dict[str, list[Any]] = {
        name: [0.0 if name in FLOATS else 0] * count for name in Requests._fields if name not in ONE_ENTRY
    }
    columns |= {"number": [codes.NONE] * count, "replica": [codes.NONE] * count}  # nobody's
    columns |= {"spent": [0.0] * (count * len(codes.PLACES)), "draw": [1.0] * (count * draws)}
    columns |= {"tried": [0] * (count * words)}
    columns |= {"next_free": [*range(1, count), codes.NONE], "free": [0], "free_count": [count]}
    return Requests(**columns, in_flight=[0], serials=[0])


def room_needed(programs: Programs) -> int:
    """Free rows (and places of the calendar) that one event and a portion of `run_ready` can take at most.

    A request that goes on takes rows until it waits: one a branch, connection or call, and for a message itself and
    the work on those that are handed out then, a batch more than DISPATCHES at most.
    """
    handed_out = 1 + codes.DISPATCHES + MOST_BATCH
    starts = [*programs.start, len(programs.op)]
    most = max(
        sum({codes.FORK: 1, codes.PUBLISH: handed_out}.get(op, 0) for op in programs.op[begin:end])
        for begin, end in pairwise(starts)
    )
    return (1 + codes.PORTION) * (most + 1 + handed_out)


def grow(model: Model) -> Model:
    """Twice as many rows; lists grow in place, arrays are replaced."""
    old = len(model.requests.number)
    wide = {"spent": len(codes.PLACES), "draw": model.config.most_draws, "tried": model.upstream.words[0]}
    rows = {
        name: _longer(getattr(model.requests, name), old * wide.get(name, 1))
        for name in Requests._fields
        if name not in ONE_ENTRY
    }
    for name in ("number", "replica"):
        rows[name][old:] = [codes.NONE] * old
    rows["next_free"][old:] = [*range(old + 1, 2 * old), model.requests.free[0]]
    model.requests.free[0] = old
    model.requests.free_count[0] += old
    parts: dict[str, Any] = {"requests": model.requests._replace(**rows)}
    for part, columns in BY_REQUEST.items():
        state = getattr(model, part)
        longer = {name: _longer(getattr(state, name), old, fresh) for name, fresh in columns.items()}
        parts[part] = state._replace(**longer)
    parts["cores"] = _larger_heaps(model.cores, old)
    waiting = [model.ready.ring[(model.ready.first[0] + i) % old] for i in range(model.ready.count[0])]
    ring = _longer(model.ready.ring, old)
    ring[: len(waiting)] = waiting if isinstance(ring, list) else np.array(waiting, dtype=np.int64)
    model.ready.first[0] = 0
    model.ready.size[0] = 2 * old
    parts["ready"] = model.ready._replace(ring=ring)
    return model._replace(**parts)


def _larger_heaps(cores: SharedCores, old: int) -> SharedCores:
    """Each server's heap with ``old`` rows more; the last is moved first, so that lists need no copy."""
    servers = len(cores.cores)
    columns = {name: _longer(getattr(cores, name), old * servers) for name in ("tag", "number", "job")}
    for column in columns.values():
        for d in range(servers - 1, 0, -1):
            column[2 * old * d : 2 * old * d + old] = column[old * d : old * d + old]
    cores.size[0] = 2 * old
    return cores._replace(**columns)


def _longer(column: Column, more: int, fresh: int = 0) -> Column:
    if isinstance(column, list):
        column.extend([type(column[0])(fresh)] * more)
        return column
    return np.concatenate([column, np.full(more, fresh, dtype=column.dtype)])

"""Nothing gets lost in a run: by source, route and program of requests, and by queue of messages.

What came is what ended and what is still there. Rows of requests say what is there; the recorder's counters, the
blocks of arrivals and the queues' counters say the rest, each kept by a rule of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novamodel.scenario import Scenario
from novamodel.simulation import codes
from novamodel.simulation.build import Plan
from novamodel.simulation.build_source import STRIDE
from novamodel.simulation.recorder import OUTCOMES
from novamodel.simulation.state import Model


class Inside(NamedTuple):
    """What is there at an instant, and what has come by then."""

    route: np.ndarray  # by route: requests from outside that have no answer yet
    population: np.ndarray  # the same by population
    program: np.ndarray  # by program: rows of requests that have not ended
    replica: np.ndarray  # by replica: requests that it works on
    taken: np.ndarray  # by source: arrivals so far


def inside(plan: Plan, model: Model) -> Inside:
    """Count the rows. One that died with its replica, or whose answer is on its way, has ended."""
    s, table = model.requests, plan.book.table
    alive = (np.asarray(s.number) != codes.NONE) & (np.asarray(s.dead) == 0)
    alive &= np.asarray(s.where) != codes.ON_WAY_BACK
    kind, program, population, pc = (
        np.asarray(column, dtype=np.int64)[alive] for column in (s.kind, s.program, s.population, s.pc)
    )
    entry = np.asarray(table.entry, dtype=np.int64)[program]
    route = np.where(kind == codes.ROOT, entry, np.where(kind == codes.CALLER, _asking(plan)[pc], codes.NONE))
    outside = route != codes.NONE
    replica = np.asarray(s.replica, dtype=np.int64)[alive]
    held = replica[(replica != codes.NONE) & np.isin(kind, codes.COUNTED)]
    stream = model.stream
    first = np.arange(len(stream.number)) * STRIDE
    return Inside(
        route=np.bincount(route[outside], minlength=len(plan.book.routes)),
        population=np.bincount(population[outside], minlength=len(plan.populations)),
        program=np.bincount(program, minlength=len(plan.book.names)),
        replica=np.bincount(held, minlength=len(model.replicas.in_flight)),
        taken=np.asarray(stream.number) + np.asarray(stream.at) - np.where(np.asarray(stream.count) > 0, first, 0),
    )


def _asking(plan: Plan) -> np.ndarray:
    """By operation: the route that somebody outside waits for there, between BEGIN and RECORD, or NONE."""
    table = plan.book.table
    found = np.full(len(table.op), codes.NONE, dtype=np.int64)
    for begin in np.flatnonzero(np.asarray(table.op) == codes.BEGIN):
        found[begin + 1 : begin + 3] = table.route[begin]
    return found


def lost(scenario: Scenario, plan: Plan, model: Model, before: Inside) -> tuple[str, ...]:
    """What does not add up since ``before`` (when the counts of the window were set to nothing); () = nothing lost."""
    record, now, book = model.record, inside(plan, model), plan.book
    outcome = np.asarray(record.outcome).reshape(-1, OUTCOMES).sum(axis=1)
    population = np.asarray(record.population).reshape(-1, OUTCOMES).sum(axis=1)
    ended = np.asarray(record.ended).reshape(-1, OUTCOMES).sum(axis=1)
    found = [
        f"route {name}"
        for name, came, went in zip(
            book.routes, before.route + np.asarray(record.arrived), outcome + now.route, strict=True
        )
        if came != went
    ]
    went = dict(zip(plan.populations, population + now.population - before.population, strict=True))
    owners = [name for source in scenario.traffic.sources.values() for name in source.populations]
    for number, (name, source) in enumerate(scenario.traffic.sources.items()):
        shared = any(owners.count(one) > 1 for one in source.populations)
        came = int(now.taken[number] - before.taken[number])
        if source.loop != "closed" and not shared and came != sum(went[one] for one in source.populations):
            found.append(f"source {name}")
    found += [
        f"program {name}"
        for name, entered, left in zip(book.names, record.entered, ended + now.program, strict=True)
        if entered != left
    ]
    if now.replica.tolist() != np.asarray(model.replicas.in_flight).tolist():
        found.append("requests in flight of a replica")
    return (*found, *_lost_messages(plan, model, now))


def _lost_messages(plan: Plan, model: Model, now: Inside) -> list[str]:
    q = model.messages
    found = []
    for number, name in enumerate(plan.layout.queues):
        there = q.hidden[number] + q.waiting[number] + q.flying[number]
        gone = q.acknowledged[number] + q.dead[number]
        if q.published[number] != there + gone or there != now.program[plan.book.messages[name]]:
            found.append(f"queue {name}")
    return found

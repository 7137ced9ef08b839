"""A recording block by block: times, routes and clients as recorded, the rest drawn as for any other source."""

from __future__ import annotations

from typing import Any

from novamodel.components.rule import entry
from novamodel.workload.arrivals import fill_demand_uniforms, fill_draws, first_stream
from novamodel.workload.replay.recording import Recording

_HIT, _MISS = 0.0, 1.0  # no uniform number is one of these


def fill_from(recording: Recording, block: Any, source: Any, seed: int, replication: int, first: int) -> int:
    """The requests first, first + 1, ... of a recording into the block; how many (fewer at its end).

    Draws are those of `arrivals.fill` for the same source and number. A recorded hit or miss takes the place of the
    draw ``source.recorded_hit`` of its route, a recorded demand divided by ``source.recorded_mean`` that of
    ``source.recorded_demand``. Callers are the source's first population, from its first client on.
    """
    return int(fill_tape(recording.tape, block, source, seed, replication, first))


@entry
def fill_tape(tape: Any, block: Any, source: Any, seed: int, replication: int, first: int) -> int:
    """`fill_from` in compiled form."""
    size = len(block.time)
    most = source.most_draws
    made = min(size, max(len(tape.time) - first, 0))
    fill_demand_uniforms(source, block, size, seed, first_stream(replication, source.number), first)
    for i in range(made):
        block.time[i] = tape.time[first + i]
        block.route[i] = tape.route[first + i]
        block.population[i] = source.first_population
        block.client[i] = source.first_client + tape.client[first + i]
    fill_draws(source, block, size, made)
    for i in range(made):
        route = block.route[i]
        hit = tape.hit[first + i]
        demand = tape.demand[first + i]
        if hit >= 0 and source.recorded_hit[route] >= 0:
            block.draw[i * most + source.recorded_hit[route]] = _HIT if hit > 0 else _MISS
        if demand == demand and source.recorded_demand[route] >= 0:
            block.draw[i * most + source.recorded_demand[route]] = demand / source.recorded_mean[route]
    return made

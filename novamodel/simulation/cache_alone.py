"""One cache alone, key by key: what its closed forms are checked with, and what has no closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd

from novamodel.analytic import hit_ratios, key_rates, peak_rate
from novamodel.components.redis.state import POLICIES as RULES
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.simulation.build_caches import empty_caches
from novamodel.simulation.cache_play import commands_of, play
from novamodel.simulation.cache_start import begin_with
from novamodel.simulation.layout import layout_of
from novamodel.simulation.requests import CACHES
from novamodel.workload.arrivals import MOST_SOURCES, first_stream

MOST_COMMANDS = 20_000_000
POLICIES = tuple(RULES)


def replay_cache(
    scenario: Scenario,
    duration_s: float,
    *,
    policy: str | None = None,
    rate: float | None = None,
    replications: int = 3,
    step_s: float | None = None,
) -> pd.DataFrame:
    """Send the main cache the commands of ``duration_s`` seconds at ``rate`` requests/s (default: the peak).

    It begins empty; with ``run.start_state: given`` as its keyspaces' `start` says. A row a replication, step and
    keyspace: ``replication, time_s`` (end of the step), ``keyspace, reads, hits, entries, evicted``. ``policy``:
    another maxmemory-policy. Same scenario and seed, same result. Raises ``UserError`` for an unknown policy, for more
    keys than are kept one by one, and for more commands than a minute replays.
    """
    if policy is not None:
        if policy not in POLICIES:
            raise UserError(f"{policy!r} is no policy", valid=POLICIES, given=policy)
        scenario = scenario.override({"cache.maxmemory_policy": policy}, said_by="trial")
    if scenario.run.start_state == "steady":
        scenario = scenario.override({"run.start_state": "cold"}, said_by="trial")
    rate, step = peak_rate(scenario) if rate is None else rate, step_s or duration_s
    ratios, layout = hit_ratios(scenario, rate), layout_of(scenario)
    numbers = {name: layout.keyspaces.index((MAIN, name)) for name in ratios if (MAIN, name) in layout.keyed}
    if len(numbers) < len(ratios):
        raise UserError("not every keyspace's keys are kept one by one", path="cache.keyspaces", valid="fewer keys")
    commands = commands_of(
        {number: key_rates(scenario, name, rate, ratios) for name, number in numbers.items()}, len(layout.keyspaces)
    )
    if commands.per_s * duration_s * replications > MOST_COMMANDS:
        many = commands.per_s * duration_s * replications
        raise UserError(f"{many:.2g} cache commands are too many to replay", valid=f"at most {MOST_COMMANDS:,}")
    rows = []
    for number in range(replications):
        stream = first_stream(number, MOST_SOURCES - 1) + CACHES
        keys, draws = empty_caches(scenario, layout, scenario.run.seed, stream)
        begin_with(scenario, layout, keys, draws)
        following = 0
        for begin in np.arange(0.0, duration_s * (1 - 1e-9), step):
            end = min(begin + step, duration_s)
            before = {name: (keys.gets[n], keys.hits[n], keys.evicted[n]) for name, n in numbers.items()}
            following = play(keys, draws, commands, stream, float(begin), float(end), following)
            for name, n in numbers.items():
                reads, hits, evicted = (
                    int(column[n] - was)
                    for column, was in zip((keys.gets, keys.hits, keys.evicted), before[name], strict=True)
                )
                rows.append((number, end, name, reads, hits, int(keys.entries[n]), evicted))
    return pd.DataFrame(rows, columns=["replication", "time_s", "keyspace", "reads", "hits", "entries", "evicted"])

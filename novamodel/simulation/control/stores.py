"""Faults of the database and the cache: gone for a while, or slow."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np

from novamodel.analytic import warming
from novamodel.components.pg_pool.rules import pool_close_all_idle, pool_close_idle
from novamodel.components.pgbouncer.rules import bouncer_drop
from novamodel.components.redis.commands import flush
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN
from novamodel.scenario.popularity import zipf_exponent
from novamodel.simulation import codes
from novamodel.simulation.bouncing import close_door
from novamodel.simulation.control.world import World
from novamodel.simulation.holds import pass_door
from novamodel.units import format_time
from novamodel.workload.key_draws import key_shares

WARM_STEP_S = 1.0
"""How often the hit ratio of a cache that fills again is brought up to date."""
WARM = 0.99
"""A cache is called warm again from this share of its hit ratio on."""


class Stores:
    """What is changed in the engine while a fault lasts, and put back afterwards."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        programs, book = world.engine.model.programs, world.plan.book
        self._sql = {pc: (programs.idle[pc], programs.busy[pc]) for pc, name in book.statements.items() if name == MAIN}
        self._steady = {pc: programs.share[pc] for pc, (cache, _) in book.keyspaces.items() if cache == MAIN}
        self._factors: list[float] = []
        self._fillings = 0

    def fail_database(self, seconds: float) -> Generator[Any, Any, None]:
        """The primary takes no statement for so long; idle connections to it are closed at once."""
        server = self.world.plan.layout.servers[(MAIN, False)][0]
        closed = self._close_idle(server) + self._drop_idle(server)
        self.world.engine.model.timers.outage[server] += 1
        text = f"gone for {format_time(seconds)}; {closed} idle connections closed"
        self.world.event("database", "failover", text, 1, 0)
        yield self.world.env.timeout(seconds)
        self.world.engine.model.timers.outage[server] -= 1
        if self.world.engine.model.timers.outage[server] == 0:
            self.world.event("database", "restored", "takes statements again", 0, 1)

    def _close_idle(self, server: int) -> int:
        """Close every idle connection that leads straight to a server."""
        model, now, closed = self.world.engine.model, self.world.env.now, 0
        for link in range(int(model.links.count[0])):
            if model.links.server[link] != server or model.links.bouncer[link] != codes.NONE:
                continue
            first = int(model.links.first_pool[link])
            for p in range(first, first + int(model.links.end_replica[link] - model.links.first_replica[link])):
                ended = int(pool_close_all_idle(model.pool, p, now))
                model.doors.open[model.links.door[link]] -= ended
                closed += ended
        return closed

    def _drop_idle(self, server: int) -> int:
        """The same for PgBouncer's: idle ones, and in session mode those of idle clients, who are disconnected."""
        model, now, dropped = self.world.engine.model, self.world.env.now, 0
        for link in range(int(model.links.count[0])):
            b = int(model.links.bouncer[link])
            if b == codes.NONE or model.links.server[link] != server:
                continue
            first = int(model.links.first_pool[link])
            for p in range(first, first + int(model.links.end_replica[link] - model.links.first_replica[link])):
                places = [int(model.pool.stack[p * model.pool.depth[0] + n]) for n in range(int(model.pool.idle[p]))]
                for place in places:
                    linked = int(model.links.linked[place])
                    if linked:
                        model.links.linked[place] = 0
                        pool_close_idle(model.pool, p, place, now)
                        pass_door(model, link, -1)
                        self._drop(linked - 1)
                        dropped += 1
            while model.bouncer.idle_first[b] != codes.NONE:
                self._drop(int(model.bouncer.idle_first[b]))
                dropped += 1
        return dropped

    def _drop(self, place: int) -> None:
        model = self.world.engine.model
        bouncer_drop(model.bouncer, place, self.world.env.now)
        close_door(model, place)

    def slow_database(self, factor: float, seconds: float) -> Generator[Any, Any, None]:
        """Statements cost ``factor`` times their CPU for so long; factors that overlap multiply."""
        self._factors.append(factor)
        self._apply_factors()
        self.world.event("database", "slow", f"statements cost {factor:g} times for {format_time(seconds)}", 1, 1)
        yield self.world.env.timeout(seconds)
        self._factors.remove(factor)
        self._apply_factors()
        self.world.event("database", "restored", "statements cost what they did", 1, 1)

    def _apply_factors(self) -> None:
        programs, factor = self.world.engine.model.programs, math.prod(self._factors)
        for pc, (idle, busy) in self._sql.items():
            programs.idle[pc], programs.busy[pc] = idle * factor, busy * factor

    def fail_cache(self, seconds: float, commands: str) -> Generator[Any, Any, None]:
        """The cache is gone for so long: commands wait for it, or every get is a miss."""
        waits = commands == "wait"
        what = "commands wait" if waits else "every get misses"
        self.world.event("cache", "failover", f"gone for {format_time(seconds)}; {what}", 1, 0)
        if waits:
            self._hold_cache(seconds)
        else:
            self._miss(1)
        yield self.world.env.timeout(seconds)
        if not waits:
            self._miss(-1)
        self.world.event("cache", "restored", "answers again", 0, 1)

    def _hold_cache(self, seconds: float) -> None:
        """Its thread is busy with being gone; utilisation counts that. A cluster of which a master fails serves no slot
        (cluster-require-full-coverage)."""
        redis, now = self.world.engine.model.redis, self.world.env.now
        for server in range(*self.world.plan.layout.caches[MAIN]):
            begin = max(float(redis.free_at[server]), now)
            held = max(0.0, now + seconds - begin)
            redis.free_at[server] = begin + held
            redis.used[server] += held

    def empty_cache(self, clock_s: float) -> Generator[Any, Any, None]:
        """Every entry is gone; hits come back as keys are read and filled.

        Where keys are not kept one by one, hit ratios follow `analytic.warming` meanwhile.
        """
        self._fillings += 1
        mine, env, begin = self._fillings, self.world.env, self.world.env.now
        self.world.event("cache", "emptied", "every entry is lost; gets miss until keys are filled again", 1, 0)
        before = self._reached()
        for server in range(*self.world.plan.layout.caches[MAIN]):
            flush(self.world.engine.model.keys, server)
        curves = self._curves(clock_s) if self._steady else {}
        while mine == self._fillings:  # until it is emptied once more
            warm = all(self._reached()[space] >= WARM * reached for space, reached in before.items())
            for pc, (times, ratios) in curves.items():
                hit = min(float(np.interp(env.now - begin, times, ratios)), self._steady[pc])
                self.world.engine.model.programs.share[pc] = hit
                warm = warm and hit >= WARM * self._steady[pc]
            if warm:
                for pc, hit in self._steady.items():
                    self.world.engine.model.programs.share[pc] = hit
                self.world.event("cache", "warm", f"hits as before, after {format_time(env.now - begin)}", 0, 1)
                return
            yield env.timeout(WARM_STEP_S)

    def _curves(self, clock_s: float) -> dict[int, tuple[Any, Any]]:
        """By operation of a get whose keys are not kept: times since now, and hit ratios then."""
        run = self.scenario.run
        length = max(run.warm_up_s + run.duration - self.world.env.now, WARM_STEP_S)
        curves = warming(self.scenario, length, self.scenario.traffic.rate_at(clock_s))
        rows = dict(list(curves.groupby("keyspace")))
        return {
            pc: (rows[name]["time_s"].to_numpy(), rows[name]["hit_ratio"].to_numpy())
            for pc, (cache, name) in self.world.plan.book.keyspaces.items()
            if cache == MAIN
        }

    def _reached(self) -> dict[int, float]:
        """By keyspace of the main cache whose keys are kept: probability that a get finds its key now."""
        model, layout, found = self.world.engine.model, self.world.plan.layout, {}
        for number, (store, name) in enumerate(layout.keyspaces):
            if store == MAIN and (store, name) in layout.keyed:
                space = self.scenario.cache.keyspaces[name]
                first = int(model.keys.first[number])
                place, ends = (
                    np.asarray(column[first : first + space.keys]) for column in (model.keys.place, model.keys.expires)
                )
                shares = key_shares(space.keys, zipf_exponent(space.popularity))
                found[number] = float(shares[(place >= 0) & (ends > self.world.env.now)].sum())
        return found

    def _miss(self, more: int) -> None:
        self.world.engine.model.caches.gone[list(self.world.plan.layout.caches).index(MAIN)] += more

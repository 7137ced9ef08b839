"""Whether a run's warm-up can wash out what the run begins with."""

from __future__ import annotations

from collections.abc import Iterator

from novamodel.analytic import hit_ratio, warming
from novamodel.analytic.covers import uncovered
from novamodel.components.hpa.types import ControllerSettings
from novamodel.scenario import Scenario
from novamodel.simulation.build_stores import accepted
from novamodel.simulation.layout import keyed, layout_of
from novamodel.simulation.start_state import clock_at_start, held_at_start, replicas_at_rest, replicas_at_start
from novamodel.units import format_time

SETTLED = 0.99
"""A cache counts as warm from this share of its steady hit ratio on."""


def start_doubts(scenario: Scenario) -> list[str]:
    """Sentences about what begins otherwise than in steady state, or in one that is only guessed, for too long."""
    return [*_pools(scenario), *_contended(scenario), *_replicas(scenario), *_caches(scenario)]


def _pools(scenario: Scenario) -> Iterator[str]:
    """Pools whose idle connections outlast the warm-up."""
    run = scenario.run
    guessed = uncovered(scenario) if run.start_state == "steady" else ""
    for name, service in scenario.services.items():
        for database, pool in service.all_pools.items():
            start = "cold" if run.start_state == "cold" else pool.start
            if (start or guessed) and pool.idle_timeout > run.warm_up_s:
                yield (
                    f"pool of {name} to {database}: how many connections it holds depends on what it begins with "
                    f"({start or 'a guess, as ' + guessed}) for idle_timeout, {format_time(pool.idle_timeout)}, and "
                    f"the warm-up lasts {format_time(run.warm_up_s)}"
                )


def _contended(scenario: Scenario) -> Iterator[str]:
    """Pools of several services that need more connections than a server accepts: who has them is as it began."""
    layout = layout_of(scenario)
    replicas = {name: max(1, count) for name, count in replicas_at_start(scenario).items()}
    held = held_at_start(scenario, layout, replicas).pools
    for name, database in scenario.all_databases.items():
        for reads in (False, True):
            links = [link for link in held if (link.database, link.reads) == (name, reads)]
            wanted = sum(held[link] * replicas[link.service] for link in links)
            bouncer = database.pgbouncer
            most = bouncer.max_client_conn if bouncer is not None else accepted(database, reads)
            if wanted > most and len(links) > 1:
                yield (
                    f"the pools of {', '.join(sorted(link.service for link in links))} need {wanted:,} connections to "
                    f"{name}, which accepts {most:,}: who has them follows from the run's beginning (all alike)"
                )


def _replicas(scenario: Scenario) -> Iterator[str]:
    """Autoscalers that begin elsewhere than where they rest."""
    run = scenario.run
    if run.start_state == "steady":
        return
    begins, rests = replicas_at_start(scenario), replicas_at_rest(scenario)
    for name, service in scenario.services.items():
        scaler = service.autoscaler
        if scaler is None or begins[name] == rests[name]:
            continue
        down = begins[name] > rests[name]
        if scaler.kind != "hpa":
            window = scaler.scale_in_cooldown if down else scaler.scale_out_cooldown
        elif down:
            said = scaler.scale_down.stabilization_window if scaler.scale_down is not None else None
            window = ControllerSettings().downscale_stabilization_s if said is None else said
        else:
            window = scaler.sync_period + service.runtime.start_delay
        if window > run.warm_up_s:
            yield (
                f"{name} begins with {begins[name]} replicas and rests at {rests[name]}: its autoscaler takes "
                f"{format_time(window)} or more, and the warm-up lasts {format_time(run.warm_up_s)}"
            )


def _caches(scenario: Scenario) -> list[str]:
    """Keyspaces that begin otherwise than in steady state, and that the warm-up does not bring there."""
    run, found = scenario.run, []
    if run.start_state == "steady":
        return []
    rate = scenario.traffic.rate_at(clock_at_start(scenario))
    for store, name in sorted(keyed(scenario)):
        if run.start_state == "given" and scenario.all_caches[store].keyspaces[name].start is None:
            continue
        steady = hit_ratio(scenario, name, store, rate)
        curve = warming(scenario, run.warm_up_s + run.duration, rate, store)
        curve = curve[curve["keyspace"] == name]
        warm = curve[curve["hit_ratio"] >= SETTLED * steady]["time_s"]
        if steady > 0 and (warm.empty or warm.iloc[0] > run.warm_up_s):
            after = f"after {format_time(warm.iloc[0])}" if len(warm) else "not within the run"
            found.append(
                f"cache {store}: the hit ratio of {name} depends on what it begins with (run.start_state: "
                f"{run.start_state}): from empty it is steady {after}, "
                f"and the warm-up lasts {format_time(run.warm_up_s)}"
            )
    return found

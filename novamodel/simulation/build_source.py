"""From a scenario to the sources of its requests: rates, routes, callers, recordings, and the laws of their draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from novamodel.scenario import Scenario
from novamodel.scenario.traffic import Bursts, Population, zipf_exponent
from novamodel.scenario.traffic import Source as ScenarioSource
from novamodel.simulation import codes
from novamodel.simulation.program_book import asks_once
from novamodel.simulation.programs import ProgramBook
from novamodel.simulation.recorded import recording_of
from novamodel.workload.arrivals import Source, fill, guide_table, popularity_shares
from novamodel.workload.bursts import STEADY, Burst, dispersed, on_off
from novamodel.workload.laws import Laws
from novamodel.workload.rates import daily_breaks, rate_steps
from novamodel.workload.replay import fill_from

STRIDE = 1 << 34
"""Request numbers from one source to the next."""
USERS, USER_STRIDE = 1 << 41, 1 << 24
"""Number of the first user, and from one closed source to the next."""


@dataclass
class Feed:
    """One source as an engine takes it: how a block is filled, and which program each of its routes has."""

    source: Source
    programs: Any  # by route of the source
    fill: Callable[[Source, Any, int, int, int], int]
    number: int


@dataclass
class Users:
    """Users of a closed source: how many, and who they are."""

    program: int
    count: int
    population: list[int]  # by user
    client: list[int]  # by user


def first_clients(scenario: Scenario) -> dict[str, int]:
    """Number of each population's first client."""
    firsts, next_client = {}, 0
    for name, population in scenario.traffic.everyone.items():
        firsts[name] = next_client
        next_client += population.clients
    return firsts


def client_count(scenario: Scenario) -> int:
    """Clients of all populations together."""
    return sum(population.clients for population in scenario.traffic.everyone.values())


def feeds_of(scenario: Scenario, book: ProgramBook, laws: Laws) -> list[Feed]:
    """Every source that is not closed."""
    shares = {name: _shares(population) for name, population in scenario.traffic.everyone.items()}
    return [
        _feed(scenario, name, source, number, book, laws, shares)
        for number, (name, source) in enumerate(scenario.traffic.sources.items())
        if source.loop != "closed"
    ]


def users_of(scenario: Scenario, book: ProgramBook) -> list[Users]:
    """Every closed source."""
    names, firsts = list(scenario.traffic.everyone), first_clients(scenario)
    found = []
    for name, source in scenario.traffic.sources.items():
        if source.loop != "closed":
            continue
        population, client = [], []
        for who, part in source.populations.items():
            count = round(source.users * part.share)
            population += [names.index(who)] * count
            client += [firsts[who] + user % part.clients for user in range(count)]
        short = source.users - len(client)  # rounding
        population, client = (column[: source.users] + column[-1:] * max(0, short) for column in (population, client))
        found.append(Users(book.callers[(name, "")], source.users, population, client))
    return found


def _feed(
    scenario: Scenario,
    name: str,
    source: ScenarioSource,
    number: int,
    book: ProgramBook,
    laws: Laws,
    shares_of_all: dict[str, Any],
) -> Feed:
    once = asks_once(source)
    routes = source.routes
    entries = [book.entries[(source.via, route)] for route in routes]
    programs = entries if once else [book.callers[(name, route)] for route in routes]
    drawn_from = _source(scenario, source, number, routes, entries, book, laws, shares_of_all)
    if source.loop == "replay":
        assert source.replay is not None
        names = list(dict.fromkeys(route for service in scenario.services.values() for route in service.routes))
        recording = recording_of(source.replay, names, routes)

        def replay(source: Source, block: Any, seed: int, replication: int, first: int) -> int:
            return fill_from(recording, block, source, seed, replication, first)

        return Feed(drawn_from, np.array(programs), replay, number)
    if source.loop == "periodic":
        every, offset = source.every, _first_job(scenario, source)
        horizon = scenario.run.warm_up_s + scenario.run.duration

        def clock(source: Source, block: Any, seed: int, replication: int, first: int) -> int:
            made = fill(source, block, seed, replication, first)
            times = offset + every * (first + np.arange(made))
            block.time[:made] = times
            return int(np.searchsorted(times, horizon))

        return Feed(drawn_from, np.array(programs), clock, number)
    return Feed(drawn_from, np.array(programs), fill, number)


def _first_job(scenario: Scenario, source: ScenarioSource) -> float:
    """Seconds from the beginning of the run to the first job."""
    return (source.first - (scenario.run.start - scenario.run.warm_up_s)) % source.every


def _source(
    scenario: Scenario,
    source: ScenarioSource,
    number: int,
    routes: tuple[str, ...],
    entries: list[int],
    book: ProgramBook,
    laws: Laws,
    shares_of_all: dict[str, Any],
) -> Source:
    edges, cumulative = _rates(scenario, source)
    firsts, names = first_clients(scenario), list(scenario.traffic.everyone)
    guides = [guide_table(shares_of_all[who], firsts[who]) for who in source.populations]
    first = next(iter(source.populations))
    sizes = [len(guide) for guide in guides]
    table, most = book.table, book.most_draws
    shares = [source.mix.get(route, 1.0 / len(routes)) for route in routes]
    demand = source.replay.demand if source.replay is not None else None
    found = [book.demands.get((entry, demand or ""), codes.NONE) for entry in entries]
    return Source(
        edges=edges,
        cumulative=cumulative,
        route_share=_cumulated(shares),
        population_share=_cumulated([part.share for part in source.populations.values()]),
        client_share=np.concatenate(list(shares_of_all.values())),
        guide=np.concatenate(guides),
        guide_first=np.cumsum([0, *sizes[:-1]]),
        guide_size=np.array(sizes, dtype=np.int64),
        draws=np.array([table.draws[entry] for entry in entries], dtype=np.int64),
        law=np.array(
            [row for entry in entries for row in table.law[entry * most : (entry + 1) * most]], dtype=np.int64
        ),
        laws=laws,
        most_draws=most,
        burst=_burst(source.bursts),
        number=number,
        first_population=names.index(first),
        first_client=firsts[first],
        recorded_hit=np.array([book.first_hit.get(entry, codes.NONE) for entry in entries]),
        recorded_demand=np.array(found),
        recorded_mean=np.array([_mean_of(book, entry, draw) for entry, draw in zip(entries, found, strict=True)]),
    )


def _mean_of(book: ProgramBook, entry: int, draw: int) -> float:
    """Mean demand (s) of the operation of a program that a draw multiplies."""
    table = book.table
    if draw == codes.NONE:
        return 1.0
    place = next(pc for pc in range(table.start[entry], len(table.op)) if table.draw[pc] == draw)
    return float(table.busy[place])


def _rates(scenario: Scenario, source: ScenarioSource) -> tuple[Any, Any]:
    run = scenario.run
    begin, horizon = run.start - run.warm_up_s, run.warm_up_s + run.duration
    if source.loop == "periodic":  # only draws are taken: enough of them
        return np.array([0.0, horizon]), np.array([0.0, 10.0 * horizon / source.every + 1000.0])
    if source.loop == "replay":
        return np.array([0.0, horizon]), np.array([0.0, 1.0])
    breaks = [] if source.shape == "constant" else daily_breaks([t for t, _ in source.points], begin, horizon)
    return rate_steps(lambda t: source.rate_at((begin + t) % 86400.0), horizon, breaks)


def _burst(bursts: Bursts | None) -> Burst:
    if bursts is None:
        return STEADY
    if bursts.dispersion is not None:
        return dispersed(bursts.dispersion, bursts.scale)
    assert bursts.on is not None
    assert bursts.off is not None
    factor = bursts.factor if bursts.factor is not None else (bursts.on + bursts.off) / bursts.on
    return on_off(bursts.on, bursts.off, factor)


def _shares(population: Population) -> Any:
    return popularity_shares(population.clients, zipf_exponent(population.popularity))


def _cumulated(shares: list[float]) -> Any:
    total = np.cumsum(np.array(shares))
    total[-1] = 1.0
    return total

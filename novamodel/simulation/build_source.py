"""From a scenario to the source of its requests: rates, routes, callers and the laws of their draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from novamodel.scenario import Scenario
from novamodel.scenario.traffic import zipf_exponent
from novamodel.simulation.routes import RouteBook, Routes
from novamodel.workload.arrivals import Source, guide_table, popularity_shares
from novamodel.workload.bursts import STEADY
from novamodel.workload.law_book import LawBook
from novamodel.workload.laws import LAW_CODES, UNIT
from novamodel.workload.rates import daily_breaks, rate_steps


def caller_shares(scenario: Scenario) -> tuple[Any, Any]:
    """Number of each population's first client (and one past the last), and its clients' cumulative shares."""
    firsts, shares = [0], []
    for population in scenario.traffic.populations.values():
        shares.append(popularity_shares(population.clients, zipf_exponent(population.popularity)))
        firsts.append(firsts[-1] + population.clients)
    return np.array(firsts, dtype=np.int64), shares


def request_source(scenario: Scenario, table: Routes, book: RouteBook, firsts: Any, shares: Any) -> Source:
    """What the stream of requests is drawn from, from the start of the warm-up on."""
    run, traffic = scenario.run, scenario.traffic
    begin = run.start - run.warm_up_s
    horizon = run.warm_up_s + run.duration
    points = [hour * 3600.0 for hour in range(24)] if isinstance(traffic.shape, str) else [t for t, _ in traffic.shape]
    breaks = [] if traffic.shape == "constant" else daily_breaks(points, begin, horizon)
    edges, cumulative = rate_steps(lambda t: traffic.rate_at((begin + t) % 86400.0), horizon, breaks)
    public = len(book.names)
    guides = [guide_table(part, int(first)) for part, first in zip(shares, firsts[:-1], strict=True)]
    sizes = [len(guide) for guide in guides]
    laws, names = LawBook(), {code: name for name, code in LAW_CODES.items()} | {UNIT: "unit"}
    rows = [
        laws.add(names[code], *([parameter] if names[code] == "lognormal" else []))
        for code, parameter in zip(table.law, table.parameter, strict=True)
    ]
    return Source(
        edges=edges,
        cumulative=cumulative,
        route_share=_cumulated(list(traffic.mix.values())),
        population_share=_cumulated([p.share for p in traffic.populations.values()]),
        client_share=np.concatenate(shares),
        guide=np.concatenate(guides),
        guide_first=np.cumsum([0, *sizes[:-1]]),
        guide_size=np.array(sizes, dtype=np.int64),
        draws=np.array(table.draws[:public], dtype=np.int64),
        law=np.array(rows[: public * book.most_draws], dtype=np.int64),
        laws=laws.arrays(),
        most_draws=book.most_draws,
        burst=STEADY,
        number=0,
        first_population=0,
        first_client=0,
        recorded_hit=np.full(public, -1),
        recorded_demand=np.full(public, -1),
        recorded_mean=np.ones(public),
    )


def _cumulated(shares: list[float]) -> Any:
    total = np.cumsum(np.array(shares))
    total[-1] = 1.0
    return total

"""A graph against an independent model of it: stock SimPy, other random numbers, the same figures within intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import stock_graph
from against_theory import mean_latency, mean_spent, runs_of

from novamodel.simulation import codes
from novamodel.simulation.recorder import upper_edges
from novamodel.statistics import quantile_of_histogram

SECONDS, WARM_UP, STOCK_RUNS = 150.0, 20.0, 8


@pytest.fixture(scope="module")
def models(plain):
    """Replications of the scenario, and runs of the stock model."""
    ours = runs_of(plain(stock_graph.scenario_changes(SECONDS, WARM_UP)))
    return ours, [stock_graph.Graph(seed, WARM_UP).run(SECONDS) for seed in range(STOCK_RUNS)]


def close(ours, theirs, relative):
    """Whether two samples of independent runs have the same mean: within a share and 4.5 errors of the difference."""
    error = math.sqrt(np.var(ours, ddof=1) / len(ours) + np.var(theirs, ddof=1) / len(theirs))
    difference = abs(np.mean(ours) - np.mean(theirs))
    return bool(difference <= min(relative * np.mean(theirs), 4.5 * error))


def test_latency_agrees(models):
    ours, theirs = models
    assert close([mean_latency(run) for run in ours], [np.mean(one.latencies) for one in theirs], 0.05)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_quantiles_agree(models, q):
    ours, theirs = models
    edges = np.array(upper_edges())
    found = [quantile_of_histogram(edges, run.histogram.sum(axis=0), q) for run in ours]
    assert close(found, [np.quantile(one.latencies, q) for one in theirs], 0.08)


def test_what_waits_where_agrees(models):
    """Time in front of the pool, calls of the external that were given up, messages worked on."""
    ours, theirs = models
    waits = [one.pool_wait / len(one.latencies) for one in theirs]
    assert close([mean_spent(run, codes.POOL_WAIT) for run in ours], waits, 0.15)
    given_up = [one.gave_up / len(one.latencies) for one in theirs]
    assert close([_given_up(run) / run.outcome.sum() for run in ours], given_up, 0.15)
    assert min(given_up) > 0.02
    assert close([run.queues[0]["acknowledged"] for run in ours], [one.mailed for one in theirs], 0.03)


def _given_up(run):
    return sum(row["given_up"] for row in run.calls if row["called"] == "bank")

"""The engines against an independent oracle: the benchmark's stock SimPy model of the same path, same draws."""

from __future__ import annotations

import pytest

from benchmarks import scenes
from benchmarks.stock import Stock
from novamodel.simulation import codes


def test_light_path_agrees_with_the_stock_model(both):
    """Where nothing waits for the database its order of service does not matter: the same served and rejected."""
    scenario = scenes.light(30.0)
    stock = Stock(scenario).run(30.0)
    run = both(scenario)
    served = run.outcome[0, codes.SERVED]
    assert abs(served - len(stock.latencies)) <= 1
    assert run.outcome[0, codes.REJECTED] == stock.rejected > 100
    mean = sum(stock.latencies) / len(stock.latencies)
    assert run.latency.sum() / served == pytest.approx(mean, rel=0.01)


def test_saturated_path_agrees_in_what_it_carries(both):
    """First come first served or shared cores: the throughput of a full database is the same."""
    scenario = scenes.saturated(20.0)
    stock = Stock(scenario).run(20.0)
    run = both(scenario)
    served = run.outcome[0, codes.SERVED]
    assert served == pytest.approx(len(stock.latencies), rel=0.03)
    assert served < 0.97 * run.arrived.sum()

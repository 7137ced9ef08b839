"""Closed forms beside the simulation of NovaBank: loads within 5 %, latencies within the bounds stated here."""

import numpy as np
import pytest

from novamodel.analytic import latency_quantile, mean_latency, peak_rate, steady_replicas, system_load
from novamodel.loading import importer
from novamodel.resources import params_dir
from novamodel.scenario import load_scenario
from novamodel.simulation import simulate
from novamodel.sizing.window import peak_window

MEAN, TAIL, LOAD = 0.25, 0.25, 0.05


@pytest.mark.parametrize("multiple", [0.5, 1.0, 2.0])
def test_loads_and_latencies_agree_with_the_simulation(multiple):
    # the edge rejects nothing here: the closed forms know no rejections
    scenario = load_scenario(params_dir() / "novabank.yaml", importer).with_load(multiple).override({"edge.limits": {}})
    scenario = scenario.override({"platform.cpu.kind": "none"})  # nor waits for the cores of a node
    result = simulate(scenario.override(peak_window(scenario, 120)), replications=2)
    rate = peak_rate(scenario)
    counts = steady_replicas(scenario, rate)
    load = system_load(scenario, rate, {name: np.asarray(float(n)) for name, n in counts.items()})

    busy = result.tiers.groupby("tier")["busy"].mean()
    replica = load.services["core-api"].replica
    assert float(replica.used_cores) * counts["core-api"] == pytest.approx(busy["core-api cpu"], rel=LOAD)
    assert float(load.primary.busy) == pytest.approx(busy["postgres cpu"], rel=LOAD)
    assert float(load.edge_busy) == pytest.approx(busy["edge"], rel=LOAD)
    assert float(load.cache_busy) == pytest.approx(busy["redis"], rel=2 * LOAD)

    assert float(mean_latency(scenario, load)) == pytest.approx(result.estimate("mean").value, rel=MEAN)
    assert float(latency_quantile(scenario, load, 0.99)) == pytest.approx(result.estimate("p99").value, rel=TAIL)

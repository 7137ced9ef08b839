"""The graph's closed forms against theory: Jackson's network with feedback, and closed networks by other means."""

import numpy as np
import pytest

from novamodel.analytic import closed_mva, closed_network, mean_latency, mm1, route_rates, system_load
from novamodel.scenario import Scenario, build
from novamodel.scenario.graph import RouteOf
from novamodel.scenario.origin import Tree

FREE = {"resources": {"cpu_limit": None}, "readiness": None, "runtime": {"scrape": "0 s"}, "network": "0 s"}


def network(traffic: dict, first: list, second: list, **parts: object) -> Scenario:
    services = {
        "front": {**FREE, "pool": {"max": 1000}, "routes": {"ask": first}},
        "back": {**FREE, "routes": {"work": second}},
    }
    traffic = {"mix": {"ask": "100 %"}, "via": "direct", **traffic}
    tree = {"name": "jackson", "platform": {"kind": "compose"}, "traffic": traffic, "services": services, **parts}
    return build(Tree(tree))


def test_jackson_network_with_feedback():
    """Two M/M/1 stations; after the second a job goes back to the first with probability p (Jackson 1957)."""
    rate, again = 30.0, 0.4
    scenario = network(
        {"peak": f"{rate} requests/s", "shape": "constant"},
        [{"cpu": "5 ms exponential"}, {"call": "back.work"}],
        [{"cpu": "8 ms exponential"}, {"call": "front.ask", "chance": again}],
    )
    visits = route_rates(scenario)
    flow = rate / (1 - again)
    assert visits == pytest.approx({RouteOf("front", "ask"): flow, RouteOf("back", "work"): flow})
    load = system_load(scenario, rate, {"front": 1.0, "back": 1.0})
    stations = mm1(flow, np.array([200.0, 125.0]))
    assert float(load.services["back"].replica.loop_utilisation) == pytest.approx(flow * 8e-3, rel=1e-9)
    inside = float(stations.mean_in_system.sum())
    assert float(mean_latency(scenario, load)) == pytest.approx(inside / rate, rel=1e-9)  # Little's law


def test_closed_network_is_mean_value_analysis():
    """Event loops in tandem with feedback and a delay, users who think: Reiser and Lavenberg's recursion, by hand."""
    scenario = network(
        {"loop": "closed", "users": 12, "think": "400 ms exponential"},
        [{"cpu": "10 ms exponential"}, {"call": "back.work"}],
        [{"cpu": "15 ms exponential"}, {"wait": "20 ms"}, {"call": "front.ask", "chance": 0.25}],
    )
    turns = 1 / 0.75
    theory = closed_mva(0.4 + 0.02 * turns, [10e-3, 15e-3], [turns, turns], 12)
    found = closed_network(scenario)
    assert found.throughput_per_s == pytest.approx(float(theory.throughput_per_s), rel=1e-9)
    assert found.response_s == pytest.approx(float(theory.response_s) + 0.02 * turns, rel=1e-9)
    assert found.response_s == pytest.approx(12 / found.throughput_per_s - 0.4, rel=1e-9)  # response time law
    assert found.utilisations == pytest.approx(
        {"front event loop": theory.utilisations[0], "back event loop": theory.utilisations[1]}
    )


def test_closed_network_of_a_database_with_two_cores_is_the_machine_repairman():
    """One station of two servers: birth and death over the number inside."""
    users, think, work = 9, 0.05, 0.02
    scenario = network(
        {"loop": "closed", "users": users, "think": f"{think} s"},
        [{"sql": ["one"]}],
        [{"wait": "1 ms"}],
        database={"cores": 2, "network": "0 s", "statements": {"one": {"cpu": f"{work * 1000} ms exponential"}}},
    )
    chance = [1.0]
    for inside in range(users):
        chance.append(chance[-1] * (users - inside) / think * work / min(inside + 1, 2))
    chance = np.array(chance) / sum(chance)
    rate = (np.minimum(np.arange(users + 1), 2) @ chance) / work
    found = closed_network(scenario)
    assert found.throughput_per_s == pytest.approx(rate, rel=1e-9)
    assert found.utilisations["postgres cpu"] == pytest.approx(rate * work / 2, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"services.front.routes": {"ask": [{"cpu": "1 ms"}]}}, "exponential"),
        ({"services.front.routes": {"ask": [{"cpu": "1 ms exponential"}, {"cpu": "2 ms exponential"}]}}, "one mean"),
        ({"services.front.resources.cpu_limit": "500m"}, "CPU limit"),
        ({"services.front.pool.max": 3}, "may be full"),
        ({"traffic.via": "main"}, "exponential"),
        ({"services.front.routes": {"ask": [{"parallel": [[{"wait": "1 s"}], [{"wait": "1 s"}]]}]}}, "side by side"),
        ({"traffic.caller.retries": 1}, "retry"),
    ],
)
def test_what_is_no_product_form_network_is_refused(changes, why):
    scenario = network(
        {"loop": "closed", "users": 12, "think": "1 s"}, [{"cpu": "1 ms exponential"}], [{"wait": "1 ms"}]
    )
    assert closed_network(scenario).throughput_per_s > 0
    with pytest.raises(ValueError, match=why):
        closed_network(scenario.override(changes))

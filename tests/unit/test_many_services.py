"""Of many services nothing is worked out anew for each: closed forms grow linearly, what is simulated is bounded."""

import numpy as np
import pytest

import novamodel as nm
from novamodel.analytic import downstream as calls
from novamodel.analytic import replica, route_demands, steady_replicas, system_load
from novamodel.scenario import Tree, build
from novamodel.sizing import MOST_VALUES, variables
from novamodel.sizing.variables import few_values
from novamodel.workflows.effort import DAY_S, MOST_DAY_POD_S, MOST_PEAK_POD_S, SHORTEST_S, effort


def chain(length: int, **more):
    """A chain of services, each scaled and each calling the next."""
    services = {}
    for number in range(length):
        steps = [{"cpu": f"{1 + number / 100} ms"}]
        steps += [{"call": f"s{number + 1}.ask"}] if number + 1 < length else []
        services[f"s{number}"] = {
            "autoscaler": {"min_replicas": 2, "max_replicas": 6, "cpu_target": 0.7},
            "routes": {"enter" if number == 0 else "ask": steps},
        }
    return build(
        Tree(
            {
                "name": "chain",
                "services": services,
                "traffic": {"peak": "40 requests/s", "mix": {"enter": "100 %"}},
                **more,
            }
        )
    )


def loads_worked_out(length: int) -> int:
    scenario = chain(length)
    replica._one_load.cache_clear()
    before = []
    load = replica._load

    def counted(*given):
        before.append(given)
        return load(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "_load", counted)
        rest = steady_replicas(scenario, 40.0)
        system_load(scenario, 40.0, {name: np.asarray(float(count)) for name, count in rest.items()})
        system_load(scenario, 40.0, {name: np.asarray(float(count)) for name, count in rest.items()})
    return len(before)


def test_loads_at_rest_are_worked_out_once_a_service():
    assert loads_worked_out(12) == 2 * loads_worked_out(6)


def test_calls_walked_from_below_are_the_linear_system():
    scenario = nm.load("shop")
    rest = steady_replicas(scenario, 30.0)
    load = system_load(scenario, 30.0, {name: np.asarray(float(count)) for name, count in rest.items()})
    own = {name: calls._own(scenario, load, demand) for name, demand in load.routes.items()}
    below = calls._upwards(scenario, load, own, calls._waited_for(load.routes))
    system = calls._in_circles(scenario, load, own)
    assert any(demand.parts for demand in load.routes.values())
    for name in own:
        assert below[name].mean == pytest.approx(system[name].mean, rel=1e-9)
        assert below[name].variance == pytest.approx(system[name].variance, rel=1e-9)


def test_every_service_of_a_chain_is_asked_once_a_request():
    demands = route_demands(chain(20))
    assert [demand.share for demand in demands.values()] == pytest.approx([1.0] * 20)


def test_a_small_system_is_simulated_whole():
    scenario = nm.load("novabank")
    kept = effort(scenario)
    assert (kept.scenario, kept.day, kept.said) == (scenario, 2, ())


def test_a_large_system_is_simulated_for_less_and_says_so():
    scenario = chain(120, run={"duration": "60 min", "replications": 4})
    kept = effort(scenario)
    run, pods = kept.scenario.run, 240
    assert kept.day == 0
    assert DAY_S * pods > MOST_DAY_POD_S
    assert SHORTEST_S <= run.duration < scenario.run.duration
    assert pods * run.replications * (run.warm_up_s + run.duration) <= MOST_PEAK_POD_S + pods * run.replications
    assert len(kept.said) == 2


def test_few_values_keep_todays_and_those_beside_it():
    for variable in variables(nm.load("novabank")):
        few = few_values([variable])[0]
        assert len(few.values) <= max(MOST_VALUES, 1)
        assert few.values[few.now] == variable.values[variable.now]
        assert set(few.values) <= set(variable.values)
        assert set(variable.values[max(variable.now - 1, 0) : variable.now + 2]) <= set(few.values)

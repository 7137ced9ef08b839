"""Types of node as a decision: which may be chosen, that the pods fit, and that the cheapest is found."""

import pytest

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.sizing import size, variables
from novamodel.sizing.price import compute_cost
from tests.sizing_fixture import Recorder, shop

ON_NODES = {"platform.compute": "ec2"}


def node_variable(scenario: Scenario):
    return next((v for v in variables(scenario, nodes=True) if v.name == "node type"), None)


def test_nodes_are_varied_only_where_they_are_asked_for_and_there_are_some():
    bank = shop(ON_NODES)
    assert all(v.name != "node type" for v in variables(bank))
    types = [row[0] for row in node_variable(bank).values]
    assert {"m6i.large", "m6g.large", "c6i.large", "r6i.large"} <= set(types)
    assert node_variable(bank).text(node_variable(bank).now) == bank.platform.node_type
    assert node_variable(shop()) is None  # Fargate has no nodes
    grouped = shop({**ON_NODES, "platform.node_groups": {"a": {"type": "m6i.large"}}})
    assert node_variable(grouped) is None  # several groups, or one with bounds of its own, stay as they are


def test_the_cheapest_type_that_holds_the_pods_is_found_with_its_price():
    bank = shop(ON_NODES)
    only = (node_variable(bank),)
    found = size(bank, variables=only, simulate=Recorder(), budget=6)
    costs = {}
    for place in range(len(only[0].values)):
        try:
            costs[only[0].values[place][0]] = compute_cost(bank.override(only[0].at(place)))
        except UserError:  # a pod does not fit
            continue
    chosen = found.chosen.scenario.platform.node_type
    assert costs[chosen] == pytest.approx(min(costs.values()))
    assert found.chosen.cost_month == pytest.approx(min(costs.values()), abs=0.01)
    assert "node types" not in found.held


def test_a_type_that_no_pod_fits_is_no_candidate():
    wide = {"services.api.resources.memory_request": "2 GiB", "services.api.resources.memory_limit": "2 GiB"}
    bank = shop({**ON_NODES, **wide})
    found = size(bank, variables=(node_variable(bank),), simulate=Recorder(), budget=6)
    types = {candidate.scenario.platform.node_type for candidate in found.simulated}
    assert types
    for name in types:
        assert compute_cost(bank.override({"platform.node_type": name})) > 0
    with pytest.raises(UserError):
        compute_cost(bank.override({"platform.node_type": "c6g.medium"}))  # the cheapest has 2 GiB in all


def test_graviton_says_what_it_takes():
    bank = shop(ON_NODES)
    found = size(bank, variables=(node_variable(bank),), simulate=Recorder(), budget=6)
    row = found.advice.set_index("path").loc["platform.node_type"]
    assert "as fast as today's" in row["why"]
    assert ("arm64" in row["why"]) == row["advised"].partition(".")[0].endswith("g")


def test_without_nodes_the_answer_says_that_they_were_not_tried():
    assert "node types (--nodes tries them)" in size(shop(ON_NODES), simulate=Recorder(), budget=2).held

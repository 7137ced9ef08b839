"""The autoscaler's limits and logs at their edges, and what a mistaken HPA gets to hear."""

from collections.abc import Callable

import pytest

from novamodel.components.hpa import (
    ControllerSettings,
    ExternalMetric,
    HpaSpec,
    HpaState,
    Recommendation,
    ResourceMetric,
    ScaleEvent,
    ScalingPolicy,
    ScalingRules,
    as_amount,
    decide,
)
from novamodel.components.hpa.behavior import FullRules, scale_up_rules
from novamodel.components.hpa.rates import (
    change_within,
    limit_by_rates,
    limit_without_behavior,
    scale_up_limit,
    store_event,
)
from novamodel.components.hpa.stabilise import stabilise_with_behavior, stabilise_without_behavior
from novamodel.errors import UserError
from novamodel.verify.hpa import answer

CPU = ResourceMetric("cpu", 70)


def test_ten_percent_up_is_a_little_more_in_doubles() -> None:
    rules = FullRules(0.0, "Max", (ScalingPolicy("Percent", 10, 60),))
    assert scale_up_limit(100, (), (), rules, 0.0) == 111
    assert scale_up_limit(50, (), (), rules, 0.0) == 56


def test_where_bound_and_rate_agree_the_bound_is_the_reason() -> None:
    assert limit_without_behavior(3, 9, 1, 6) == (6, "TooManyReplicas")
    up, down = scale_up_rules(None), FullRules(0.0, "Max", (ScalingPolicy("Pods", 2, 60),))
    assert limit_by_rates(4, 9, 1, 8, up, down, (), (), 0.0) == (8, "TooManyReplicas")
    assert limit_by_rates(4, 1, 2, 8, up, down, (), (), 0.0) == (2, "TooFewReplicas")


def test_at_the_edge_of_a_period_or_window() -> None:
    events = (ScaleEvent(5, -60.0), ScaleEvent(7, -59.0))
    rules = FullRules(0.0, "Max", (ScalingPolicy("Pods", 10, 60),))
    assert change_within(events, 60, 0.0) == 7
    assert store_event(events, 3, rules, 0.0) == (ScaleEvent(3, 0.0), ScaleEvent(7, -59.0))
    log = (Recommendation(9, -300.0),)
    assert stabilise_without_behavior(log, 4, 300.0, 0.0) == (9, (*log, Recommendation(4, 0.0)))
    assert stabilise_with_behavior(log, 6, 4, 0.0, 300.0, 0.0) == (4, (Recommendation(4, 0.0),))
    assert stabilise_with_behavior(log, 6, 4, 0.0, 301.0, 0.0) == (6, (*log, Recommendation(4, 0.0)))


def test_amounts_round_up() -> None:
    assert [as_amount(value) for value in (0.0, 0.1, 2.0, 2.5)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: HpaSpec(5, 3, (CPU,)),
        lambda: HpaSpec(-1, 3, (CPU,)),
        lambda: HpaSpec(0, 0, (CPU,)),
        lambda: ResourceMetric("cpu"),
        lambda: ResourceMetric("cpu", 70, 100),
        lambda: ResourceMetric("cpu", 0),
        lambda: ExternalMetric("queue", 0),
        lambda: ControllerSettings(kubernetes_minor=32, tolerance_up=0.2),
        lambda: ControllerSettings(tolerance_down=-0.1),
        lambda: ScalingRules(policies=()),
        lambda: ScalingRules(select_policy="Most"),
        lambda: ScalingRules(policies=(ScalingPolicy("Pods", 4, 1801),)),
        lambda: ScalingRules(policies=(ScalingPolicy("Replicas", 4, 60),)),
        lambda: decide(HpaSpec(3, 10, (CPU,)), HpaState(), [], [], 3, 3, 0.0),
        lambda: answer({"id": "x", "kind": "reconsile"}),
    ],
)
def test_a_mistake_is_a_user_error_that_says_what_is_valid(mistake: Callable[[], object]) -> None:
    with pytest.raises(UserError) as caught:
        mistake()
    assert caught.value.valid

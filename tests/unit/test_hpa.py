"""The autoscaler's rules: worked figures of a reference deployment, and the rest of a pass.

Reference: HPA 3 to 10, CPU 70 % of 250m, memory 80 % of 256 MiB, no behavior block; CPU limit 500m.
"""

import dataclasses
import math
from collections.abc import Sequence

import pytest

from novamodel.components.hpa import (
    Behavior,
    ControllerSettings,
    ExternalMetric,
    HpaSpec,
    HpaState,
    PodState,
    Reading,
    Recommendation,
    ResourceMetric,
    Sample,
    ScaleEvent,
    ScalingRules,
    decide,
)
from novamodel.components.hpa.metric import Proposal, propose
from novamodel.components.hpa.reconcile import tolerance_of

CPU = ResourceMetric("cpu", 70)
MEMORY = ResourceMetric("memory", 80)
REFERENCE = HpaSpec(3, 10, (CPU, MEMORY))
CPU_ONLY = HpaSpec(3, 10, (CPU,))
MET = HpaState(recommendations=())
KIB_IN_MIB = 1024


def pods(count: int, start_s: float = -math.inf, first: int = 0) -> list[PodState]:
    return [PodState(f"p{first + i}", start_s=start_s, ready_changed_s=start_s + 10.0) for i in range(count)]


def reading(of: Sequence[PodState], total: int, request: int, now: float = 0.0) -> Reading:
    """The total shared out over the pods as evenly as integers go."""
    share, rest = divmod(total, len(of))
    samples = {pod.name: Sample(share + (i < rest), now, 15.0) for i, pod in enumerate(of)}
    return Reading(samples, {pod.name: request for pod in of})


def cpu_at(percent: int, of: Sequence[PodState], now: float = 0.0) -> Reading:
    """CPU such that the whole percent of 250m is `percent` exactly."""
    return reading(of, math.ceil(percent * 250 * len(of) / 100), 250, now)


def memory_at(mib: int, of: Sequence[PodState], now: float = 0.0) -> Reading:
    return reading(of, mib * KIB_IN_MIB * len(of), 256 * KIB_IN_MIB, now)


def proposal(metric: ResourceMetric, shown: Reading, count: int, minor: int = 33) -> Proposal:
    settings = ControllerSettings(kubernetes_minor=minor)
    return propose(metric, shown, pods(count), count, count, tolerance_of(settings), settings, 0.0)


# Worked figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(1, 11))
def test_cpu_thresholds(count: int) -> None:
    for percent in range(1, 201):
        found = proposal(CPU, cpu_at(percent, pods(count)), count)
        assert found.utilization == percent
        if 63 <= percent <= 77:
            assert (found.replicas, bool(found.held)) == (count, True)
        else:
            assert found.replicas == math.ceil(percent / 70 * count)
            assert not found.held


@pytest.mark.parametrize(("count", "largest_percent"), [(3, 46), (4, 52), (6, 58), (8, 61), (9, 62), (10, 62)])
def test_one_step_down_needs_this_little_cpu(count: int, largest_percent: int) -> None:
    falls = [percent for percent in range(201) if proposal(CPU, cpu_at(percent, pods(count)), count).replicas < count]
    assert max(falls) == largest_percent


def test_the_average_pod_scales_up_at_195m_and_down_under_157m() -> None:
    assert proposal(CPU, reading(pods(4), 4 * 195, 250), 4).replicas == 5
    assert proposal(CPU, reading(pods(4), 4 * 195 - 1, 250), 4).replicas == 4
    assert proposal(CPU, reading(pods(9), 1417, 250), 9).replicas == 8  # just under 157.5m a pod
    assert proposal(CPU, reading(pods(10), 1575, 250), 10).replicas == 10


def test_memory_thresholds_in_mib() -> None:
    for mib in range(1, 257):
        found = proposal(MEMORY, memory_at(mib, pods(10)), 10)
        assert found.utilization == mib * 100 // 256
        assert (found.replicas > 10) == (mib >= 228)
        assert (found.replicas < 10) == (mib <= 184)


@pytest.mark.parametrize("count", range(3, 11))
def test_a_process_resting_at_185_to_227_mib_is_never_scaled_down(count: int) -> None:
    of = pods(count)
    for mib in (185, 200, 227):
        decision = decide(REFERENCE, MET, of, [cpu_at(2, of), memory_at(mib, of)], count, count, 0.0)
        assert decision.desired == count
        assert decision.winner == "memory"
        assert decision.held == ("tolerance",)


def settled(mib: int, count: int) -> list[int]:
    """Counts of successive passes ten minutes apart with idle CPU and `mib` of memory a pod."""
    seen, state = [count], MET
    for step in range(12):
        now, of = 600.0 * step, pods(seen[-1])
        shown = [cpu_at(1, of, now), memory_at(mib, of, now)]
        decision = decide(REFERENCE, state, of, shown, seen[-1], seen[-1], now)
        state = decision.state
        if decision.desired == seen[-1]:
            break
        seen.append(decision.desired)
    return seen


def test_memory_alone_moves_the_count() -> None:
    assert settled(228, 3) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert settled(180, 10)[-1] == 7
    assert settled(156, 10)[-1] == 3


def test_saturated_cpu_climbs_3_6_9_and_is_damped_by_pods_not_trusted_yet() -> None:
    old = pods(3)
    first = decide(CPU_ONLY, MET, old, [reading(old, 1500, 250)], 3, 3, 0.0)
    assert (first.proposed, first.desired, first.held) == (9, 6, ("growth cap",))
    assert first.limited_reason == "ScaleUpLimit"
    assert first.reported_utilisation == 200
    assert "limited to 6 by growth cap" in first.explanation

    six = old + pods(3, start_s=8.0, first=3)
    at_15 = Reading({pod.name: Sample(500, 15.0, 15.0) for pod in old}, {pod.name: 250 for pod in six})
    second = decide(CPU_ONLY, first.state, six, [at_15], 6, 6, 15.0)
    assert second.proposals[0].groups.missing == ("p3", "p4", "p5")
    assert second.desired == 9
    assert second.ratio == 100 / 70

    nine = six + pods(3, start_s=20.0, first=6)
    at_30 = Reading({pod.name: Sample(500, 30.0, 15.0) for pod in nine[:6]}, {pod.name: 250 for pod in nine})
    third = decide(CPU_ONLY, second.state, nine, [at_30], 9, 9, 30.0)
    assert third.proposals[0].groups.unready == ("p3", "p4", "p5")
    assert third.ratio == 66 / 70
    assert (third.desired, third.held) == (9, ("unready pods",))

    trusted = reading(nine, 4500, 250, 400.0)
    fourth = decide(CPU_ONLY, third.state, nine, [trusted], 9, 9, 400.0)
    assert (fourth.proposed, fourth.desired, fourth.held) == (26, 10, ("max",))


def test_a_raw_proposal_holds_for_five_minutes_then_falls_to_min_in_one_pass() -> None:
    of, state, count, counts = pods(10), MET, 10, {}
    for now in (0.0, *range(15, 331, 15)):
        percent = 140 if now == 0.0 else 5
        decision = decide(CPU_ONLY, state, of, [cpu_at(percent, of, now)], count, count, now)
        state, count = decision.state, decision.desired
        counts[now] = count
        if 0.0 < now <= 300.0:
            assert decision.held[0] == "stabilisation"
    assert counts[300] == 10
    assert counts[315] == 3


def test_the_log_does_not_grow_beyond_its_window() -> None:
    of, state = pods(4), MET
    for now in range(0, 6000, 15):
        state = decide(CPU_ONLY, state, of, [cpu_at(70, of, now)], 4, 4, float(now)).state
    assert len(state.recommendations) == 300 // 15 + 1


@pytest.mark.parametrize(("minor", "replicas"), [(32, 4), (33, 3)])
def test_77_percent_scaled_up_before_1_33_and_holds_since(minor: int, replicas: int) -> None:
    assert proposal(CPU, cpu_at(77, pods(3)), 3, minor).replicas == replicas
    assert proposal(CPU, cpu_at(63, pods(3)), 3, minor).replicas == 3


def test_without_behavior_3_goes_to_6_and_with_an_empty_one_to_7() -> None:
    of = pods(3)
    shown = [reading(of, 1500, 250)]
    with_behavior = dataclasses.replace(CPU_ONLY, behavior=Behavior())
    assert decide(CPU_ONLY, MET, of, shown, 3, 3, 0.0).desired == 6
    decision = decide(with_behavior, MET, of, shown, 3, 3, 0.0)
    assert (decision.desired, decision.held) == (7, ("rate",))
    assert decision.state.up_events == (ScaleEvent(4, 0.0),)


# The rest of a pass -------------------------------------------------------------------------------


def test_bounds_come_before_metrics_and_log_a_change_only_with_behavior() -> None:
    broken = [Reading(error="no metrics"), Reading(error="no metrics")]
    down = decide(REFERENCE, HpaState(), [], broken, 12, 12, 7.0)
    assert (down.desired, down.reason, down.change, down.proposals) == (10, "above max", -2, ())
    assert down.state == HpaState((Recommendation(12, 7.0),))
    hpa = dataclasses.replace(REFERENCE, behavior=Behavior())
    up = decide(hpa, HpaState(), [], broken, 1, 1, 7.0)
    assert (up.desired, up.reason, up.state.up_events) == (3, "below min", (ScaleEvent(2, 7.0),))
    off = decide(REFERENCE, HpaState(), [], broken, 0, 0, 7.0)
    assert (off.desired, off.reason, off.blocked) == (0, "disabled", False)


def test_a_metric_in_error_stops_the_way_down_but_not_up() -> None:
    of = pods(6)
    broken = Reading(error="unable to get metrics")
    stays = decide(REFERENCE, MET, of, [cpu_at(10, of), broken], 6, 6, 0.0)
    assert (stays.desired, stays.blocked, stays.state.recommendations) == (6, True, ())
    assert "unable to get metrics" in stays.explanation
    grows = decide(REFERENCE, MET, of, [cpu_at(100, of), broken], 6, 6, 0.0)
    assert (grows.desired, grows.blocked) == (9, False)


def test_a_fresh_controller_holds_the_count_it_finds() -> None:
    of = pods(8)
    decision = decide(CPU_ONLY, HpaState(), of, [cpu_at(5, of)], 8, 8, 0.0)
    assert (decision.proposed, decision.desired, decision.held) == (1, 8, ("stabilisation",))


def test_one_missing_request_spoils_the_metric_even_in_a_failed_pod() -> None:
    of = [*pods(3), PodState("gone", "Failed", ready=False)]
    shown = cpu_at(150, of)
    requests = {**shown.requests, "gone": None}
    decision = decide(CPU_ONLY, MET, of, [shown._replace(requests=requests)], 3, 3, 0.0)
    assert decision.blocked
    assert "missing request for cpu in Pod gone" in decision.explanation


def test_resource_average_value_target() -> None:
    hpa = HpaSpec(1, 10, (ResourceMetric("cpu", target_average=100),))
    of = pods(3)
    assert decide(hpa, MET, of, [reading(of, 450, 250)], 3, 3, 0.0).desired == 5


def test_value_target_shrinks_an_overloaded_service_with_unready_pods() -> None:
    of = [PodState("a"), PodState("b", ready=False), PodState("c", ready=False)]
    hpa = HpaSpec(1, 10, (ExternalMetric("queue", 1000),))
    decision = decide(hpa, MET, of, [Reading(values=(900, 1050))], 3, 3, 0.0)
    assert (decision.ratio, decision.desired) == (1.95, 2)


def test_tolerance_of_the_hpa_itself() -> None:
    of = pods(4)
    hpa = HpaSpec(1, 10, (CPU,), Behavior(scale_up=ScalingRules(tolerance=0.01)))
    assert decide(hpa, MET, of, [cpu_at(71, of)], 4, 4, 0.0).desired == 5
    old = dataclasses.replace(hpa, settings=ControllerSettings(kubernetes_minor=32))
    assert decide(old, MET, of, [cpu_at(71, of)], 4, 4, 0.0).desired == 4


def test_ages_are_exact_in_nanoseconds_at_any_phase_of_the_clock() -> None:
    of, start_s = pods(4), 7.3
    state = HpaState((Recommendation(8, start_s),))
    decision = decide(CPU_ONLY, state, of, [cpu_at(5, of)], 4, 4, start_s + 300.0)
    assert decision.stabilised == 8

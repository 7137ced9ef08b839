"""Properties of every decision of the autoscaler, on specs, states and pods that hypothesis makes up."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.hpa import (
    Behavior,
    Decision,
    HpaSpec,
    HpaState,
    PodState,
    Reading,
    Recommendation,
    ResourceMetric,
    Sample,
    ScaleEvent,
    ScalingPolicy,
    ScalingRules,
    decide,
)

CPU = ResourceMetric("cpu", 70)
MEMORY = ResourceMetric("memory", 80)

times = st.integers(-1000, 0).map(float)
pod_states = st.builds(
    PodState,
    name=st.just(""),
    phase=st.sampled_from(["Running", "Running", "Running", "Pending", "Failed"]),
    ready=st.sampled_from([True, True, False, None]),
    start_s=st.one_of(st.none(), times),
    ready_changed_s=times,
    terminating=st.sampled_from([False, False, False, True]),
)
rules = st.builds(
    ScalingRules,
    stabilization_window_s=st.one_of(st.none(), st.integers(0, 600)),
    select_policy=st.sampled_from([None, "Max", "Min", "Disabled"]),
    policies=st.one_of(
        st.none(),
        st.lists(
            st.builds(ScalingPolicy, st.sampled_from(["Pods", "Percent"]), st.integers(1, 200), st.integers(1, 600)),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
)
behaviors = st.one_of(st.none(), st.builds(Behavior, st.none() | rules, st.none() | rules))
event_logs = st.lists(st.builds(ScaleEvent, st.integers(1, 20), times), max_size=4).map(tuple)
recommendation_logs = st.lists(st.builds(Recommendation, st.integers(0, 40), times), max_size=6).map(tuple)
states = st.builds(HpaState, st.none() | recommendation_logs, event_logs, event_logs)


@st.composite
def passes(draw: st.DrawFn) -> tuple[HpaSpec, HpaState, list[PodState], list[Reading], int]:
    low = draw(st.integers(1, 12))
    high = draw(st.integers(low, 30))
    spec = draw(st.integers(low, high))
    of = [pod._replace(name=f"p{i}") for i, pod in enumerate(draw(st.lists(pod_states, max_size=12)))]
    shown = []
    for _ in range(2):
        usage = {pod.name: draw(st.none() | st.integers(0, 600)) for pod in of}
        samples = {n: Sample(v, draw(times), 15.0) for n, v in usage.items() if v is not None}
        shown.append(Reading(samples, {pod.name: 250 for pod in of}))
    hpa = HpaSpec(low, high, (CPU, MEMORY), draw(behaviors))
    return hpa, draw(states), of, shown, spec


def run(one_pass: tuple[HpaSpec, HpaState, list[PodState], list[Reading], int]) -> Decision:
    hpa, state, of, shown, spec = one_pass
    return decide(hpa, state, of, shown, spec, len(of), 0.0)


@given(passes())
def test_the_answer_lies_within_the_bounds(one_pass) -> None:
    hpa = one_pass[0]
    decision = run(one_pass)
    assert hpa.min_replicas <= decision.desired <= hpa.max_replicas
    assert decision.explanation
    if decision.blocked:
        assert decision.change == 0


@given(passes())
def test_with_an_empty_log_the_count_never_moves_against_the_proposal(one_pass) -> None:
    hpa, state, of, shown, spec = one_pass
    decision = run((hpa, dataclasses.replace(state, recommendations=()), of, shown, spec))
    if decision.proposed is not None:
        assert decision.change * (decision.proposed - spec) >= 0
        assert abs(decision.change) <= abs(decision.proposed - spec)


@given(passes())
def test_a_refilled_ratio_never_moves_the_count_the_other_way(one_pass) -> None:
    spec = one_pass[4]
    for found in run(one_pass).proposals:
        if found.replicas is None:
            assert found.error
        elif found.held:
            assert found.replicas == spec
        elif found.refilled_ratio is not None:
            assert (found.replicas - spec) * (found.refilled_ratio - 1.0) >= 0


@given(passes())
def test_inside_the_tolerance_the_proposal_is_the_count(one_pass) -> None:
    spec = one_pass[4]
    for found in run(one_pass).proposals:
        last = found.ratio if found.refilled_ratio is None else found.refilled_ratio
        if last is not None and 0.9 <= last <= 1.1:
            assert found.replicas == spec
            assert found.held


@given(passes(), st.integers(-(10**6), 10**6))
def test_only_ages_matter(one_pass, shift: int) -> None:
    hpa, state, of, shown, spec = one_pass
    later = [
        pod._replace(
            start_s=None if pod.start_s is None else pod.start_s + shift,
            ready_changed_s=pod.ready_changed_s + shift,
        )
        for pod in of
    ]
    moved = [r._replace(samples={n: s._replace(time_s=s.time_s + shift) for n, s in r.samples.items()}) for r in shown]

    def shifted(log):
        return None if log is None else tuple(item._replace(time_s=item.time_s + shift) for item in log)

    state_later = HpaState(shifted(state.recommendations), shifted(state.up_events), shifted(state.down_events))
    before = run(one_pass)
    after = decide(hpa, state_later, later, moved, spec, len(of), float(shift))
    assert (after.desired, after.held, after.proposals) == (before.desired, before.held, before.proposals)


@given(passes())
def test_nothing_passed_in_changes_and_the_same_pass_gives_the_same_answer(one_pass) -> None:
    before = repr(one_pass)
    first, second = run(one_pass), run(one_pass)
    assert repr(one_pass) == before
    assert first == second

"""One whole pass of the Horizontal Pod Autoscaler: what it sees in, the new count and the reasons out.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler,
computeReplicasForMetrics, normalizeDesiredReplicas...). The order is: bounds of the present count, one
proposal a metric, the largest wins, stabilisation, then rates or the growth cap, then min and max.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from novamodel.components.hpa import rates
from novamodel.components.hpa.behavior import Behavior, scale_down_rules, scale_up_rules
from novamodel.components.hpa.metric import Proposal, Tolerance, propose
from novamodel.components.hpa.stabilise import stabilise_with_behavior, stabilise_without_behavior
from novamodel.components.hpa.types import (
    ControllerSettings,
    HpaSpec,
    HpaState,
    PodState,
    Reading,
    Recommendation,
    ResourceMetric,
)
from novamodel.errors import UserError

Held = Literal["tolerance", "unready pods", "stabilisation", "rate", "growth cap", "max", "min", "metric error"]
PassReason = Literal["disabled", "above max", "below min", "metrics unavailable", "metrics"]


@dataclass(frozen=True)
class Decision:
    """What one pass decided, with the words and figures that annotate a figure.

    `reason` says which branch decided; `desired` is the new count and `current` the one before.
    `winner` is the metric with the largest proposal, `ratio` the one its count came from, `proposed`
    that count, and `stabilised` what the window left of it (all None where no metric was asked).
    `held` names what kept the answer from the plain one, in the order of the pass; `explanation` says
    it in a sentence. `limited_reason` is the word of the controller's ScalingLimited condition, and
    `blocked` is true when no decision could be made and the count stays for want of a metric.
    `state` is what the controller remembers from here on, the change to `desired` taken as written.
    """

    desired: int
    current: int
    reason: PassReason
    explanation: str
    state: HpaState
    proposals: tuple[Proposal, ...] = ()
    winner: str | None = None
    ratio: float | None = None
    proposed: int | None = None
    stabilised: int | None = None
    reported_utilisation: int | None = None
    limited_reason: rates.Reason | None = None
    blocked: bool = False
    held: tuple[Held, ...] = ()

    @property
    def change(self) -> int:
        """Pods added (positive) or removed (negative) by this pass."""
        return self.desired - self.current


def decide(
    hpa: HpaSpec,
    state: HpaState,
    pods: Sequence[PodState],
    readings: Sequence[Reading],
    spec_replicas: int,
    status_replicas: int,
    now: float,
) -> Decision:
    """Run one pass at `now` (seconds) and return the decision; nothing that is passed in changes.

    `readings` holds one for each of `hpa.metrics`, in order. `spec_replicas` is the workload's wanted
    count, `status_replicas` the pods that exist (more during a rolling update); `pods` are all that its
    selector matches, old and new alike. Pass the returned `state` to the next pass. A change is taken as
    written; a caller whose write fails keeps the `state` it had.
    """
    if len(readings) != len(hpa.metrics):
        raise UserError(
            f"the autoscaler has {len(hpa.metrics)} metrics and was given {len(readings)} readings",
            valid="one reading a metric, in the same order",
        )
    if state.recommendations is None:
        state = replace(state, recommendations=(Recommendation(spec_replicas, now),))

    if spec_replicas == 0 and hpa.min_replicas > 0:
        text = "switched off: the workload is at 0 replicas and the minimum is above 0"
        return Decision(0, 0, "disabled", text, state)
    if spec_replicas > hpa.max_replicas:
        text = f"{spec_replicas} is above the maximum: set to {hpa.max_replicas} at once"
        state = _with_event(hpa, state, spec_replicas, hpa.max_replicas, now)
        return Decision(hpa.max_replicas, spec_replicas, "above max", text, state)
    if spec_replicas < hpa.min_replicas:
        text = f"{spec_replicas} is below the minimum: set to {hpa.min_replicas} at once"
        state = _with_event(hpa, state, spec_replicas, hpa.min_replicas, now)
        return Decision(hpa.min_replicas, spec_replicas, "below min", text, state)

    tolerance = tolerance_of(hpa.settings, hpa.behavior)
    proposals = tuple(
        propose(metric, reading, pods, spec_replicas, status_replicas, tolerance, hpa.settings, now)
        for metric, reading in zip(hpa.metrics, readings, strict=True)
    )
    utilisation = _reported_utilisation(hpa, proposals)
    winner, proposed = _largest(proposals)
    errors = [proposal for proposal in proposals if proposal.error is not None]
    if winner is None or (errors and proposed < spec_replicas):
        why = f"{errors[0].metric}: {errors[0].error}" if errors else "it has no metric"
        return Decision(
            spec_replicas,
            spec_replicas,
            "metrics unavailable",
            f"stays at {spec_replicas}: {why}",
            state,
            proposals,
            reported_utilisation=utilisation,
            blocked=True,
            held=("metric error",),
        )

    stabilised, desired, limited, state = _normalise(hpa, state, spec_replicas, proposed, now)
    state = _with_event(hpa, state, spec_replicas, desired, now)
    held = _held(winner, proposed, stabilised, limited, hpa.behavior)
    return Decision(
        desired,
        spec_replicas,
        "metrics",
        _explained(winner, spec_replicas, proposed, stabilised, desired, held),
        state,
        proposals,
        winner=winner.metric,
        ratio=winner.ratio if winner.refilled_ratio is None else winner.refilled_ratio,
        proposed=proposed,
        stabilised=stabilised,
        reported_utilisation=utilisation,
        limited_reason=limited,
        held=held,
    )


def tolerance_of(settings: ControllerSettings, behavior: Behavior | None = None) -> Tolerance:
    """The tolerance that applies: the controller's, or from 1.33 on each side that the HPA itself sets."""
    up, down = settings.tolerance_up, settings.tolerance_down
    two_sided = settings.kubernetes_minor >= 33
    if two_sided and behavior is not None:
        if behavior.scale_up is not None and behavior.scale_up.tolerance is not None:
            up = behavior.scale_up.tolerance
        if behavior.scale_down is not None and behavior.scale_down.tolerance is not None:
            down = behavior.scale_down.tolerance
    return Tolerance(up, down, two_sided)


def _largest(proposals: Sequence[Proposal]) -> tuple[Proposal | None, int]:
    """(the first proposal with the largest count, that count); (None, 0) where every metric is in error."""
    winner, most = None, 0
    for proposal in proposals:
        if proposal.replicas is not None and (winner is None or proposal.replicas > most):
            winner, most = proposal, proposal.replicas
    return winner, max(most, 0)


def _normalise(
    hpa: HpaSpec, state: HpaState, current: int, proposed: int, now: float
) -> tuple[int, int, rates.Reason, HpaState]:
    """(count after stabilisation, count after limits, reason, state with the proposal logged)."""
    log = state.recommendations or ()
    default_window_s = hpa.settings.downscale_stabilization_s
    if hpa.behavior is None:
        stabilised, log = stabilise_without_behavior(log, proposed, default_window_s, now)
        desired, reason = rates.limit_without_behavior(current, stabilised, hpa.min_replicas, hpa.max_replicas)
    else:
        up_rules = scale_up_rules(hpa.behavior.scale_up)
        down_rules = scale_down_rules(hpa.behavior.scale_down, default_window_s)
        stabilised, log = stabilise_with_behavior(
            log, current, proposed, up_rules.stabilization_window_s, down_rules.stabilization_window_s, now
        )
        desired, reason = rates.limit_by_rates(
            current,
            stabilised,
            hpa.min_replicas,
            hpa.max_replicas,
            up_rules,
            down_rules,
            state.up_events,
            state.down_events,
            now,
        )
    return stabilised, desired, reason, replace(state, recommendations=log)


def _with_event(hpa: HpaSpec, state: HpaState, current: int, desired: int, now: float) -> HpaState:
    """Log a change of the count for the rates; without `behavior` there is nothing to log."""
    if hpa.behavior is None or desired == current:
        return state
    if desired > current:
        rules = scale_up_rules(hpa.behavior.scale_up)
        return replace(state, up_events=rates.store_event(state.up_events, desired - current, rules, now))
    rules = scale_down_rules(hpa.behavior.scale_down, hpa.settings.downscale_stabilization_s)
    return replace(state, down_events=rates.store_event(state.down_events, current - desired, rules, now))


def _reported_utilisation(hpa: HpaSpec, proposals: Sequence[Proposal]) -> int | None:
    """The whole percent that the HPA's status shows for CPU (of the first CPU metric that has one)."""
    for metric, proposal in zip(hpa.metrics, proposals, strict=True):
        if isinstance(metric, ResourceMetric) and metric.resource == "cpu" and proposal.utilization is not None:
            return proposal.utilization
    return None


_HELD_BY: dict[str, Held] = {
    "ScaleUpLimit": "rate",
    "ScaleDownLimit": "rate",
    "TooManyReplicas": "max",
    "TooFewReplicas": "min",
}


def _held(
    winner: Proposal, proposed: int, stabilised: int, limited: rates.Reason, behavior: Behavior | None
) -> tuple[Held, ...]:
    held: list[Held] = []
    if winner.held:
        held.append("tolerance" if winner.refilled_ratio is None else "unready pods")
    if stabilised != proposed:
        held.append("stabilisation")
    if limited == "ScaleUpLimit" and behavior is None:
        held.append("growth cap")
    elif limited in _HELD_BY:
        held.append(_HELD_BY[limited])
    return tuple(held)


def _explained(
    winner: Proposal, current: int, proposed: int, stabilised: int, desired: int, held: tuple[Held, ...]
) -> str:
    """One sentence: what the winning metric showed, what it asked for, and what became of that."""
    shown = "" if winner.utilization is None else f" at {winner.utilization} % of request"
    ratio = "" if winner.ratio is None else f" ({winner.ratio:.2f} of target)"
    text = f"{winner.metric}{shown}{ratio} asks for {proposed}"
    if winner.held:
        text += f", {winner.held}"
    if stabilised != proposed:
        text += f"; earlier proposals hold it at {stabilised}"
    if desired != stabilised:
        text += f"; limited to {desired} by {held[-1]}"
    return f"{text}; stays at {current}" if desired == current else f"{text}; {current} -> {desired}"

"""The `behavior` block of an HPA (scaling rules) and what is filled in where it says nothing.

Source of the defaults: kubernetes/kubernetes pkg/apis/autoscaling/v2/defaults.go.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from novamodel.errors import UserError

PolicyType = Literal["Pods", "Percent"]
SelectPolicy = Literal["Max", "Min", "Disabled"]


class ScalingPolicy(NamedTuple):
    """At most `value` pods, or percent of the count at the period's start, within `period_s` seconds."""

    type: PolicyType
    value: int
    period_s: int


@dataclass(frozen=True)
class ScalingRules:
    """Rules of one direction as the user wrote them; None is not written. `tolerance` is from 1.33 on."""

    stabilization_window_s: float | None = None
    select_policy: SelectPolicy | None = None
    policies: tuple[ScalingPolicy, ...] | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.policies is not None and not self.policies:
            raise UserError("scaling rules of the autoscaler have no policy", valid="at least one policy")
        if self.select_policy not in (None, "Max", "Min", "Disabled"):
            raise UserError(
                f"selectPolicy {self.select_policy} is unknown",
                valid=("Max", "Min", "Disabled"),
                given=self.select_policy,
            )
        for policy in self.policies or ():
            if policy.type not in ("Pods", "Percent"):
                raise UserError(
                    f"scaling policy type {policy.type} is unknown",
                    valid=("Pods", "Percent"),
                    given=policy.type,
                )
            if policy.value <= 0 or not 0 < policy.period_s <= 1800:
                raise UserError(
                    f"scaling policy of {policy.value} {policy.type} in {policy.period_s} s is out of range",
                    valid="a value above 0 and a period of 1 to 1800 s",
                )


@dataclass(frozen=True)
class Behavior:
    """The block: rules upward and downward, None where the direction is not mentioned."""

    scale_up: ScalingRules | None = None
    scale_down: ScalingRules | None = None


class FullRules(NamedTuple):
    """Rules of one direction with every default filled in."""

    stabilization_window_s: float
    select_policy: SelectPolicy
    policies: tuple[ScalingPolicy, ...]


_UP = FullRules(0.0, "Max", (ScalingPolicy("Pods", 4, 15), ScalingPolicy("Percent", 100, 15)))
_DOWN_POLICIES = (ScalingPolicy("Percent", 100, 15),)


def scale_up_rules(rules: ScalingRules | None) -> FullRules:
    """Upward rules: no window, and the larger of 4 pods and 100 % in 15 s, unless written otherwise."""
    return _filled(rules, _UP)


def scale_down_rules(rules: ScalingRules | None, default_window_s: float) -> FullRules:
    """Downward rules: the controller's window (seconds) and 100 % in 15 s, unless written otherwise."""
    return _filled(rules, FullRules(default_window_s, "Max", _DOWN_POLICIES))


def _filled(rules: ScalingRules | None, default: FullRules) -> FullRules:
    if rules is None:
        return default
    window = rules.stabilization_window_s
    return FullRules(
        default.stabilization_window_s if window is None else window,
        rules.select_policy or default.select_policy,
        rules.policies or default.policies,
    )

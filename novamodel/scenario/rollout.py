"""How a new version replaces the old one: Kubernetes' rolling update, or ECS's healthy percents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from novamodel.scenario.fields import Part, Seconds, Share, given

MOST = 62
"""As many replicas of one service as there can be."""
K8S = "documented: Kubernetes Deployment, strategy.rollingUpdate"
ECS = "documented: ECS, deploymentConfiguration of a rolling update"


def _pods_or_percent(value: Any) -> int | str:
    """Kubernetes' IntOrString: a count of pods, or a whole percentage as text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return value
    match = re.fullmatch(r"\s*(\d{1,3})\s*%\s*", value) if isinstance(value, str) else None
    if match and int(match[1]) <= 100:
        return f"{int(match[1])} %"
    raise ValueError(f"{value!r} is neither a count of pods (0 to {MOST}) nor a whole percentage like '25 %'")


if TYPE_CHECKING:
    PodsOrPercent: TypeAlias = int | str
    MaximumShare: TypeAlias = float
else:
    PodsOrPercent = Annotated[
        int | str,
        BeforeValidator(_pods_or_percent),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": MOST},
                    {"type": "string", "pattern": r"^\s*\d{1,3}\s*%\s*$", "examples": ["25 %"]},
                ]
            }
        ),
    ]
    from novamodel.scenario.fields import Utilisation

    MaximumShare = Annotated[Utilisation, Field(ge=1)]


class Rollout(Part):
    """Bounds of a rolling update. On ECS the two healthy percents count, everywhere else surge and unavailable.

    ``docker service update`` of a Compose file is a surge of 0 and 1 unavailable.
    """

    max_surge: PodsOrPercent = given("25 %", "replicas above the wanted number, a percentage rounded up", K8S)
    max_unavailable: PodsOrPercent = given("25 %", "replicas missing at most, a percentage rounded down", K8S)
    min_ready: Seconds = given(
        "0 s", "a new replica is available when it has been ready this long (minReadySeconds)", K8S
    )
    minimum_healthy: Share = given("100 %", "ECS: healthy tasks at least, over the wanted number, rounded up", ECS)
    maximum: MaximumShare = given("200 %", "ECS: tasks at most, over the wanted number, rounded down", ECS)

    @model_validator(mode="after")
    def _can_move(self) -> Rollout:
        if self.max_surge in (0, "0 %") and self.max_unavailable in (0, "0 %"):
            raise ValueError("max_surge and max_unavailable are both 0: no replica could ever be replaced")
        if self.minimum_healthy == 1 and self.maximum == 1:
            raise ValueError("minimum_healthy and maximum are both 100 %: no task could ever be replaced")
        return self

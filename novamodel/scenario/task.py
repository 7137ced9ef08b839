"""How a replica runs on Fargate, beyond its CPU and memory: what its price depends on."""

from __future__ import annotations

from typing import Literal

from novamodel.scenario.fields import Bytes, Part, Share, given


class Task(Part):
    """One task (ECS) or pod (EKS) on Fargate."""

    architecture: Literal["x86", "arm64"] | None = given(
        None, "processor of a task", "default: what the files declare, else x86"
    )
    ephemeral_storage: Bytes | None = given(
        None, "disk of a task; 20 GiB cost nothing", "default: what the files declare, else 20 GiB"
    )
    public_address: bool | None = given(
        None, "each task has a public address", "default: what the files declare, else not"
    )
    spot_share: Share | None = given(
        None, "share of the tasks' time on Fargate Spot", "default: what the files declare, else none"
    )

"""The largest loss of data of each mechanism (RPO), and how long it takes to be back (RTO) where that is documented."""

from __future__ import annotations

from collections.abc import Callable

MULTI_AZ_FAILOVER_S = (60.0, 120.0)
"""AWS, Amazon RDS User Guide: failover of a Multi-AZ instance typically takes 60 to 120 seconds."""
FAILOVER_S = {
    "multi_az_instance": MULTI_AZ_FAILOVER_S,
    "multi_az_cluster": (0.0, 35.0),
    "aurora_with_replica": (0.0, 30.0),
}
"""By deployment. AWS, Amazon RDS and Aurora User Guides: a cluster with two readable standbys takes typically under
35 s, Aurora with a replica under 30 s."""
READABLE_STANDBY = ("multi_az_cluster", "aurora_with_replica")
"""Deployments whose standby answers reads."""
PITR_INTERVAL_S = 300.0
"""AWS, Amazon RDS User Guide: transaction logs are uploaded to S3 every five minutes."""

# Seconds lost at worst, from the interval between two copies of the state.
_LOSS: dict[str, Callable[[float], float]] = {
    "multi_az_standby": lambda interval_s: 0.0,  # the standby has each commit before it is acknowledged
    "rds_pitr": lambda interval_s: interval_s,
    "rds_snapshot": lambda interval_s: interval_s,
    "redis_rdb_pull": lambda interval_s: interval_s,
    "redis_aof_everysec": lambda interval_s: 2 * interval_s,  # a slow fsync delays the next by as much again
    "redis_aof_always": lambda interval_s: 0.0,
}


def mechanisms() -> tuple[str, ...]:
    """Names of the mechanisms."""
    return tuple(_LOSS)


def worst_loss_s(mechanism: str, interval_s: float) -> float:
    """Largest loss of data in seconds. Raises ``KeyError`` for an unknown mechanism."""
    return _LOSS[mechanism](interval_s)

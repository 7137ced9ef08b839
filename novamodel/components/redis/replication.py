"""A master dies: when a replica takes over, under Sentinel and in a cluster; and a replica that cannot log in.

Redis 7 (src/sentinel.c, src/cluster.c, src/replication.c), with times measured on one host: Sentinel promoted 5.39 s
and 30.3 s after the death for down-after of 5 and 30 s; a cluster with a node timeout of 15 s served again after 17.9
and 21.2 s, one of 5 s after 8.5 s.
"""

from __future__ import annotations

from typing import NamedTuple

DOWN_AFTER_S, NODE_TIMEOUT_S = 30.0, 15.0
"""down-after-milliseconds of Sentinel, cluster-node-timeout: what they are unless set."""
PROMOTION_S = (0.3, 0.4)
"""From down-after to the promotion: votes of the sentinels, and the turn of the one that leads."""
DETECTION = (1.0, 1.5)
"""Node timeouts until a cluster's masters agree on a failure: pings go out every half timeout."""
ELECTION_S = (0.5, 1.0)
"""From there to the replica's election: a fixed delay and a random one of up to half a second."""
RANK_S = 1.0
"""More for each replica that has more of the master's data."""
RECONNECT_S = 1.0
"""A replica tries its master anew so often (replicationCron)."""


class ReplicaLink(NamedTuple):
    """What becomes of a replica's link to its master."""

    up: bool
    has_data: bool
    retry_s: float
    answers: str  # data, nothing (an empty data set), or MASTERDOWN


def sentinel_promotion_s(
    *, replicas: int, sentinels: int, quorum: int, down_after_s: float, share: float = 0.5
) -> float | None:
    """Seconds from a master's death to the promotion of a replica; None: never.

    ``share``: where in the range of random delays, 0 to 1. The quorum has to agree that the master is down, and more
    than half of all sentinels have to elect the one that acts. failover-timeout is the time to the next try only.
    """
    if replicas < 1 or sentinels < max(quorum, sentinels // 2 + 1):
        return None
    low, high = PROMOTION_S
    return down_after_s + low + share * (high - low)


def cluster_served_s(
    *, masters: int, replicas: int, killed: int, node_timeout_s: float, rank: int = 0, share: float = 0.5
) -> float | None:
    """Seconds from the death of ``killed`` masters until their slots are served again; None: never.

    A majority of all masters has to be alive to agree; ``replicas``: of each master.
    """
    if replicas < 1 or masters - killed < masters // 2 + 1:
        return None
    low, high = (DETECTION[end] * node_timeout_s + ELECTION_S[end] for end in (0, 1))
    return low + share * (high - low) + RANK_S * rank


def replica_link(*, master_has_password: bool, replica_has_it: bool, serves_stale_data: bool) -> ReplicaLink:
    """A replica without its master's password gets NOAUTH on PSYNC, and tries again every second for ever."""
    up = replica_has_it or not master_has_password
    empty = "nothing" if serves_stale_data else "MASTERDOWN"
    return ReplicaLink(up, up, RECONNECT_S, "data" if up else empty)


def rdb_pull(*, master_has_password: bool, password_given: bool) -> tuple[int, bool]:
    """Exit code of ``redis-cli --rdb``, and whether it makes a file."""
    allowed = password_given or not master_has_password
    return (0, True) if allowed else (1, False)

"""Answers to the recorded questions about PostgreSQL and RDS, by the rules of components, scenario and recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from novamodel.components.kubernetes.rollout import kubernetes_bounds
from novamodel.components.postgres.admission import Admission, admit_connection, admit_session, admit_walsender
from novamodel.components.postgres.storage import hours_to_full, storage_filling, storage_increment, storage_scales
from novamodel.recovery.mechanisms import FAILOVER_S, READABLE_STANDBY
from novamodel.scenario.check_connections import connection_budget
from novamodel.scenario.commit import Standby, commit_blocks, commit_wait, commit_waits_for
from novamodel.scenario.machines import GIB, gp3_volume, most_connections
from novamodel.scenario.volume import InstanceLimits, operations_a_second


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _admission(max_connections: int, superuser_reserved_connections: int, open_connections: int,
               superuser: bool) -> dict[str, Any]:  # fmt: skip
    found = admit_connection(open_connections, max_connections, superuser_reserved_connections, superuser)
    return found._asdict()


def _replication(connection: str, max_wal_senders: int, walsenders_open: int, role: str, role_connection_limit: int,
                 role_ordinary_sessions_open: int, role_walsenders_open: int) -> dict[str, Any]:  # fmt: skip
    """What streams for the role itself is not asked: only ordinary sessions count against its limit."""
    if connection == "walsender":
        return _said(admit_walsender(walsenders_open, max_wal_senders))
    return _said(admit_session(role, role_ordinary_sessions_open, role_connection_limit))


def _said(found: Admission) -> dict[str, Any]:
    return {"accepted": found.accepted, "message": found.message}


def _peak(replicas: int, max_surge_pct: float) -> dict[str, Any]:
    return {"pods_at_peak": replicas + kubernetes_bounds(replicas, f"{max_surge_pct} %", 0).surge}


def _trigger_2026(optimisation_finished: bool, **given: Any) -> dict[str, Any]:
    return {"scales": storage_scales(**given, rule="2026", optimised=optimisation_finished)}


def _increment(allocated_gib: float, growth_gib_per_h: float, floor_gib: float) -> dict[str, Any]:
    more = storage_increment(allocated_gib, growth_gib_per_h, floor_gib)
    return {"increment_gib": more, "new_allocated_gib": allocated_gib + more}


def _burst(allocated_gib: float, used_gib: float, increment_gib: float, growth_gib_per_h: float,
           blocked_h: float) -> dict[str, Any]:  # fmt: skip
    full = hours_to_full(allocated_gib + increment_gib, used_gib, growth_gib_per_h)
    return {"hours_to_full": full, "storage_full_hours": max(0.0, blocked_h - full)}


def _effective(allocated_gib: float, io_kib: float, instance_baseline_iops: float, instance_max_iops: float,
               instance_baseline_mb_s: float, instance_max_mb_s: float) -> dict[str, Any]:  # fmt: skip
    volume = gp3_volume(allocated_gib * GIB)
    limits = InstanceLimits(instance_baseline_iops, instance_max_iops, instance_baseline_mb_s, instance_max_mb_s)
    found = operations_a_second(io_kib, volume.iops, volume.throughput_mib_s, limits)
    return {"volume_iops": found.volume, "sustained_iops": found.sustained, "burst_iops": found.burst}


def _gp3(allocated_gib: float) -> dict[str, Any]:
    volume = gp3_volume(allocated_gib * GIB)
    return {"iops": volume.iops, "throughput_mib_s": volume.throughput_mib_s, "volumes": volume.volumes}


def _failover(deployment: str) -> dict[str, Any]:
    return {"outage_s": sum(FAILOVER_S[deployment]) / 2, "reads_from_standby": deployment in READABLE_STANDBY}


def _commit_wait(synchronous_standby_names_set: bool, synchronous_commit: Any) -> dict[str, Any]:
    return {
        "waits_for": commit_waits_for(synchronous_commit, synchronous_standby_names_set),
        "blocks_if_standbys_down": commit_blocks(synchronous_commit, synchronous_standby_names_set),
    }


def _commit_latency(local_flush_ms: float, rtt_ms: float, standby_write_ms: float, standby_flush_ms: float,
                    apply_ms: float, synchronous_commit: Any, paths: Any) -> dict[str, Any]:  # fmt: skip
    standby = Standby(rtt_ms, standby_write_ms, standby_flush_ms, apply_ms)
    return {"wait_ms": commit_wait(synchronous_commit, local_flush_ms, standby, paths)}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "max_connections": lambda memory_gib, instance_class: {"max_connections": most_connections(memory_gib * GIB)},
    "connection_budget": lambda **given: connection_budget(**given)._asdict(),
    "rolling_update_peak": _peak,
    "connection_admission": _admission,
    "replication_admission": _replication,
    "storage_trigger": lambda **given: {"scales": storage_scales(**given)},
    "storage_trigger_2026": _trigger_2026,
    "storage_increment": _increment,
    "storage_fill": lambda **given: storage_filling(**given)._asdict(),
    "storage_burst": _burst,
    "gp3_volume": _gp3,
    "gp3_effective": _effective,
    "failover": _failover,
    "commit_wait": _commit_wait,
    "commit_latency": _commit_latency,
}

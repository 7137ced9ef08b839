"""The fields of recorded cases whose form is a component's own: those that a rule reads, or that are for the reader.

A field that is in neither might change the answer, so that a case which has one is not modelled, and says why. The
uniform form needs no table: its inputs are the arguments of a rule, and what lies within them is checked there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from novamodel.errors import UserError

Fields = Mapping[str, Collection[str]]
"""By place (``pods[]``, ``load.demand``; "" = the case itself): names that may stand there. Other places are free."""

_TOLD = {"id", "name", "note", "notes", "version_note", "source", "graded", "tolerance", "expected", "kind"}
_RULES = {"stabilization_window_s", "select_policy", "policies", "tolerance"}
_POLICY = {"type", "value", "period_s"}
_EVENT = {"change", "age_s", "outdated"}

HPA: Fields = {
    "": _TOLD | {
        "behavior", "config", "container", "current_replicas", "desired_replicas", "directions", "last_scale_age_s",
        "max_replicas", "metric_values", "metrics", "min_replicas", "orphan_usage", "pod_level_resources_enabled",
        "pods", "prior_events", "prior_recommendations", "replica_change", "requests", "resource", "rules",
        "scale_down_events", "scale_down_rules", "scale_down_window_s", "scale_up_events", "scale_up_rules",
        "scale_up_window_s", "spec_replicas", "start_replicas", "status_replicas", "target", "target_average",
        "target_utilization", "unit", "usage", "window_s",
    },
    "config": {
        "cpu_initialization_period_s", "downscale_stabilization_s", "initial_readiness_delay_s", "tolerance_down",
        "tolerance_up",
    },
    "pods[]": {
        "containers", "deleted", "init_containers", "name", "phase", "pod_level_request", "ready",
        "ready_transition_age_s", "request", "sample_age_s", "sample_window_s", "start_age_s", "usage", "value",
    },
    "pods[].containers[]": {"name", "request", "usage"},
    "pods[].init_containers[]": {"name", "request", "usage", "restart_always"},
    "metrics[]": {
        "container", "fetch_error", "invalid", "orphan_usage", "pod_request", "pod_usage", "pod_value", "resource",
        "target", "target_average", "target_kind", "target_utilization", "type", "unit", "values",
    },
    "behavior": {"scale_up", "scale_down"},
    "prior_recommendations[]": {"replicas", "age_s"},
    **dict.fromkeys(("prior_events[]", "scale_up_events[]", "scale_down_events[]"), _EVENT),
    **{
        place: names
        for rules in ("behavior.scale_up", "behavior.scale_down", "rules", "scale_up_rules", "scale_down_rules")
        for place, names in ((rules, _RULES), (f"{rules}.policies[]", _POLICY))
    },
}  # fmt: skip

NGINX: Fields = {
    "": _TOLD | {
        "alerts", "burst", "client", "events", "extra", "key_expr", "keys", "limit", "limits", "location", "logged",
        "method", "mode", "module", "nginx", "outcomes", "rate", "requests", "sent", "served_by", "server_delays_s",
        "servers", "status_codes", "t_first_monotonic_ms", "upstream_extra", "workers", "workload", "zone",
    },
    "limits[]": {"burst", "directive", "key", "mode", "rate", "zone", "zone_size"},
    "requests[]": {
        "conn", "delay_s", "id", "key", "limit_req_outcome", "msec", "nginx_log", "outcome", "pid", "request_time_s",
        "seq", "server_faults", "service_s", "slots_after", "src", "status", "t_arrival_s", "t_decision_ms",
        "t_done_s", "t_ms", "t_wall_ms", "upstream_addr", "upstream_conn_id", "upstream_connect_time",
        "upstream_header_time", "upstream_response_time", "upstream_status", "zones",
    },
    "events[]": {"ev", "id", "ms", "pid", "sec", "server", "state"},
}  # fmt: skip

PG_POOL: Fields = {
    "": _TOLD | {
        "basis", "connect_ms", "connects", "end_ms", "expected_pg_pool_3_6_1", "ops", "options",
        "same_on_pg_pool_3_6_1", "until", "what",
    },
    "options": {
        "connectionTimeoutMillis", "idleTimeoutMillis", "max", "maxLifetimeSeconds", "maxUses", "min", "poolSize",
    },
    "connects[]": {"ms", "fail"},
    "ops[]": {"client", "error", "hold_ms", "id", "ms", "op", "release_error", "t"},
}  # fmt: skip

STACK: Fields = {
    "": _TOLD | {
        "calibration", "experiment", "grade", "load", "question", "service", "topology", "trace",
    },
    "topology": {
        "client", "cpu_quota", "entry", "nginx", "pgbouncer", "pool", "postgres", "redis", "replicas",
        "server_notices_abandoned_requests",
    },
    "topology.client": {"backoff_s", "preopened_connections", "retries", "retry_on", "timeout_s"},
    "topology.cpu_quota": {"period_s", "quota_s"},
    "topology.nginx": {"balancing", "limit", "upstream_keepalive", "workers"},
    "topology.nginx.limit": {"burst", "keys", "nodelay", "rate", "start"},
    "topology.pgbouncer": {
        "default_pool_size", "max_client_conn", "mode", "query_wait_timeout_s", "server_connections_by_replica",
    },
    "topology.pool": {"connection_timeout_s", "idle", "idle_timeout_s", "max", "queue", "start"},
    "topology.postgres": {"max_connections", "refused_after_s", "usable_connections"},
    "topology.redis": {
        "appendfsync", "appendonly", "auto_pipelining", "evictions", "get_before", "key_bytes", "keys_written",
        "maxmemory_bytes", "operation", "policy", "prefilled", "role", "sampled_keys", "set_after_miss", "value_bytes",
    },
    "load": {
        "arrivals", "batch", "demand", "duration_s", "hit_ratio", "keys", "measured_over", "nominal_rate_rps",
        "nominal_utilisation", "popularity", "rate_per_key_rps", "requests", "steps", "warmup_excluded_s",
    },
    "service": {"connect", "db", "http", "loop", "redis"},
}  # fmt: skip


def check_fields(value: Any, fields: Fields, place: str = "") -> None:
    """A ``UserError`` that names the first field of a case that no rule knows."""
    if isinstance(value, list):
        for one in value:
            if not isinstance(one, Mapping):
                return
            check_fields(one, fields, place)
        return
    if not isinstance(value, Mapping) or place not in fields:
        return
    for name, below in value.items():
        if name not in fields[place]:
            raise UserError(f"no rule for the field {f'{place}.{name}' if place else name}")
        child = f"{place}.{name}" if place else name
        check_fields(below, fields, f"{child}[]" if isinstance(below, list) else child)


def check_names(place: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """The same of one mapping within an input."""
    check_fields(given, {place: known}, place)

"""What was measured of a stack, read off a simulated run of its scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Case = Mapping[str, Any]
QUANTILES = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99}


def figures(
    case: Case, requests: Any, replicas: Any, retried: int, trace: Sequence[Mapping[str, float]] | None
) -> dict[str, Any]:
    """Every figure that a case may expect, from the frames `requests` and `replicas` of its run.

    ``retried``: attempts beyond the first; ``trace``: what was replayed, if it was. A request that never ended counts
    as one whose caller gave up. Times are seconds.
    """
    load = case["load"]
    offered = len(trace) if trace is not None else int(requests["number"].max()) + 1
    begin = float(trace[0]["t_s"]) if trace is not None else 0.0
    at = np.full(offered, np.nan)
    took, waited, connected, queried = (np.zeros(offered) for _ in range(4))
    outcome = np.full(offered, "abandoned", dtype=object)
    replica = np.full(offered, -1)
    number = requests["number"].to_numpy()
    at[number] = requests["arrived_s"] + begin
    took[number] = requests["ended_s"] - requests["arrived_s"]
    connected[number] = requests["connect_s"]
    waited[number] = requests["pool wait_s"] + requests["connect_s"]
    queried[number] = requests["database_s"]
    outcome[number], replica[number] = requests["outcome"], requests["replica"]
    if trace is not None:
        at = np.array([row["t_s"] for row in trace])
    at = np.maximum.accumulate(np.nan_to_num(at))
    counted = at >= float(load["warmup_excluded_s"] or 0.0)
    served = counted & (outcome == "served")
    found: dict[str, Any] = {"n_offered": int(counted.sum()), "n": int(served.sum())}
    found |= _latencies(took[served]) | _losses(outcome[counted])
    found |= {f"pool_wait_{name}": value for name, value in _latencies(waited[served]).items()}
    found["pool_wait_over_1ms_share"] = float((waited[served] > 0.001).mean()) if served.any() else 0.0
    found["new_connection_share"] = float((connected[counted] > 0).mean())
    found["client_timeouts_from_start"] = int((outcome == "abandoned").sum())
    found["mean_s_by_replica"] = [float(took[served & (replica == r)].mean()) for r in np.unique(replica[served])]
    over = max(load["duration_s"], float(requests["ended_s"].max()) + begin)  # until the last answer
    found["throughput_rps"] = float(served.sum() / (over - load["warmup_excluded_s"]))
    hit = queried == 0.0
    found["hit_ratio"] = float(hit[counted].mean())
    for name, some in (("hit", hit), ("miss", ~hit)):
        found |= {f"{name}_{key}": value for key, value in _latencies(took[served & some]).items()}
    found["attempts_per_request"] = 1.0 + retried / offered
    quota = case["topology"]["cpu_quota"]
    if quota:
        span = float(requests["ended_s"].max() - requests["arrived_s"].min())
        found["throttled_periods"] = int(replicas["throttled_periods"].sum())
        found["throttled_share"] = found["throttled_periods"] * quota["period_s"] / span
    found |= _accepted(case, outcome != "rejected", at, trace)
    found |= _successes(case, outcome == "served", at)
    return found | {f"user_{name}": value for name, value in _latencies(took[served]).items()}


def held(case: Case, steps: Any) -> dict[str, float]:
    """What Redis holds, and its hits, at the last of the rows of `replay_cache`."""
    last, service = steps.iloc[-1], case["service"]["redis"]
    used = service["base_bytes"] + last["entries"] * service["bytes_per_key"]
    return {"hit_ratio": last["hits"] / last["reads"], "keys_held": last["entries"], "used_memory_bytes": used}


def _latencies(seconds: Any) -> dict[str, float]:
    if len(seconds) == 0:
        return {}
    return {"mean_s": float(seconds.mean())} | {n: float(np.quantile(seconds, q)) for n, q in QUANTILES.items()}


def _losses(outcome: Any) -> dict[str, Any]:
    words = {"pool timeout": "pool_timeout", "refused": "too_many_clients", "abandoned": "client_timeout"}
    kinds, counts = np.unique(outcome[outcome != "served"].astype(str), return_counts=True)
    lost = {words.get(kind, kind): count / len(outcome) for kind, count in zip(kinds, counts, strict=True)}
    return {"loss": float((outcome != "served").mean()), "loss_by_kind": lost}


def _accepted(case: Case, accepted: Any, at: Any, trace: Sequence[Mapping[str, float]] | None) -> dict[str, float]:
    """Shares let in by the edge: of all, after five seconds, and by key where the keys are known."""
    found = {"accept_share": float(accepted.mean()), "accept_share_after_5s": float(accepted[at >= 5.0].mean())}
    if trace is not None and "key" in trace[0]:
        keys = np.array([row["key"] for row in trace])
        shares = [float(accepted[keys == key].mean()) for key in np.unique(keys)]
        found |= {"accept_share_by_key_min": min(shares), "accept_share_by_key_max": max(shares)}
    return found


def _successes(case: Case, good: Any, at: Any) -> dict[str, Any]:
    """Shares answered in time, by first arrival."""
    length = float(case["load"]["duration_s"])
    found: dict[str, Any] = {"success_share": float(good.mean())}
    for begin in (one for one in (5.0, 15.0) if one < length):
        found[f"success_share_after_{begin:g}s"] = float(good[at >= begin].mean())
    found["goodput_after_5s_rps"] = float(good[at >= 5.0].sum() / (length - 5.0))
    for name, width in (("success_by_1s", 1.0), ("success_by_2500ms", 2.5)):
        slots = (at // width).astype(int)
        found[name] = [float(good[slots == slot].mean()) for slot in np.unique(slots)]
    return found


def outside(case: Case, found: Mapping[str, Any]) -> list[str]:
    """Graded figures that are not within their tolerance, in words; one that is missing counts as outside."""
    wrong = []
    for name, tolerance in case["tolerance"].items():
        if tolerance is None:
            continue
        expected, value = case["expected"][name], found.get(name)
        allowed = max(tolerance.get("rel", 0.0) * abs(expected), tolerance.get("abs", 0.0))
        if value is None or not abs(value - expected) <= allowed:
            wrong.append(f"{name}: {value} for {expected}, may be off by {allowed:.3g}")
    return wrong


def graded(case: Case) -> bool:
    """Whether any figure of a case has a tolerance."""
    return any(tolerance is not None for tolerance in case["tolerance"].values())

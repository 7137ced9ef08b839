"""The small sweeps that stand in where a reader has none of their own yet."""

from __future__ import annotations

from typing import Any

from novamodel.questions.shared import service_asked
from novamodel.scenario import Scenario

LOADS = (0.7, 1.0, 1.6, 2.2)
QUICK_LOADS = (1.0, 2.2)
CPU_TIMES = (1.0, 1.5, 2.0)
MORE_REPLICAS = (0, 2, 5)
TRAJECTORIES, QUICK_UNKNOWNS = 4, 2


def own_sweeps(target: str, scenario: Scenario, overrides: dict[str, Any], quick: bool) -> list[dict[str, Any]]:
    """A grid (load against size) and a Morris design over what is uncertain, both over short windows.

    ``target`` is what the user named, ``scenario`` the same with its overrides.
    """
    start: dict[str, Any] = {
        "scenario": target,
        "fixed": _fixed(scenario, overrides, "5 s" if quick else "15 s"),
        "seeds": [scenario.run.seed],
        "replications": 2,
        "record": {"metrics": ["p50", "p99", "errors", "goodput"]},
    }
    unknowns = dict(list(_spans(scenario).items())[: QUICK_UNKNOWNS if quick else None])
    grid = {"name": "load-and-size", "title": "load against size", "vary": _grid(scenario, quick)}
    spans = {"name": "unknowns", "title": "what is uncertain", "design": "morris", "vary": unknowns}
    samples = {"samples": TRAJECTORIES}
    only = {"record": start["record"] | {"cost": False}}
    return [start | grid, start | spans | samples | only]


def _fixed(scenario: Scenario, overrides: dict[str, Any], window: str) -> dict[str, Any]:
    """The user's overrides and a short window; what the sweeps vary themselves is left to them."""
    own = {"run.seed", "run.replications", *_grid(scenario, False), *_spans(scenario)}
    kept = {path: value for path, value in overrides.items() if path not in own}
    kept |= {"run.duration": window, "run.warm_up": "5 s", "run.precision": None}
    return kept


def _grid(scenario: Scenario, quick: bool) -> dict[str, list[Any]]:
    """The load against the CPU limit of the busiest service, or its replicas where the limit is bound or missing."""
    name = service_asked(scenario, None)
    service = scenario.services[name]
    limit, scaler = service.resources.cpu_limit, service.autoscaler
    values: list[Any]
    if limit is not None and scenario.platform.kind != "ecs":
        path = f"services.{name}.resources.cpu_limit"
        values = [round(limit * times, 3) for times in CPU_TIMES]
    else:
        path = f"services.{name}.autoscaler.min_replicas" if scaler else f"services.{name}.replicas"
        now, most = (scaler.min_replicas, scaler.max_replicas) if scaler else (service.replicas, 62)
        values = sorted({min(now + more, most) for more in MORE_REPLICAS})
    return {
        **_loads(scenario, QUICK_LOADS if quick else LOADS),
        path: [values[0], values[-1]] if quick and len(values) > 1 else values,
    }


def _loads(scenario: Scenario, multiples: tuple[float, ...]) -> dict[str, list[Any]]:
    """The load of the main source, by the path that says it; nothing for jobs by the clock."""
    traffic = scenario.traffic
    if traffic.loop == "closed":
        return {"traffic.users": list(dict.fromkeys(max(1, round(many * traffic.users)) for many in multiples))}
    if traffic.loop == "replay" and traffic.replay is not None:
        factor = traffic.replay.load_factor
        return {"traffic.replay.load_factor": [float(f"{many * factor:.4g}") for many in multiples]}
    if traffic.loop == "periodic":
        return {}
    rates = dict.fromkeys(max(float(f"{many * traffic.peak:.4g}"), traffic.night) for many in multiples)
    return {"traffic.peak": [f"{rate:g} requests/s" for rate in rates]}


def _spans(scenario: Scenario) -> dict[str, Any]:
    name = service_asked(scenario, None)
    peak, speed = scenario.traffic.peak, scenario.platform.core_speed
    low = max(0.8 * peak, scenario.traffic.night)
    rates = {"from": f"{low:.4g} requests/s", "to": f"{max(1.5 * peak, 1.1 * low):.4g} requests/s"}
    spans: dict[str, Any] = {
        **({"traffic.peak": rates} if scenario.traffic.loop == "open" else {}),
        "platform.core_speed": {"from": round(0.7 * speed, 4), "to": round(1.4 * speed, 4)},
    }
    pool = scenario.services[name].pool
    if pool is not None:
        spans[f"services.{name}.pool.max"] = {"from": max(1, pool.max // 4), "to": max(2, 2 * pool.max)}
    return spans

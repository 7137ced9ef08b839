"""The autoscaler's settings tried on a ramp, and what its target means."""

from __future__ import annotations

from typing import Any

import pandas as pd

from novamodel import units
from novamodel.analytic import steady_replicas
from novamodel.questions.shared import MOST_REPLICAS, Tell, count_at_peak, in_turn, need_open, trial
from novamodel.scenario import Scenario
from novamodel.simulation import Result
from novamodel.workflows.month import monthly_total

TARGETS = (0.5, 0.7, 0.9)
TARGET_CURVE = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ROOM = 1.5
"""The upper bound has to hold so many times the peak."""
HOLD_S = 30.0
"""The load stays at the peak for so long after the ramp; half of it when quick."""
RAMP_WARM_UP_S = 10.0
RAMP_START_S = 12 * 3600.0
MOST_GRID_REQUESTS = 4e6
"""A heavier grid is thinned: fewer settings, two replications."""


def low_rate(scenario: Scenario) -> float:
    """Where the ramp begins: the lowest full hour of the day, half the peak at most."""
    traffic = scenario.traffic
    lowest = min(traffic.rate_at(hour * 3600.0) for hour in range(24))
    return max(min(lowest, traffic.most_per_s / 2), 0.0)


def try_bounds(
    scenario: Scenario,
    name: str,
    ramp_s: float,
    replications: int,
    engine: str,
    quick: bool,
    tell: Tell,
    cap: int,
    planned: Any = None,
) -> tuple[pd.DataFrame, list[Result]]:
    """A row a lower bound and CPU target on the ramp (``ready_most``: most ready replicas), and each one's run.

    Today's setting is tried as it is, as is the ``planned`` autoscaler; the others with an upper bound
    (``max_replicas``) that holds `ROOM` x the peak. ``cap``: no bound above this is tried, for more replicas would do
    no good.
    """
    scaler = scenario.services[name].autoscaler
    now = (scaler.min_replicas, scaler.cpu_target) if scaler else None
    window_s = ramp_s + (HOLD_S / 2 if quick else HOLD_S)
    heavy = scenario.traffic.most_per_s * (window_s + RAMP_WARM_UP_S) * replications * 12 > MOST_GRID_REQUESTS
    ramped = _on_ramp(scenario, ramp_s, window_s, 2 if quick or heavy else replications)
    settings = {
        key: settings_of(scenario, name, *key, most=None if key == now else upper_bound(scenario, name, *key, cap))
        for key in _grid(scenario, name, cap, few=quick or heavy)
    }
    if planned is not None and planned.cpu_target is not None:
        key = planned.min_replicas, planned.cpu_target
        settings.setdefault(key, settings_of(scenario, name, *key, most=planned.max_replicas))
    variants = {key: ramped.override(changes, said_by="trial") for key, changes in settings.items()}
    rows, results = [], []
    for key, result in in_turn(variants, engine=engine, tell=tell, begin=0.4, end=0.95, text="autoscaler"):
        results.append(result)
        ready = result.replicas[result.replicas["service"] == name]["ready"]
        row = {
            "min_replicas": key[0],
            "max_replicas": _most(variants[key], name),
            "cpu_target": key[1],
            "now": key == now,
        }
        cost = monthly_total(scenario.override(settings[key], said_by="trial"))
        rows.append({**row, **trial(result)._asdict(), "ready_most": float(ready.max()), "cost_month": cost})
    return pd.DataFrame(rows), results


def _on_ramp(scenario: Scenario, ramp_s: float, window_s: float, replications: int) -> Scenario:
    """The load climbs from the low rate to the peak within ``ramp_s`` and stays there."""
    need_open(scenario)
    low, peak = low_rate(scenario), scenario.traffic.most_per_s
    points = [(RAMP_START_S, low), (RAMP_START_S + ramp_s, peak), (RAMP_START_S + 7200.0, peak)]
    before = [(RAMP_START_S - 600.0, low)]
    changes = {
        "traffic.shape": [[clock, f"{rate:.9f} requests/s"] for clock, rate in [*before, *points]],
        "run.start": RAMP_START_S,
        "run.duration": f"{window_s!r} s",
        "run.warm_up": f"{RAMP_WARM_UP_S!r} s",
        "run.interval": "5 s",
        "run.replications": replications,
        "run.precision": None,
    }
    return scenario.override(changes, said_by="the ramp")


def _grid(scenario: Scenario, name: str, cap: int, *, few: bool) -> list[tuple[int, float]]:
    """Lower bounds from one a zone to what the peak needs, and CPU targets; today's among them."""
    scaler = scenario.services[name].autoscaler
    target = scaler.cpu_target if scaler and scaler.cpu_target else TARGETS[1]
    peak = rest_at(scenario, name, 1, target) if scaler else count_at_peak(scenario, name)
    peak = min(peak, cap)
    low = min(scenario.platform.zones, peak)
    now = [scaler.min_replicas] if scaler else []
    mins = sorted({*now, low, peak})
    if len(mins) < 3 and not few:
        mins = sorted({*mins, round((low + peak) / 2)})
    targets = [target] if few else sorted({*TARGETS, target})
    return [(least, goal) for least in mins for goal in targets]


def settings_of(
    scenario: Scenario, name: str, least: int, target: float, *, most: int | None = None
) -> dict[str, object]:
    """Today's autoscaler (or the default one) with another lower bound and CPU target; ``most``: the upper bound."""
    scaler, path = scenario.services[name].autoscaler, f"services.{name}"
    most = scaler.max_replicas if scaler and most is None else most or MOST_REPLICAS
    bounds = {"min_replicas": least, "max_replicas": max(most, least), "cpu_target": units.format_fraction(target)}
    if scaler is None:
        return {f"{path}.autoscaler": bounds, f"{path}.replicas": least}
    return {**{f"{path}.autoscaler.{key}": value for key, value in bounds.items()}, f"{path}.replicas": least}


def target_curve(scenario: Scenario, name: str) -> pd.DataFrame:
    """Replicas at rest at the peak for CPU requests around today's, with an upper bound that never binds."""
    if scenario.platform.kind != "eks":
        return pd.DataFrame(columns=["cpu_request", "cpu_target", "replicas", "now", "capped"])
    resources = scenario.services[name].resources
    rows = []
    for factor in (0.6, 1.0, 1.6):
        request = max(round(resources.cpu_request * factor, 2), 0.01)
        if resources.cpu_limit is not None:
            request = min(request, resources.cpu_limit)
        for target in TARGET_CURVE:
            asked = {f"services.{name}.resources.cpu_request": units.format_cores(request)}
            count = rest_at(scenario.override(asked, said_by="trial"), name, 1, target)
            row = {"cpu_request": request, "cpu_target": target, "replicas": count, "now": factor == 1.0}
            rows.append({**row, "capped": count == MOST_REPLICAS})
    return pd.DataFrame(rows).drop_duplicates(["cpu_request", "cpu_target"])


def _most(scenario: Scenario, name: str) -> int:
    scaler = scenario.services[name].autoscaler
    return scaler.max_replicas if scaler else scenario.services[name].replicas


def rest_at(scenario: Scenario, name: str, least: int, target: float, times: float = 1.0) -> int:
    """Where the autoscaler rests at so many times the peak with no upper bound but that of a scenario."""
    settings = settings_of(scenario, name, least, target, most=MOST_REPLICAS)
    return steady_replicas(scenario.override(settings, said_by="trial"), times * scenario.traffic.most_per_s)[name]


def upper_bound(scenario: Scenario, name: str, least: int, target: float, cap: int) -> int:
    """The upper bound to advise: what holds `ROOM` times the peak, never less than today's, at most ``cap``."""
    scaler = scenario.services[name].autoscaler
    most = max(rest_at(scenario, name, least, target, ROOM), scaler.max_replicas if scaler else 1)
    return max(min(most, cap), least)

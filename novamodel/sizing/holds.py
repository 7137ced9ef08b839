"""What a size must hold beside the window at the peak: a rollout, a lost zone, a start from cold, the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.units import parse_time

HOLDS = ("rollout", "zone", "cold", "day")
"""What may be asked for; each is one more simulation of every candidate."""
_WORDS = {"rollout": "a rollout", "zone": "a lost zone", "cold": "a start from cold", "day": "the day"}
SOON = 0.1
"""Share of the window after which the first thing happens."""


def held_windows(scenario: Scenario, window: dict[str, Any], holds: Sequence[str]) -> dict[str, dict[str, Any]]:
    """(in words -> overrides of the run) of every condition; raises ``UserError`` for one that is not known.

    A rollout is one of every service in turn within the first half of the window, with the connections that the surge
    opens; a zone is lost early in it.
    """
    unknown = [name for name in holds if name not in HOLDS]
    if unknown:
        raise UserError(f"{unknown[0]!r} is nothing a size could hold", valid=list(HOLDS), given=unknown[0])
    return {_WORDS[name]: {**window, **_changes(scenario, window, name)} for name in dict.fromkeys(holds)}


def _changes(scenario: Scenario, window: dict[str, Any], name: str) -> dict[str, Any]:
    start, length = float(window["run.start"]), parse_time(window["run.duration"])
    if name == "cold":
        return {"run.start_state": "cold"}
    if name == "day":
        return {"run.start": "00:00", "run.duration": "24 h"}
    if name == "zone":
        if scenario.platform.zones < 2:
            raise UserError("one zone cannot be lost and held", path="platform.zones", valid="2 zones or more")
        return {"operations": [{"at": (start + SOON * length) % 86400.0, "lost_zone": {}}]}
    step = 0.5 * length / len(scenario.services)
    agenda = [
        {"at": (start + SOON * length + number * step) % 86400.0, "rollout": service}
        for number, service in enumerate(scenario.services)
    ]
    return {"operations": agenda}

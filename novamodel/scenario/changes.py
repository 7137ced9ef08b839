"""What two scenarios say differently, in the terms of the files that say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from novamodel.scenario.model import Scenario

NOT_THE_SYSTEM = ("name", "title", "run")
"""Parts that say how a scenario is called and simulated, not what it is."""
Row = dict[str, Any]


class Change(NamedTuple):
    """One setting that differs: its path, both values (SI; None where there is none), its unit, who says each.

    A part that only one of the two has is one change; its value is then a mapping of what it holds.
    """

    path: str
    a: Any
    b: Any
    unit: str
    a_said: str
    b_said: str


def setting_changes(a: Scenario, b: Scenario) -> list[Change]:
    """Every setting of the system that differs between two scenarios, in the order of the scenario."""
    rows = _said(a), _said(b)
    found: dict[str, Change] = {}
    for path in [*rows[0], *(path for path in rows[1] if path not in rows[0])]:
        mine, theirs = rows[0].get(path), rows[1].get(path)
        if mine and theirs:
            if mine["value"] != theirs["value"]:
                found[path] = Change(path, mine["value"], theirs["value"], mine["unit"], _who(mine), _who(theirs))
            continue
        part = _missing_part(path, rows[1] if mine else rows[0])
        if part not in found:
            sides = [_part(part, side) for side in rows]
            (a_value, a_said), (b_value, b_said) = sides
            found[part] = Change(part, a_value, b_value, (mine or theirs or {})["unit"], a_said, b_said)
    return list(found.values())


def _said(scenario: Scenario) -> dict[str, Row]:
    """The resolved rows by path, without what is empty and what an objective's text says already."""
    return {
        row["path"]: row
        for row in scenario.resolved()
        if row["path"].split(".")[0] not in NOT_THE_SYSTEM
        and row["value"] not in (None, [], {})
        and (not row["path"].startswith("slo.") or row["path"].endswith(".text"))
    }


def _missing_part(path: str, other: dict[str, Row]) -> str:
    """The outermost part around ``path`` of which the other scenario has nothing."""
    words = path.split(".")
    for size in range(1, len(words)):
        part = ".".join(words[:size])
        if not any(known == part or known.startswith(part + ".") for known in other):
            return part
    return path


def _part(part: str, rows: dict[str, Row]) -> tuple[Any, str]:
    """The value or the values of a part, and who says it: the first file that does, where one does."""
    inside = [row for path, row in rows.items() if path == part or path.startswith(part + ".")]
    if not inside:
        return None, ""
    if inside[0]["path"] == part:
        return inside[0]["value"], _who(inside[0])
    speaker = next((row for row in inside if row["kind"] == "file"), inside[0])
    return {row["path"][len(part) + 1 :]: row["value"] for row in inside}, _who(speaker)


def _who(row: Row) -> str:
    """File and line where there is one, else the kind of origin."""
    if row["file"] and row["kind"] in ("file", "derived"):
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        return place if row["kind"] == "file" else f"derived, {place}"
    return f"{row['kind']}, {row['file']}:{row['line']}" if row["file"] else str(row["kind"])

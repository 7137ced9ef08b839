"""Findings grouped by kind and ranked by what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from novamodel.audit.form import NotChecked
from novamodel.audit.kinds import COSTS, Cost, kind_of
from novamodel.scenario import LEVELS, Finding, Level

_COSTS = list(COSTS)


@dataclass(frozen=True)
class Group:
    """All findings of one kind at one level, by file and line."""

    code: str
    level: Level
    cost: Cost
    title: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Audit:
    """What is wrong in a folder: ``groups`` with the dearest first, and what could not be checked."""

    name: str
    files: int
    groups: tuple[Group, ...]
    not_checked: tuple[NotChecked, ...]

    @property
    def findings(self) -> list[Finding]:
        """All findings in the order of their groups."""
        return [one for group in self.groups for one in group.findings]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each level."""
        levels = [one["level"] for one in self.findings]
        return {level: levels.count(level) for level in LEVELS}

    def fails(self, level: str) -> bool:
        """Whether there is a finding of a level, or of a worse one."""
        return any(LEVELS.index(one["level"]) <= LEVELS.index(level) for one in self.findings)

    def rows(self) -> dict[str, Any]:
        """The audit as plain values, for JSON."""
        return {
            "target": self.name,
            "files": self.files,
            "counts": self.counts,
            "groups": [
                {
                    "code": group.code,
                    "level": group.level,
                    "cost": group.cost,
                    "title": group.title,
                    "places": [{key: one[key] for key in ("file", "line", "message", "fix")} for one in group.findings],
                }
                for group in self.groups
            ],
            "not_checked": [one._asdict() for one in self.not_checked],
        }


def grouped(name: str, files: int, findings: Iterable[Finding], not_checked: Iterable[NotChecked]) -> Audit:
    """One group a kind and level: what breaks now first, then by level, then by the number of places."""
    rows: dict[tuple[str, Level], list[Finding]] = {}
    for one in findings:
        group = rows.setdefault((one["code"], one["level"]), [])
        if one not in group:
            group.append(one)
    groups = []
    for (code, level), found in rows.items():
        kind = kind_of(code)
        found.sort(key=lambda one: (one["file"] or "", one["line"] or 0, one["message"]))
        groups.append(Group(code, level, kind.cost, kind.title, tuple(found)))
    groups.sort(key=lambda one: (_COSTS.index(one.cost), LEVELS.index(one.level), -len(one.findings), one.code))
    return Audit(name, files, tuple(groups), tuple(dict.fromkeys(not_checked)))

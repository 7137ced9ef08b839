"""What an answer rests on: how many values files state, how many are assumed, which of these move the answer.

One record, computed once from the resolved values; screens, tables and ``answer.json`` show it. A value is what
somebody would write: a demand with its law counts once, and so does an objective; what is absent does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from novamodel.scenario.model import Scenario
from novamodel.scenario.moving import Assumption, moving
from novamodel.showing import Shown, shows_itself

LAW = ("busy", "idle", "law", "sigma", "form", "width", "mixture", "samples")
"""Parts of one demand or delay."""
STATED = ("file", "measured", "documented")
NO_SERVICE = "no-service-found"
"""Code of the finding that a whole service is assumed."""
_OBJECTIVE = re.compile(r"slo\.\d+")


@shows_itself
class RestsOn(NamedTuple):
    """``read``: values that ``files`` state; ``set``: values of overrides; ``assumed``: values that nobody stated or
    measured here, of which ``moving`` are those that move an answer."""

    read: int
    files: tuple[str, ...]
    set: int
    assumed: int
    moving: tuple[Assumption, ...]

    def _shown(self) -> Shown:
        rows = [("read", f"{self.read} values of {len(self.files)} files"), ("set", f"{self.set} values")]
        rows.append(("assumed", f"{self.assumed} values, of which these move the answer:"))
        return Shown("What the answer rests on", ("", "what"), [*rows, *(("", one.what) for one in self.moving)])

    @property
    def marks(self) -> bool:
        """Whether verdicts or advice rest on an assumed service, load, demand or objective."""
        return any(one.marks for one in self.moving)

    @property
    def service_assumed(self) -> bool:
        """Whether there is no service but the assumed one."""
        return any(one.what == "service" for one in self.moving)

    @property
    def load_assumed(self) -> bool:
        """Whether nobody states how much is asked."""
        return any(one.what == "load" for one in self.moving)

    def of_verdict(self, metric: str, number: int) -> list[str]:
        """What the verdict of an objective rests on that is assumed: its metric, and its number in ``slo``."""
        names = {"rejected": ("service", "load", "mix", "clients")}.get(metric, ("service", "load", "mix", "demands"))
        found = [one.what for one in self.moving if one.what in names]
        own = any(f"slo.{number}" in one.paths for one in self.moving if one.what == "SLO")
        return [*found, "SLO"] if own else found

    def of_advice(self) -> list[str]:
        """What the first limit, the advised size and the load at a breach rest on that is assumed."""
        return [one.what for one in self.moving if one.marks and one.what != "clients"]

    def of_cost(self) -> list[str]:
        """What the lines of the bill that follow use rest on that is assumed."""
        return [one.what for one in self.moving if one.what in ("service", "load", "mix")]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, a part of answer.json."""
        return {
            "read": self.read,
            "files": list(self.files),
            "set": self.set,
            "assumed": self.assumed,
            "marks": self.marks,
            "service_assumed": self.service_assumed,
            "load_assumed": self.load_assumed,
            "moving": [{**one._asdict(), "paths": list(one.paths)} for one in self.moving],
        }


def rests_on(scenario: Scenario) -> RestsOn:
    """The record of a scenario."""
    rows = list(written_values(scenario.resolved()))
    read = [row for row in rows if is_read(row)]
    assumed = [row for row in rows if is_assumed(row)]
    return RestsOn(
        read=len(read),
        files=tuple(sorted({row["file"] for row in read})),
        set=sum(row["kind"] == "override" for row in rows),
        assumed=len(assumed),
        moving=tuple(moving(scenario, {row["path"]: row["source"] for row in assumed}, no_service(scenario))),
    )


def is_read(row: dict[str, Any]) -> bool:
    """Whether a file states a resolved value."""
    return row["kind"] in STATED and bool(row["file"])


def is_assumed(row: dict[str, Any]) -> bool:
    """Whether a resolved value is taken for granted: assumed, or a default that was measured on another system."""
    return row["kind"] == "assumed" or (row["kind"] == "measured" and not row["file"])


def no_service(scenario: Scenario) -> bool:
    """Whether an import found no service: the only ones there are assumed."""
    found = any(one["code"] == NO_SERVICE for one in scenario.findings)
    return found and all(scenario.origin(f"services.{name}").kind == "assumed" for name in scenario.services)


def only_declared(scenario: Scenario) -> bool:
    """Whether files declare resources of AWS and deploy no service: they have a bill, and no other answer."""
    return no_service(scenario) and any(one.type.startswith("aws_") for one in scenario.declared)


def written_values(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The resolved rows with one row a demand, a delay and an objective, and none for what is absent."""
    seen = set()
    for row in rows:
        above, _, last = row["path"].rpartition(".")
        law, objective = last in LAW and above, _OBJECTIVE.match(row["path"])
        path = above if law else objective[0] if objective else row["path"]
        if path in seen or (row["value"] in (None, [], {}) and not (law or objective)):
            continue
        seen.add(path)
        yield row if path == row["path"] else {**row, "path": path, "value": row["value"]}

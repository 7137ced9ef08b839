"""What readers of single formats say, and the draft that they write into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from novamodel.scenario import Finding, Level, Origin, Tree, finding, in_order


class Said(NamedTuple):
    """One value that a file says, for a dotted path below a service or below the scenario."""

    path: str
    value: Any
    file: str | None
    line: int | None
    sentence: str = ""
    kind: str = "file"


@dataclass(frozen=True)
class Workload:
    """One service as some file deploys it: its short name, where it stands, and what is said about it."""

    name: str
    raw_name: str
    file: str
    line: int
    said: tuple[Said, ...] = ()
    port: int | None = None
    image: str = ""
    environment: tuple[str, ...] = ()


@dataclass
class Draft:
    """Collects values, findings and what is not modelled while files are read."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)
    not_modelled: list[dict[str, Any]] = field(default_factory=list)

    def say(self, said: Said, below: str = "") -> None:
        """Set a value unless one is there, which only a documented default gives way to.

        A value None only names the place of the part itself.
        """
        path = f"{below}.{said.path}" if below and said.path else below or said.path
        origin = Origin(said.kind, said.sentence, said.file, said.line)
        words = path.split(".")
        node = self.values
        for word in words[:-1]:
            node = node.setdefault(word, {})
            if not isinstance(node, dict):
                return
        if said.value is None and said.kind == "file":
            node.setdefault(words[-1], {})
            self.origins.setdefault(path, origin)
            return
        before = self.origins.get(path)
        better = before is not None and before.kind == "documented" and said.kind == "file"
        if words[-1] in node and node[words[-1]] != {} and not better:
            return
        if better:  # what a file says holds against a default
            self.fields = [one for one in self.fields if one["path"] != path]
        node[words[-1]] = said.value
        self.origins[path] = origin
        self.fields.append({"path": path, "value": said.value, "file": said.file, "line": said.line})

    def find(self, level: Level, code: str, file: str | None, line: int | None, message: str, fix: str) -> None:
        """Note an inconsistency once."""
        row = finding(level, code, file, line, message, fix)
        if row not in self.findings:
            self.findings.append(row)

    def leave(self, file: str, line: int | None, what: str, why: str) -> None:
        """Note something that was read and is not modelled."""
        row = {"file": file, "line": line, "what": what, "why": why}
        if row not in self.not_modelled:
            self.not_modelled.append(row)

    def declare(self, rows: list[dict[str, Any]]) -> None:
        """List resources that infrastructure files declare, as the scenario's ``declared`` takes them."""
        self.values["declared"] = [*self.values.get("declared", []), *rows]
        for number, row in enumerate(self.values["declared"]):
            place = Origin("file", "", row["file"], row["line"])
            self.origins[f"declared.{number}"] = place

    def tree(self) -> Tree:
        """The tree of what was said, with the findings in order and what has no model."""
        return Tree(self.values, self.origins, in_order(self.findings), self.not_modelled)

"""What an import gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from novamodel.importers.graph.system import System
from novamodel.importers.sources import Sources
from novamodel.scenario import Finding, Tree


@dataclass(frozen=True)
class ImportReport:
    """The imported part of a scenario and everything the files left open.

    ``tree`` holds values in the scenario's own written form with the origin of each; ``fields`` has one row a
    value (path, value, file, line); ``not_modelled`` one row for each thing that was read and is not modelled
    (file, line, what, why); ``findings`` (level, code, file, line, message, fix) what could not be read as it is
    written; ``system`` who asks whom; ``cached`` whether any file speaks of a
    cache; ``sources`` all that was read, for the audit.
    """

    tree: Tree
    platform: str
    files: dict[str, str]
    fields: list[dict[str, Any]]
    sources: Sources
    system: System = field(default_factory=System)
    cached: bool = False

    @property
    def not_modelled(self) -> list[dict[str, Any]]:
        """What was read and has no model."""
        return self.tree.not_modelled

    @property
    def findings(self) -> list[Finding]:
        """Errors first, then warnings, then notes; each by file and line."""
        return self.tree.findings

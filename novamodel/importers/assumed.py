"""From any folder to a runnable scenario: what the files say, laid over documented assumptions."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from novamodel.audit import in_order
from novamodel.importers.assemble import import_folder
from novamodel.importers.report import ImportReport
from novamodel.resources import data_dir
from novamodel.scenario import Origin, Scenario, Tree, build
from novamodel.yamlfile import Lines, read_mapping

FILE = "data/defaults/assumed.yaml"
_WHOLE_PARTS = ("traffic", "database", "cache", "slo", "run")


def scenario_from_folder(folder: Path, platform: str | None = None) -> Scenario:
    """A runnable scenario of a user's own folder.

    What the files say is imported; what they cannot say (traffic, routes, demands, SLO) comes from
    ``data/defaults/assumed.yaml`` and is marked assumed with its reason. Errors as ``import_folder``; a value
    that no scenario may have is a ``UserError`` with the file and line that say it.
    """
    return build(tree_from_folder(folder, platform))


def tree_from_folder(folder: Path, platform: str | None = None) -> Tree:
    """The tree of ``scenario_from_folder``, before it is validated."""
    return with_assumptions(import_folder(folder, platform), _name(folder))


def with_assumptions(report: ImportReport, name: str) -> Tree:
    """The imported tree laid over the documented assumptions for its services and platform."""
    values, lines = read_mapping(data_dir() / "defaults" / Path(FILE).name)
    assumed = _Assumed(values, lines)
    assumed.put("name", name, "name", ())
    for part in _WHOLE_PARTS:
        assumed.put(part, values[part], part, (part,))
    settings = values["platforms"][report.platform]
    assumed.put("platform", settings, "platform", ("platforms", report.platform))
    services = list(report.tree.values.get("services", {}))
    findings = []
    if not services:
        services = ["api"]
        findings.append(
            {
                "level": "warning",
                "code": "no-service-found",
                "file": None,
                "line": None,
                "message": "no file deploys a service or sends requests to one: one service 'api' is assumed",
                "fix": "add the Deployment, the task definition or the compose file",
            }
        )
    _say_services(assumed, services)
    _say_sizes(assumed, services, report)
    tree = Tree(assumed.tree.values, assumed.tree.origins).merged(report.tree)
    tree.findings = in_order([*tree.findings, *findings])
    return tree


def _name(folder: Path) -> str:
    return re.sub(r"[^\w-]+", "-", folder.name).strip("-") or "imported"


class _Assumed:
    """The tree of assumptions with the line of ``assumed.yaml`` that each comes from."""

    def __init__(self, values: dict[str, Any], lines: Lines) -> None:
        self.values, self.lines, self.tree = values, lines, Tree()

    def put(self, path: str, value: Any, source: str, place: tuple[str | int, ...]) -> None:
        """Set a part of the scenario; ``source`` names its sentence, ``place`` where it stands in the file."""
        words = path.split(".")
        node = self.tree.values
        for word in words[:-1]:
            node = node.setdefault(word, {})
        node[words[-1]] = value
        self._sign(path, value, self.values["sources"][source], place)

    def _sign(self, path: str, value: Any, sentence: str, place: tuple[str | int, ...]) -> None:
        """Every value keeps its own origin: an imported part around it must not be taken for it."""
        self.tree.origins[path] = Origin(sentence.split(":")[0], sentence, FILE, self.lines.get(place, 1))
        if isinstance(value, dict):
            for key, inner in value.items():
                self._sign(f"{path}.{key}", inner, sentence, (*place, key))


def _kind_of(service: str, kinds: dict[str, Any]) -> str:
    """``admin`` for a service whose name says so, else the last kind (an API)."""
    for kind, facts in kinds.items():
        if any(word in service for word in facts["names"]):
            return kind
    return list(kinds)[-1]


def _say_services(assumed: _Assumed, services: list[str]) -> None:
    kinds = assumed.values["kinds"]
    chosen = {service: _kind_of(service, kinds) for service in services}
    total = sum(kinds[kind]["share"] for kind in set(chosen.values()))
    mix: dict[str, str] = {}
    for service, kind in chosen.items():
        alike = sum(other == kind for other in chosen.values())
        share = Fraction(kinds[kind]["share"], total) / alike
        routes, sizes = {}, {}
        for route, facts in kinds[kind]["routes"].items():
            name = route if alike == 1 else f"{service}-{route}"
            routes[name] = facts["steps"]
            sizes[name] = facts["response_bytes"]
            mix[name] = f"{float(share * facts['share']):.12g} %"
        below = f"services.{service}"
        place = ("kinds", kind, "routes")
        assumed.put(f"{below}.routes", routes, "routes", place)
        assumed.put(f"{below}.response_bytes", sizes, "response_bytes", place)
        assumed.put(f"{below}.pool", {}, "pool", place)
    assumed.put("traffic.mix", mix, "mix", ("kinds",))


def _say_sizes(assumed: _Assumed, services: list[str], report: ImportReport) -> None:
    """A size for each service without one, on a platform that runs none without."""
    size = assumed.values["sizes"].get(report.platform)
    for service in services if size else []:
        said = report.tree.values.get("services", {}).get(service, {}).get("resources")
        if not said:
            assumed.put(f"services.{service}.resources", size, "sizes", ("sizes", report.platform))

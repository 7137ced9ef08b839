"""From any folder to a runnable scenario: what the files say, laid over documented assumptions."""

from __future__ import annotations

from pathlib import Path

from novamodel import units
from novamodel.importers.assumed_routes import FILE, Assumed, say_routes, unlinked
from novamodel.importers.graph.system import System
from novamodel.importers.imported import ImportReport
from novamodel.importers.mended import mended
from novamodel.resources import data_dir
from novamodel.scenario import NO_SERVICE, Tree, finding, in_order
from novamodel.yamlfile import read_mapping

_WHOLE_PARTS = ("traffic", "database", "slo", "run")


def with_assumptions(report: ImportReport, name: str) -> Tree:
    """The imported tree laid over the documented assumptions for its services and platform.

    A value that no scenario may have is left out, with a finding.
    """
    values, lines = read_mapping(data_dir() / "defaults" / Path(FILE).name)
    assumed = Assumed(values, lines)
    assumed.put("name", name, "name", ())
    for part in _WHOLE_PARTS:
        assumed.put(part, values[part], part, (part,))
    settings = values["platforms"][report.platform]
    assumed.put("platform", settings, "platform", ("platforms", report.platform))
    services = list(report.tree.values.get("services", {}))
    findings = []
    system = report.system
    if not services:
        services, system = ["api"], System()
        assumed.put("services.api", {}, "service", ("sources", "service"))
        message = "no file deploys a service or sends requests to one: a service 'api' is assumed, and no answer is "
        message += "given for it but with --demo"
        fix = "add the Deployment, the task definition or the compose file"
        findings.append(finding("warning", NO_SERVICE, None, None, message, fix))
    say_routes(assumed, services, system, cached=report.cached)
    findings += unlinked(services, system)
    _say_sizes(assumed, services, report)
    _say_memory(assumed, services, report)
    tree = mended(assumed.tree, report.tree)
    tree.findings = in_order([*tree.findings, *findings])
    return tree


def _say_memory(assumed: Assumed, services: list[str], report: ImportReport) -> None:
    """A process that lives within a small limit rests on less than the one that was measured."""
    for service in services:
        said = report.tree.values.get("services", {}).get(service, {}).get("resources") or {}
        try:
            limit = units.parse_bytes(said["memory_limit"])
        except (KeyError, ValueError, TypeError):
            continue
        usual = units.parse_bytes(assumed.values["memory"]["resting_memory"])
        if 0 < limit < 2 * usual:
            assumed.put(f"services.{service}.runtime.resting_memory", f"{int(limit / 2)} B", "memory", ("memory",))


def _say_sizes(assumed: Assumed, services: list[str], report: ImportReport) -> None:
    """A size for each service, on a platform that runs none without; files say their own over it.

    On EC2 there is no limit where a file says what is set aside and none.
    """
    size = assumed.values["sizes"].get(report.platform) or {}
    machines = report.tree.values.get("platform", {}).get("compute") == "ec2"
    for service in services if size else []:
        said = report.tree.values.get("services", {}).get(service, {}).get("resources") or {}
        for key, value in size.items():
            if not machines or key in said or key.replace("limit", "request") not in said:
                path = f"services.{service}.resources.{key}"
                assumed.put(path, value, "sizes", ("sizes", report.platform, key))

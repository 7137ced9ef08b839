"""`novamodel import`: configuration files to a scenario."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novamodel.cli.options import ComposeFiles, Json, Profiles
from novamodel.cli.show import count, rests_lines

if TYPE_CHECKING:
    from novamodel.importers import ImportReport
    from novamodel.scenario import Scenario


def import_folder(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR", show_default=False, help="Folder of configuration files, one file, or - (stdin)."
        ),
    ],
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="FILE", show_default=False, help="Write the scenario to FILE.")
    ] = "",
    platform: Annotated[
        str,
        typer.Option(
            "--platform",
            metavar="KIND",
            show_default=False,
            help="Whose files to read: eks, ecs or compose.",
        ),
    ] = "",
    files: ComposeFiles = None,
    profiles: Profiles = None,
    render: Annotated[
        bool, typer.Option("--render", help="Render Helm charts with helm, where it is installed.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it exists.")] = False,
    json: Json = False,
) -> None:
    """Read nginx, Kubernetes, compose, ECS, Terraform, Prometheus and pool files into a scenario.

    The scenario (YAML, each value with the file and line that says it) goes to standard output or FILE; the
    import report, with what is inconsistent and what is not modelled, to standard error. What files cannot say
    comes from documented defaults and is marked assumed.

    \b
    Examples:
      novamodel import PATH/TO/YOUR/CONFIGURATION > mine.yaml
      novamodel import PATH/TO/YOUR/CONFIGURATION --platform ecs -o mine.yaml
      novamodel import PATH/TO/YOUR/CONFIGURATION --json > import.json
      novamodel import . -f compose.yaml -f compose.prod.yaml --profile worker -o mine.yaml
      helm template . | novamodel import -
      kustomize build overlays/prod | novamodel import - -o mine.yaml
    """
    from novamodel import importers, loading
    from novamodel.cli.output import note, note_block, say, say_json
    from novamodel.files import must_be_writable
    from novamodel.scenario import build, rests_on

    if out and (force or not Path(out).exists()):  # else `write_yaml` says that it exists already
        must_be_writable(Path(out))
    with importers.folder_of(folder, sys.stdin.read) as place:
        report = loading.import_folder(
            place, platform or None, rendered=render, files=files or (), profiles=profiles or ()
        )
        tree = importers.with_assumptions(report, _name(place))
    scenario = build(tree)
    if out:
        importers.write_yaml(tree, Path(out), overwrite=force)
    if json:
        say_json(
            {
                "platform": report.platform,
                "files": report.files,
                "fields": report.fields,
                "not_modelled": report.not_modelled,
                "system": report.system.rows(),
                "rests_on": rests_on(scenario).to_dict(),
                "findings": tree.findings,
                "scenario": tree.values,
            }
        )
        return
    if not out:
        say(importers.to_yaml(tree).rstrip("\n"))
    note_block(report_text(report, scenario))
    if out:
        note(f"wrote {out}; next: novamodel check {out}")


def _name(folder: Path) -> str:
    return re.sub(r"[^\w-]+", "-", folder.resolve().name).strip("-") or "imported"


def report_text(report: ImportReport, scenario: Scenario) -> str:
    """What was read, what is inconsistent, what is not modelled, how much is assumed."""
    lines = [*rests_lines(scenario), f"{count(len(report.files), 'file')} read as {report.platform}"]
    lines += system_lines(report)
    lines += [f"{count(len(scenario.findings), 'finding')}" + (":" if scenario.findings else "")]
    for row in scenario.findings:
        place = f"{row['file']}:{row['line']}: " if row["file"] and row["line"] else ""
        fix = f" (fix: {row['fix']})" if row["fix"] else ""
        lines.append(f"  {row['level']}: {place}{row['message']}{fix}")
    lines += [
        f"{count(len(report.not_modelled), 'thing')} read and not modelled" + (":" if report.not_modelled else "")
    ]
    for row in report.not_modelled:
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        lines.append(f"  {place}: {row['what']}: {row['why']}")
    return "\n".join(lines)


def system_lines(report: ImportReport) -> list[str]:
    """Who is asked from outside, who asks whom, and who uses what."""
    rows = report.system.rows()
    lines = [f"asked from outside: {', '.join(row['service'] for row in rows['entries'])}"] if rows["entries"] else []
    asked: dict[str, list[str]] = {}
    for row in rows["calls"]:
        asked.setdefault(row["from"], []).append(row["to"])
    lines += [f"  {service} asks {', '.join(others)}" for service, others in asked.items()]
    for row in rows["stores"]:
        users = ", ".join(row["users"]) or "nobody that is known"
        lines.append(f"  {row['what']} {row['store']} ({row['program']}): {users}")
    return lines

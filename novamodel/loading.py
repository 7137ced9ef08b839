"""From whatever a user names to a scenario: a scenario file, a bundled scenario's name, a folder of files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from novamodel import importers
from novamodel.audit import audited
from novamodel.errors import UserError
from novamodel.importers import ImportReport
from novamodel.resources import params_dir
from novamodel.scenario import Scenario, Tree, build, load_scenario
from novamodel.scenario.recordings import Recorded
from novamodel.scenario.traffic_parts import Replay


def load(target: str | Path, *, files: Sequence[str] = (), profiles: Sequence[str] = ()) -> Scenario:
    """Read a scenario.

    ``target`` is a scenario file, the name of a bundled scenario (``novabank``), or a folder of configuration files
    (nginx.conf, Kubernetes manifests, compose file, ECS task definition, Terraform, ...), whose missing
    values come from documented defaults. ``files`` and ``profiles`` choose what is taken of its compose files, as
    docker compose -f and --profile do. Any mistake in it is a ``UserError``.
    """
    if not isinstance(target, str | Path) or not str(target).strip():
        raise UserError(f"{target!r} names no scenario", valid="a file, a folder or the name of a bundled scenario")
    path = Path(target)
    if os.path.isdir(path):
        return scenario_from_folder(path, files=files, profiles=profiles)
    if files or profiles:
        raise UserError(f"{target} is no folder: compose files and profiles are chosen in a folder", valid="a folder")
    if os.path.exists(path):
        return load_scenario(path, importer, _recorded)
    bundled = params_dir() / f"{target}.yaml"
    if os.path.isfile(bundled) and "/" not in str(target):
        return load_scenario(bundled, importer, _recorded)
    names = sorted(file.stem for file in params_dir().glob("*.yaml"))
    raise UserError(
        f"{target}: no such file or folder, and no bundled scenario of that name", valid=names, given=target
    )


def import_folder(
    folder: Path,
    platform: str | None = None,
    *,
    rendered: bool = False,
    files: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> ImportReport:
    """What the files of a folder say, and what is wrong in them; otherwise as ``importers.import_folder``."""
    report = importers.import_folder(folder, platform, rendered=rendered, files=files, profiles=profiles)
    return audited(report)


def importer(folder: Path, platform: str | None = None) -> Tree:
    """The importer that ``scenario.load_scenario`` takes: the tree of ``import_folder``."""
    return import_folder(folder, platform).tree


def tree_from_folder(folder: Path, platform: str | None = None) -> Tree:
    """The tree of ``scenario_from_folder``, before it is validated."""
    return importers.with_assumptions(import_folder(folder, platform), name_of(folder))


def scenario_from_folder(
    folder: Path, platform: str | None = None, *, files: Sequence[str] = (), profiles: Sequence[str] = ()
) -> Scenario:
    """A runnable scenario of a user's own folder.

    What the files say is imported; what they cannot say (traffic, routes, demands, SLO) comes from
    ``data/defaults/assumed.yaml`` and is marked assumed with its reason. Arguments and errors as ``import_folder``;
    a value that no scenario may have is a ``UserError`` with the file and line that say it.
    """
    report = import_folder(folder, platform, files=files, profiles=profiles)
    return build(importers.with_assumptions(report, name_of(folder)))


def name_of(folder: Path) -> str:
    """The name that the scenario of a folder gets."""
    return re.sub(r"[^\w-]+", "-", folder.name).strip("-") or "imported"


def _recorded(files: list[Path], replay: Replay, routes: list[str]) -> Recorded:
    """What the files of a replay hold; only a scenario that has one needs the simulation to be read."""
    from novamodel.simulation.recorded import inspect

    return inspect(files, replay, routes)

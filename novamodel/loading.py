"""From whatever a user names to a scenario: a scenario file, a bundled scenario's name, a folder of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers import importer, scenario_from_folder
from novamodel.resources import params_dir
from novamodel.scenario import Scenario, load_scenario
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


def _recorded(files: list[Path], replay: Replay, routes: list[str]) -> Recorded:
    """What the files of a replay hold; only a scenario that has one needs the simulation to be read."""
    from novamodel.simulation.recorded import inspect

    return inspect(files, replay, routes)

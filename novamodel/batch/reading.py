"""From a sweep file to a checked plan; every mistake is told with file and line before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from novamodel.batch import checks
from novamodel.batch.model import Sweep
from novamodel.batch.notebook import Notebook, checked_notebook
from novamodel.batch.places import Places
from novamodel.batch.plan import Basis, Plan, sweep_values
from novamodel.batch.store import Store
from novamodel.batch.version import code_version
from novamodel.errors import UserError
from novamodel.resources import params_dir
from novamodel.scenario import Scenario
from novamodel.scenario.mistakes import as_user_error
from novamodel.scenario.origin import Origin, Tree
from novamodel.yamlfile import read_mapping


class Ready(NamedTuple):
    """A checked sweep: its plan, the scenario that every case starts from, and the notebook of rendered cases."""

    plan: Plan
    base: Scenario
    notebook: Notebook | None


def planned(source: str | Path | Mapping[str, Any]) -> Ready:
    """Read and check a sweep: a file, the name of a bundled sweep, or a mapping of the same form.

    Every override path and every listed value is checked against the scenario (both ends of a span), and each case
    as a whole where there are few; a mistake is a ``UserError`` with file, line and what would be valid.
    """
    values, places = _read(source)
    sweep = _sweep(values, places)
    axes = checks.checked_axes(sweep, places)
    checks.check_design(sweep, axes, places)
    checks.check_paths(sweep, axes, places)
    base = checks.base_scenario(sweep, places)
    columns = checks.checked_values(sweep, axes, base, places)
    units = checks.checked_metrics(sweep, base, places)
    notebook = checked_notebook(sweep.notebooks, places)
    seeds = sweep.seeds or (base.run.seed,)
    limits = tuple((f"{slo.metric}({slo.of})" if slo.of else slo.metric, slo.limit) for slo in base.slo)
    notebook_hash = notebook.content_hash if notebook else ""
    basis = Basis(base.content_hash(), code_version(), seeds, columns, units, notebook_hash, limits)
    plan = Plan(sweep, basis, places.file)
    checks.check_cases(plan, axes, base, places)
    return Ready(plan, base, notebook)


def planned_again(folder: str | Path) -> Ready:
    """The sweep of a store, from its file where that still exists and else as it was kept."""
    plan = Store(folder).plan()
    if plan.file is not None and plan.file.is_file():
        return planned(plan.file)
    return planned(sweep_values(plan.to_dict()))


def _read(source: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], Places]:
    if isinstance(source, Mapping):
        try:
            return json.loads(json.dumps(dict(source))), Places(None, {})
        except (TypeError, ValueError) as problem:
            raise UserError(f"the sweep holds something that YAML would not: {problem}") from None
    if not isinstance(source, str | Path) or not str(source).strip():
        raise UserError(f"{source!r} names no sweep", valid="a sweep file, a bundled sweep's name or a mapping")
    path = Path(source)
    if not path.exists():
        folder = params_dir() / "sweeps"
        bundled = folder / f"{source}.yaml"
        if "/" in str(source) or not bundled.is_file():
            names = sorted(file.stem for file in folder.glob("*.yaml"))
            raise UserError(f"{source}: no such file, and no bundled sweep of that name", valid=names, given=source)
        path = bundled
    values, lines = read_mapping(path)
    return values, Places(path, lines)


def _sweep(values: dict[str, Any], places: Places) -> Sweep:
    try:
        return Sweep.model_validate(values)
    except ValidationError as problem:
        file = None if places.file is None else str(places.file)
        origins = {".".join(map(str, where)): Origin("file", "", file, line) for where, line in places.lines.items()}
        raise as_user_error(problem, Tree(values, origins), Sweep) from None

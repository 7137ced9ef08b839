"""A new study: a folder with a scenario of its own, a sweep, a notebook and a few lines on how to go on."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from novamodel.errors import UserError
from novamodel.files import new_folder
from novamodel.importers import to_yaml, with_assumptions
from novamodel.loading import import_folder, load
from novamodel.resources import notebooks_dir, params_dir
from novamodel.scenario import Scenario

FILES = ("README.md", "scenario.yaml", "sweep.yaml", "report.ipynb")
BASE = "base.yaml"
NOTEBOOK = "00_report.ipynb"
GROWTH = 1.2
"""The one difference that a new study starts with: a peak so many times today's."""


def init_study(folder: str | Path, base: str | Path = "novabank") -> tuple[Path, ...]:
    """Make the folder of a new study and return its files.

    ``base`` is a bundled scenario's name, a scenario file, or a folder of configuration files (then imported to
    ``base.yaml`` in the study). The study's scenario extends it and holds only what differs. The folder appears
    whole or not at all; one that exists already is a ``UserError``, as is any mistake in ``base``.
    """
    path = Path(folder).absolute()
    name = re.sub(r"[^\w-]+", "-", path.name).strip("-")
    if not name:
        raise UserError(
            f"{str(folder)!r} names no folder", valid="a name like 'growth' or a path like 'studies/growth'"
        )
    scenario = load(base)
    with new_folder(path) as staging:
        files = list(FILES)
        if Path(base).is_dir():
            tree = with_assumptions(import_folder(Path(base)), scenario.name)
            (staging / BASE).write_text(to_yaml(tree), encoding="utf-8")
            files.append(BASE)
        said = _base_as_said(base, staging)
        (staging / "scenario.yaml").write_text(_scenario(name, scenario, said), encoding="utf-8")
        (staging / "sweep.yaml").write_text(_sweep(name, scenario), encoding="utf-8")
        (staging / "report.ipynb").write_text(_notebook(), encoding="utf-8")
        compared = said if said in _bundled() else os.path.normpath(os.path.join(folder, said))
        (staging / "README.md").write_text(_readme(name, str(folder), scenario, compared), encoding="utf-8")
        load(staging / "scenario.yaml")  # what is left behind works
    return tuple(path / file for file in files)


def _bundled() -> list[str]:
    return [file.stem for file in params_dir().glob("*.yaml")]


def _base_as_said(base: str | Path, folder: Path) -> str:
    """What ``extends`` says: a bundled name, or the path of a file as seen from the study."""
    if Path(base).is_dir():
        return BASE
    return Path(os.path.relpath(Path(base).absolute(), folder)).as_posix() if Path(base).exists() else str(base)


def _scenario(name: str, base: Scenario, said: str) -> str:
    """Only the differences: one that holds, and the ones most often wanted as comments with what holds now."""
    traffic = base.traffic
    lines = [
        f"# What differs from {base.heading}; all else is as there.",
        "# Uncomment a line with the lines above it that it stands below, change it, and run again.",
        "# All that can be said here: novamodel schema.",
        f"extends: {_text(said)}",
        f"name: {_text(name)}",
        f"title: {_text(f'{base.heading}: {name}')}",
        "",
    ]
    if traffic.loop == "open" and isinstance(traffic.shape, str):
        peak = f"{traffic.peak * GROWTH:.6g} requests/s"
        lines += ["traffic:", f"  peak: {peak}    # {traffic.peak:.6g} requests/s in the base"]
    else:
        lines += ["# traffic:", "#   mix: {}    # shares of the routes"]
    lines += ["", "# services:"]
    for service, facts in base.services.items():
        lines.append(f"#   {_text(service)}:")
        scaler = facts.autoscaler
        if scaler is not None:
            lines.append(
                f"#     autoscaler: {{min_replicas: {scaler.min_replicas}, max_replicas: {scaler.max_replicas}}}"
            )
        else:
            lines.append(f"#     replicas: {facts.replicas}")
        size = facts.resources
        limit = f", cpu_limit: {size.cpu_limit * 1000:g}m" if size.cpu_limit is not None else ""
        lines.append(f"#     resources: {{cpu_request: {size.cpu_request * 1000:g}m{limit}}}")
        if facts.pool is not None:
            lines.append(f"#     pool: {{max: {facts.pool.max}}}")
    klass = base.database.instance_class
    lines += ["# database:", f"#   instance_class: {klass}" if klass else f"#   cores: {base.database.cores:g}"]
    lines += ["# slo:", *(f"#   - {slo.text}" for slo in base.slo)]
    return "\n".join(lines) + "\n"


def _sweep(name: str, base: Scenario) -> str:
    """Replicas of the first service with a pool against the peak."""
    service = next((name for name, facts in base.services.items() if facts.pool is not None), next(iter(base.services)))
    scaler = base.services[service].autoscaler
    path = f"services.{service}.{'autoscaler.min_replicas' if scaler else 'replicas'}"
    now = scaler.min_replicas if scaler else base.services[service].replicas
    most = scaler.max_replicas if scaler else now + 2
    counts = sorted({min(count, most) for count in (max(1, now - 1), now, now + 1, now + 2)})
    lines = [
        "# Which of these keeps the SLO, and what does each cost? All combinations of what is listed.",
        f"name: {_text(name)}",
        "scenario: scenario.yaml",
        "fixed:",
        "  run.duration: 1 min",
        "  run.warm_up: 20 s",
        "vary:",
        f"  {_text(path)}: {counts}",
    ]
    if base.traffic.loop == "open" and isinstance(base.traffic.shape, str):
        rates = [f"{base.traffic.peak * share:.6g} requests/s" for share in (1.0, GROWTH, 1.5)]
        lines.append(f"  traffic.peak: [{', '.join(rates)}]")
    return "\n".join([*lines, "replications: 2"]) + "\n"


def _notebook() -> str:
    """The report notebook without outputs, pointed at the study's scenario."""
    notebook = json.loads((notebooks_dir() / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        cell["outputs"], cell["execution_count"] = [], None
        if "parameters" in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            source = re.sub(r'^(scenario: str = )"[^"]*"', r'\1"scenario.yaml"', source, flags=re.M)
            cell["source"] = source.splitlines(keepends=True)
        else:
            tags = cell["metadata"].get("tags", [])
            cell["metadata"]["tags"] = [tag for tag in tags if tag != "nbval-check-output"]
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _readme(name: str, folder: str, base: Scenario, compared: str) -> str:
    return f"""# {name}

A study of {base.heading}. `scenario.yaml` holds what differs from it: change that file, then

```
novamodel run {folder}/scenario.yaml    # latency, errors, callers, tiers
novamodel diff {compared} {folder}/scenario.yaml    # what the changes do, cost included
novamodel sweep {folder}/sweep.yaml    # many variants
novamodel report {folder}/scenario.yaml --out {folder}/report
```

or open `report.ipynb` in JupyterLab and run it.
"""


def _text(value: str) -> str:
    """A YAML scalar: plain where that is safe, else quoted."""
    return value if re.fullmatch(r"[A-Za-z][\w./-]*", value) and value.lower() not in _WORDS else json.dumps(value)


_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

"""From a YAML file to a scenario: base, variant, imported files, overrides; one clear error for a mistake."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.resources import params_dir
from novamodel.scenario.model import LEVELS, Scenario, build
from novamodel.scenario.naming import MAIN, ONE_OF, main_by_itself, main_path
from novamodel.scenario.origin import Origin, Tree
from novamodel.scenario.recordings import Inspect, Recordings
from novamodel.scenario.samples import with_samples
from novamodel.yamlfile import Lines, read_mapping

Importer = Callable[[Path, str | None], Tree]
"""Reads a folder of configuration files; the second argument is the platform to read (eks, ecs, compose; None: any)."""
ROWS = {"findings": ("level", "code", "message", "fix"), "not_modelled": ("what", "why")}
"""What an import writes about its files beside the values, and what each row says beside file and line."""
MAX_EXTENDS = 8


def load_scenario(path: Path, importer: Importer | None = None, inspect: Inspect | None = None) -> Scenario:
    """Read a scenario file.

    ``extends`` names a base file (or a scenario that comes with novamodel), ``imported`` a folder of configuration
    files (read by ``importer``), ``sources`` says of which kind values are (``{path: "measured: ..."}``).
    Later wins: defaults, imported files, base, variant. Mappings merge key by key; an empty one (``limits: {}``) takes
    away what is below it, and the schema says where something is needed. A mix, populations and sessions are restated
    whole. ``inspect`` reads the files of a replay.
    """
    return build(load_tree(path, importer), Recordings(inspect) if inspect else None)


def load_tree(path: Path, importer: Importer | None = None, platform: str | None = None, depth: int = 0) -> Tree:
    """The tree of a scenario file with its base and imported files below it.

    ``platform`` is the kind that a variant above this file has chosen: it decides which files an import reads.
    """
    if depth > MAX_EXTENDS:
        raise UserError(f"{path}: more than {MAX_EXTENDS} files extend each other; is there a circle?")
    values, lines = read_mapping(path)
    below = Tree()
    chosen = values.get("platform")
    platform = platform or (chosen.get("kind") if isinstance(chosen, dict) else None)
    base = values.pop("extends", None)
    folder = values.pop("imported", None)
    sources = values.pop("sources", {})
    findings, left = (_rows(values, key, path, lines) for key in ROWS)
    values, lines = _main_by_itself(values, lines, path)
    with_samples(values, lines, path, Scenario)
    _note_folder(values, path)
    if base is not None:
        below = load_tree(_base(path, base, lines), importer, platform, depth + 1)
    if folder is not None:
        if importer is None:
            raise UserError(f"{path}: 'imported' needs the importers, which this call does not have")
        below = importer(_folder(path, folder, lines), platform).merged(below)
    return below.merged(Tree(values, _origins(values, lines, path, sources), findings, left))


def _rows(values: dict[str, Any], key: str, path: Path, lines: Lines) -> list[dict[str, Any]]:
    """What an import has written about its files: ``findings`` or ``not_modelled``."""
    rows = values.pop(key, None) or []
    names = ROWS[key]
    for number, row in enumerate(rows if isinstance(rows, list) else [rows]):
        right = isinstance(row, dict) and row.keys() == {"file", "line", *names}
        if not right or not all(isinstance(row[name], str) for name in names) or not _is_place(row):
            where = lines.get((key, number), lines.get((key,)))
            raise UserError(
                f"{key} is what import writes", file=path, line=where, valid=f"file, line, {', '.join(names)}"
            )
        if key == "findings" and row["level"] not in LEVELS:
            raise UserError(f"{key}: level {row['level']!r}", file=path, line=lines.get((key, number)), valid=LEVELS)
    return list(rows)


def _is_place(row: dict[str, Any]) -> bool:
    return isinstance(row["file"], str | None) and (row["line"] is None or type(row["line"]) is int)


def _main_by_itself(values: dict[str, Any], lines: Lines, path: Path) -> tuple[dict[str, Any], Lines]:
    """``databases: {main: ...}`` as ``database: ...`` before files are merged, with its lines."""
    try:
        result = main_by_itself(values)
    except ValueError as problem:
        line = next((at for where, at in lines.items() if where[0] in ONE_OF and where[1:2] == (MAIN,)), None)
        raise UserError(str(problem), file=path.name, line=line) from None
    moved = {(ONE_OF[str(w[0])], *w[2:]) if w[0] in ONE_OF and w[1:2] == (MAIN,) else w: at for w, at in lines.items()}
    return result, {where: at for where, at in moved.items() if where[0] not in ONE_OF or where[0] in result}


def _note_folder(values: dict[str, Any], path: Path) -> None:
    """The files of a replay stand beside the file that names them."""
    traffic = values.get("traffic")
    further = traffic.get("also") if isinstance(traffic, dict) else None
    for source in (traffic, *(further.values() if isinstance(further, dict) else ())):
        replay = source.get("replay") if isinstance(source, dict) else None
        if isinstance(replay, dict) and "files" in replay:
            replay["folder"] = str(path.parent)


def _base(path: Path, name: object, lines: Lines) -> Path:
    """The file that ``extends`` names: beside this one, or the scenario of that name that comes with novamodel."""
    bundled = params_dir() / f"{name}.yaml"
    plain = isinstance(name, str) and "/" not in name and not os.path.exists(path.parent / name)
    if plain and os.path.isfile(bundled):
        return bundled
    target = _beside(path, name, "extends", lines)
    if target.suffix.lower() not in (".yaml", ".yml") or not os.path.isfile(target):
        raise UserError("extends takes a scenario, a .yaml file", file=path, line=lines.get(("extends",)))
    return target


def _folder(path: Path, name: object, lines: Lines) -> Path:
    """The folder that ``imported`` names: below the folder of this file, or below the one around it."""
    target = _beside(path, name, "imported", lines)
    here = Path(os.path.realpath(path.parent))
    top = here.parent if here.parent != Path(here.anchor) else here
    if not Path(os.path.realpath(target)).is_relative_to(top) or not os.path.isdir(target):
        message = f"imported names {name}, which is no folder below {top.name or top}: others are not read"
        raise UserError(message, file=path, line=lines.get(("imported",)))
    return target


def _beside(path: Path, name: object, key: str, lines: Lines) -> Path:
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{key} must name a file or folder", file=path, line=lines.get((key,)))
    target = path.parent / name
    if not os.path.exists(target):
        raise UserError(f"{key} names {name}, which does not exist", file=path, line=lines.get((key,)))
    return target


def _origins(values: Any, lines: Lines, path: Path, sources: Any) -> dict[str, Origin]:
    if not isinstance(sources, dict) or not all(isinstance(text, str) for text in sources.values()):
        raise UserError(
            "sources must map a path to a sentence like 'measured: ...'", file=path, line=lines.get(("sources",))
        )
    named = {main_path(where): where for where in sources}
    sources = {place: sources[name] for place, name in named.items()}
    result = {}
    for where, line in lines.items():
        dotted = ".".join(str(word) for word in where)
        if where[0] in ("extends", "imported", "sources", *ROWS):
            continue
        words = dotted.split(".")
        said = next((sources[p] for p in (".".join(words[:n]) for n in range(len(words), 0, -1)) if p in sources), None)
        kind = said.split(":")[0].split()[0] if said else "file"
        result[dotted] = Origin(kind, said or "", path.name, line)
    for place, name in named.items():
        if place not in result and not any(p.startswith(place + ".") for p in result):
            raise UserError(
                f"sources names {name!r}, which this file does not set", file=path, line=lines.get(("sources", name))
            )
    return result

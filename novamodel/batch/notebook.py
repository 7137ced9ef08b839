"""The notebook of rendered cases, and its parameters checked against its parameters cell.

papermill itself only warns of an unknown parameter, does not enforce annotations and drops those like
``int | None``; so the cell is read here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from novamodel.batch.model import Notebooks
from novamodel.batch.places import Places
from novamodel.parameters import fits, kinds_of
from novamodel.resources import notebooks_dir

GIVEN = ("scenario", "overrides", "seed")
"""Parameters that the case itself sets."""


class Notebook(NamedTuple):
    """A notebook that takes a case: its name, text, content hash, and the kinds of each parameter."""

    name: str
    text: str
    content_hash: str
    kinds: dict[str, str]


def checked_notebook(asked: Notebooks | None, places: Places) -> Notebook | None:
    """The notebook that a sweep names; a parameter that it lacks or of another type is a ``UserError``."""
    if asked is None:
        return None
    file = _file(asked.notebook, places)
    text = file.read_text(encoding="utf-8")
    try:
        kinds = parameter_kinds(json.loads(text))
    except (ValueError, KeyError, SyntaxError) as problem:
        raise places.mistake(f"{file} is not a notebook: {problem}", "notebooks", "notebook") from None
    for name in GIVEN:
        if name not in kinds:
            raise places.mistake(f"{file.name} has no parameter {name!r}", "notebooks", "notebook")
    for name, value in asked.parameters.items():
        where = ("notebooks", "parameters", name)
        own = [known for known in kinds if known not in GIVEN]
        if name in GIVEN:
            raise places.mistake(f"{name!r} is set by the case", *where, valid=own)
        if name not in kinds:
            raise places.mistake(f"{file.name} has no parameter {name!r}", *where, valid=own, given=name)
        if not fits(value, kinds[name]):
            what = type(value).__name__
            raise places.mistake(f"{value!r} is a {what}; the notebook wants {kinds[name]}", *where)
    return Notebook(file.stem, text, hashlib.sha256(text.encode()).hexdigest(), kinds)


def _file(name: str, places: Places) -> Path:
    if name.endswith(".ipynb"):
        file = places.file.parent / name if places.file else Path(name)
        if file.is_file():
            return file
        raise places.mistake(f"{name}: no such notebook", "notebooks", "notebook")
    file = notebooks_dir() / f"{name}.ipynb"
    if not file.is_file() or "/" in name:
        known = sorted(found.stem for found in notebooks_dir().glob("*.ipynb"))
        raise places.mistake(
            f"{name}: no bundled notebook of that name", "notebooks", "notebook", valid=known, given=name
        )
    return file


def parameter_kinds(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Name of each parameter to its annotation, or to the type of its default where it has none."""
    cells = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    if not cells:
        raise ValueError("it has no cell tagged parameters")
    return kinds_of("".join(cells[0]["source"]))

"""Compose files that the user names, as ``docker compose -f`` takes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from novamodel.errors import UserError
from novamodel.importers.compose.project import Asked
from novamodel.importers.folder import Found
from novamodel.importers.node import Node


def asked_of(folder: Path, files: Sequence[str], profiles: Sequence[str]) -> Asked:
    """The files by their names from the top of the folder; one that is not in it is a ``UserError``.

    A file may be named from the current folder, as Compose does it, or from the one that is read.
    """
    return Asked(tuple(_inside(folder, name) for name in files), tuple(profiles))


def _inside(folder: Path, name: str) -> str:
    top = os.path.realpath(folder)
    for path in (Path(name), folder / name):
        real = os.path.realpath(path)
        if os.path.isfile(real) and real.startswith(top + os.sep):
            return Path(real).relative_to(top).as_posix()
    raise UserError(f"{name}: no such file in {folder}", valid="a compose file of the folder that is read")


def documents_asked(found: Found, asked: Asked) -> list[Node]:
    """The compose files of a folder, those that the user names among them whatever they are called.

    A named file that is no compose file is a ``UserError``: nothing else is fatal.
    """
    known = found.all("compose")
    for name in asked.files:
        if all(one.file != name for one in known):
            documents = found.documents_of(name)
            if not documents or not documents[0]["services"].entries():
                broken = next((f": {why}" for file, _, why in found.broken if file == name), "")
                raise UserError(f"{name} is no compose file{broken}", valid="a YAML file with services")
            known = [*known, documents[0]]
    return known

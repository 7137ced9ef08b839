"""A hash of the sources that decide what a case gives, so that results of other code are never taken for ours."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from novamodel.resources import data_dir

UNTOUCHED = {"cli", "figures", "questions", "report", "batch"}
"""Rooms that show or organise results and cannot change one."""
DECIDES = {"work.py", "render.py"}
"""Of this room only what a worker does decides results."""


@lru_cache(maxsize=1)
def code_version() -> str:
    """Sixteen hexadecimal digits over the package's sources and its price books."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        room = file.relative_to(package).parts[0]
        if room not in UNTOUCHED or (room == "batch" and file.name in DECIDES):
            digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    for file in sorted((data_dir() / "prices").rglob("*")):
        if file.is_file():
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]

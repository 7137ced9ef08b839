"""Where compiled code is kept between processes.

numba notices a change of the file it compiles, not of a rule in another file that was compiled into it. So the
folder is named by a hash of all our sources, numba's version and Python's: a changed rule never meets old code.
Without a writable folder compiled code lives in memory only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

KEPT = 3
"""Folders of other versions that are left alone; older ones are removed."""


@lru_cache(maxsize=1)
def kernel_folder(numba_version: str) -> Path | None:
    """The folder for this version of our code, made if need be; None where none can be written."""
    name = _version(numba_version)
    for root in _roots():
        folder = root / "novamodel" / "kernels" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            continue
        _prune(folder)
        return folder
    return None


def _version(numba_version: str) -> str:
    digest = hashlib.sha256(f"{numba_version} {sys.version}".encode())
    package = Path(__file__).parent.parent
    for room in ("components", "workload", "simulation", "verify"):
        for file in sorted((package / room).rglob("*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _roots() -> list[Path]:
    roots = []
    if os.environ.get("XDG_CACHE_HOME"):
        roots.append(Path(os.environ["XDG_CACHE_HOME"]))
    with suppress(RuntimeError):  # no home folder
        roots.append(Path.home() / ".cache")
    return roots


def _prune(current: Path) -> None:
    """Remove all but the newest few folders of other versions."""
    others = [folder for folder in current.parent.iterdir() if folder != current]
    try:
        others.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:  # another process prunes too
        return
    for folder in others[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)

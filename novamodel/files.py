"""Write a file or a folder whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novamodel.errors import UserError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is computed by spreadsheets."""


def write_whole(path: Path, text: str) -> None:
    """Write text so that nobody ever sees half of it, making the folder if need be.

    ``UserError`` where that is not possible; an existing file is then as it was.
    """
    _must_be_file(path)
    try:
        with parents_of(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=".novamodel-") as folder:
            part = Path(folder) / path.name
            part.write_text(text, encoding="utf-8")
            os.replace(part, path)
    except OSError as problem:
        raise _not_written(path, problem) from None


def csv_text(frame: Any) -> str:
    """A table as CSV in which no text is taken for a formula: one that begins like one gets an apostrophe."""

    def plain(cell: Any) -> Any:
        return f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA and cell[:1] else cell

    return str(frame.map(plain).rename(columns=plain).to_csv(index=False, lineterminator="\n"))


def must_be_writable(path: Path) -> None:
    """`UserError` now where `write_whole(path, ...)` would fail after long work; leaves nothing behind."""
    _must_be_file(path)
    nearest = next((parent for parent in path.absolute().parents if parent.exists()), Path(path.anchor))
    try:
        tempfile.TemporaryDirectory(dir=nearest, prefix=".novamodel-").cleanup()
    except OSError as problem:
        raise _not_written(path, problem) from None


def _must_be_file(path: Path) -> None:
    """What is there already and no file (a folder, a device) is never replaced."""
    if path.exists() and not path.is_file():
        raise UserError(f"{path} is {'a folder' if path.is_dir() else 'no file'}", valid="a file to write")


@contextmanager
def parents_of(path: Path) -> Iterator[None]:
    """The folders around `path`, made where they are missing, and taken away again where the work inside fails.

    `UserError` where they cannot be made.
    """
    missing = [parent for parent in path.parents if not parent.exists()]
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise _not_written(path, problem) from None
        yield
    except BaseException:
        for parent in missing:
            try:
                parent.rmdir()
            except OSError:  # somebody has put something there, or it was never made
                break
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path` to fill; it becomes `path` when the work inside is done, else nothing is left.

    `UserError` where `path` exists already or cannot be made.
    """
    if path.exists():
        raise UserError(f"{path} exists already and is left as it is", valid="a folder that does not exist yet")
    try:
        with parents_of(path):
            staging = Path(tempfile.mkdtemp(prefix=".novamodel-", dir=path.parent))
            try:
                yield staging
                staging.chmod(0o755)
                os.rename(staging, path)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as problem:
        raise _not_written(path, problem) from None


def _not_written(path: Path, problem: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {problem.strerror}", valid="a place you may write to")

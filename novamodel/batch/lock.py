"""One writer at a time: a lock that the system gives back when its holder ends, however it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from novamodel.batch.machine import host
from novamodel.errors import UserError


@contextmanager
def hold(file: Path, taken: str) -> Iterator[None]:
    """Hold the lock file; ``UserError`` that begins with `taken` and names the holder where somebody else does.

    The lock is the system's (`flock`), not the file: a file that is left behind locks nobody out.
    """
    with _opened(file) as handle:
        if not _locked(handle):
            raise UserError(f"{taken}{_holder(file)}", valid="wait until it ends, or another folder with --out")
        handle.truncate(0)
        with suppress(OSError):  # on a full disk the lock holds all the same, and names nobody
            os.write(handle.fileno(), json.dumps({"process": os.getpid(), "host": host()}).encode())
        yield


def _opened(file: Path) -> IO[str]:
    try:
        return open(file, "a+", encoding="utf-8")
    except OSError as problem:
        raise UserError(f"{file} cannot be written: {problem.strerror}", valid="a folder you may write to") from None


def _locked(handle: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(file: Path) -> str:
    """``(process 123 on host a)``, as the holder wrote it."""
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        return f" (process {holder['process']} on {holder['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""

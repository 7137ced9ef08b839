"""The folder of a sweep: one file a finished case, named by its content hash, whole or not there.

    plan.json               what was planned
    cases/ab/abcd….json     a finished or failed case: its checksum, then one JSON object
    logs/abcd….log          how a failed case went wrong
    notebooks/abcd…/        notebook.ipynb and notebook.html of a rendered case
    corrupt/                files whose checksum did not hold; their cases run again
    lock                    held by the sweep that is writing

A file is written beside its place, flushed to the disk and renamed. Whoever is killed loses what it had not finished.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from novamodel.batch.lock import hold
from novamodel.batch.plan import Plan, plan_from
from novamodel.errors import UserError

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
HEAD = "novamodel-case-1"


class StoreFull(UserError):
    """The disk, the quota or the largest file size is reached; what is finished is kept."""


class Store:
    """Results of a sweep in a folder. Reading needs nothing; writing happens inside `writing()`."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    # --- reading ---

    def plan(self) -> Plan:
        """The plan that this store was last run with; ``UserError`` where the folder holds none."""
        file = self.folder / "plan.json"
        try:
            return plan_from(json.loads(file.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{self.folder} holds no sweep", valid="the --out folder of a sweep") from None
        except (ValueError, KeyError, TypeError) as problem:
            raise UserError(f"{file} cannot be read: {problem}", valid="run the sweep again to write it anew") from None

    def find(self, key: str) -> dict[str, Any] | None:
        """A case's record; None where it is not finished or its file is damaged."""
        try:
            return _checked(self._file(key).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise UserError(f"{self._file(key)} cannot be read: {problem.strerror}") from None

    def damaged(self, key: str) -> bool:
        """Whether there is a file for a case whose checksum does not hold."""
        return self._file(key).exists() and self.find(key) is None

    def keys(self) -> Iterator[str]:
        """Keys of all files, in no order."""
        for shard in sorted((self.folder / "cases").glob("??")):
            for file in os.scandir(shard):
                yield file.name.removesuffix(".json")

    def notebook_folder(self, key: str) -> Path:
        """Where the notebook of a rendered case is kept."""
        return self.folder / "notebooks" / key[:16]

    def log(self, key: str) -> Path:
        """Where the log of a failed case is kept."""
        return self.folder / "logs" / f"{key}.log"

    def _file(self, key: str) -> Path:
        return self.folder / "cases" / key[:2] / f"{key}.json"

    # --- writing ---

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """Be the only one who writes here; ``UserError`` where another sweep does."""
        with self._kept_whole():
            self.folder.mkdir(parents=True, exist_ok=True)
        with hold(self.folder / "lock", f"{self.folder} is in use by another sweep"):
            with self._kept_whole():
                shutil.rmtree(self._parts, ignore_errors=True)  # what a killed sweep was writing
                self._parts.mkdir(exist_ok=True)
            try:
                yield self
            finally:
                shutil.rmtree(self._parts, ignore_errors=True)

    @property
    def _parts(self) -> Path:
        return self.folder / "parts"

    def save_plan(self, plan: Plan) -> None:
        """Note what is planned."""
        self.write(self.folder / "plan.json", json.dumps(plan.to_dict(), indent=1).encode())

    def save(self, key: str, record: dict[str, Any]) -> None:
        """Keep a case's record, and its log apart where it has one."""
        log = record.pop("log", None)
        if log:
            self.write(self.log(key), str(log).encode())
        body = json.dumps(record, separators=(",", ":")).encode()
        head = f"{HEAD} {hashlib.sha256(body).hexdigest()}\n".encode()
        self.write(self._file(key), head + body + b"\n")

    def write(self, place: Path, content: bytes) -> None:
        """Write a file of the store whole, down to the disk; `StoreFull` where there is no room for it."""
        part = self._parts / place.name
        with self._kept_whole():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(part, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(part, place)
            except OSError:
                with suppress(OSError):
                    part.unlink()
                raise
            _flush_folder(place.parent)

    def forget(self, key: str) -> None:
        """Remove a case's record and log."""
        self._file(key).unlink(missing_ok=True)
        self.log(key).unlink(missing_ok=True)

    def set_aside(self, key: str) -> None:
        """Move a damaged file away, so that its case runs again."""
        with self._kept_whole():
            (self.folder / "corrupt").mkdir(exist_ok=True)
            os.replace(self._file(key), self.folder / "corrupt" / f"{key}.json")

    @contextmanager
    def _kept_whole(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            if problem.errno in FULL:
                raise StoreFull(
                    f"{self.folder}: {problem.strerror}; every finished case is kept",
                    valid="make room (or move the folder and name it with --out), then run the same sweep again",
                ) from None
            raise UserError(
                f"{problem.filename or self.folder} cannot be written: {problem.strerror}",
                valid="--out with a folder you may write to",
            ) from None


def _checked(content: bytes) -> dict[str, Any] | None:
    """The record of a file, or None where its checksum does not hold."""
    head, _, body = content.partition(b"\n")
    body = body.removesuffix(b"\n")
    if head != f"{HEAD} {hashlib.sha256(body).hexdigest()}".encode():
        return None
    record: dict[str, Any] = json.loads(body)
    return record


def _flush_folder(folder: Path) -> None:
    """See to it that a renamed file is there after a loss of power (systems that can open a folder)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

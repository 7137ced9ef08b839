"""Programs on loopback: found where Debian puts them, started in a folder of their own, ended afterwards."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novamodel.errors import UserError

ANSWERS_WITHIN_S = 10.0
TRIES = 3
PACKAGES = {"nginx": "nginx-light", "redis-server": "redis-server", "pgbouncer": "pgbouncer"}
"""Debian's packages; any other program is PostgreSQL's."""


def find_program(name: str) -> str:
    """Where a program lies; a `UserError` names the package where it is not there."""
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))), None)
    if found is None:
        package = PACKAGES.get(name, "postgresql")
        raise UserError(f"{name} is not installed", valid=f"on Debian and Ubuntu: apt install {package}")
    return found


def as_postgres() -> dict[str, Any]:
    """How to start what refuses to run as root; a `UserError` where there is nobody else to run it as."""
    if os.getuid() != 0:
        return {}
    import pwd

    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise UserError("there is no user postgres to run as, and root may not", valid="another user") from None
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def give_to_postgres(folder: Path) -> None:
    """Let the user of the servers enter a folder of the temporary ones, and own it."""
    if as_postgres():
        for part in (folder, *folder.parents):
            if part.stat().st_uid == 0 and str(part).startswith("/tmp/"):
                part.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(words_for: Callable[[int], Sequence[Any]], folder: Path, **how: Any) -> Iterator[int]:
    """The port of a program that listens there while the block runs; a `UserError` where it does not start.

    ``words_for`` gives its command line for a port; another port is tried where somebody else took it meanwhile.
    """
    for left in reversed(range(TRIES)):
        port = free_port()
        words = [str(word) for word in words_for(port)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **how)
        try:
            _wait_for(port, process, Path(words[0]).name)
            break
        except UserError:
            _end(process)
            if left == 0:
                raise
    try:
        yield port
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ANSWERS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    end = time.monotonic() + ANSWERS_WITHIN_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise UserError(f"{name} does not start here: exit {process.returncode}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise UserError(f"{name} does not answer within {ANSWERS_WITHIN_S:.0f} s")


def version_of(name: str, *words: str) -> str:
    """The first version number that a program tells of itself."""
    told = subprocess.run([find_program(name), *words], capture_output=True, text=True)
    numbers = (part.strip("v=/") for part in f"{told.stdout} {told.stderr}".replace("/", " ").replace("=", " ").split())
    return next((one for one in numbers if one[:1].isdigit() and "." in one), "")

"""Records decisions of living components on loopback, in the form that `novamodel verify --cases` replays.

Front door: `record`. Each recorder starts the program that is installed, in a folder of its own, drives it, and ends
it. Starting programs, talking to them and timing them is what this room is for; nothing else of the library does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from novamodel.errors import UserError
from novamodel.recording import nginx, pgbouncer, redis
from novamodel.recording.form import Case, write_cases

_RECORDERS: dict[str, tuple[str, str, Callable[[Path], tuple[str, list[Case]]]]] = {
    "nginx": (nginx.FILE, nginx.WHAT, nginx.record),
    "pgbouncer": (pgbouncer.FILE, pgbouncer.WHAT, pgbouncer.record),
    "redis": (redis.FILE, redis.WHAT, redis.record),
}
COMPONENTS = tuple(_RECORDERS)


def record(component: str, out: Path) -> tuple[Path, str, int]:
    """Record a component: (the file of cases in the folder ``out``, the version that is installed, how many cases).

    An unknown component and a program that is not installed or does not start are a ``UserError``.
    """
    if component not in _RECORDERS:
        raise UserError(f"no recorder for {component!r}", valid=COMPONENTS, given=component)
    file, what, recorder = _RECORDERS[component]
    with tempfile.TemporaryDirectory(prefix="novamodel-record-") as folder:
        version, cases = recorder(Path(folder))
    return write_cases(out, file, what, version, cases), version, len(cases)


__all__ = ["COMPONENTS", "record"]

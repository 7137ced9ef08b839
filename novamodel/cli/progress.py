"""Progress on standard error: a bar in a terminal, a line now and then elsewhere, nothing in CI."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from threading import Timer

from novamodel.cli.output import note
from novamodel.units import format_part

Tell = Callable[[float, str], None]
STAGE_S = 1.0
"""A stage is named once it has lasted so long, so that a quick mistake is the only line."""
BETWEEN_S = 10.0


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Gives `tell(share, text)`. Whatever libraries print meanwhile goes to standard error."""
    with redirect_stdout(sys.stderr):
        if os.environ.get("CI"):
            yield _silent
        elif sys.stderr is not None and sys.stderr.isatty():
            with _bar(title) as tell:
                yield tell
        else:
            lines = _Lines()
            lines.tell(0.0, title)
            try:
                yield lines.tell
            finally:
                lines.stop()


def _silent(share: float, text: str) -> None:
    """Progress that nobody watches."""


@contextmanager
def _bar(title: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as shown:
        task = shown.add_task(title, total=1.0)

        def tell(share: float, text: str) -> None:
            shown.update(task, completed=share, description=text)

        yield tell


class _Lines:
    """Plain lines: one when a stage has lasted a while, then one every ten seconds."""

    def __init__(self) -> None:
        self.text, self.last_s = "", time.monotonic()
        self.timer: Timer | None = None

    def tell(self, share: float, text: str) -> None:
        if text != self.text:
            self.text = text
            self.stop()
            self.timer = Timer(STAGE_S, self._show, (share, text))
            self.timer.daemon = True
            self.timer.start()
        elif time.monotonic() - self.last_s >= BETWEEN_S:
            self._show(share, text)

    def _show(self, share: float, text: str) -> None:
        self.last_s = time.monotonic()
        note(f"{text} ({format_part(share)} done)")

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

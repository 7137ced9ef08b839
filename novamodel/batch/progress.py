"""How far a sweep is: one line in a terminal or a notebook, with rate and time left; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from novamodel.batch import machine
from novamodel.units import format_time

BETWEEN_S = {"terminal": 0.2, "notebook": 1.0}


class Progress(NamedTuple):
    """Cases finished in this run and before it, failed, and in all; seconds since this run began."""

    finished: int
    before: int
    failed: int
    total: int
    elapsed_s: float

    @property
    def rate_per_s(self) -> float:
        """Cases a second in this run."""
        return self.finished / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the end at this rate; None before the first case is done."""
        left = self.total - self.before - self.finished
        return left / self.rate_per_s if self.rate_per_s > 0 else None

    @property
    def text(self) -> str:
        """``231 of 1000 cases (40 from before, 3 failed), 3.2 a second, 4 min left``."""
        asides = [f"{self.before} from before"] * bool(self.before) + [f"{self.failed} failed"] * bool(self.failed)
        aside = f" ({', '.join(asides)})" if asides else ""
        left = "" if self.left_s is None else f", {self.rate_per_s:.3g} a second, {format_time(self.left_s)} left"
        return f"{self.finished + self.before} of {self.total} cases{aside}{left}"


Tell = Callable[[Progress], None]


def teller(wanted: bool | Tell) -> Tell:
    """Who is told: a function of the caller's; or by itself the terminal or the notebook; nobody in CI and in pipes."""
    if callable(wanted):
        return wanted
    if not wanted or machine.in_ci():
        return _nobody
    notebook = _notebook_display()
    if notebook is not None:
        return _spaced(notebook, BETWEEN_S["notebook"])
    return _spaced(_line, BETWEEN_S["terminal"]) if machine.at_terminal() else _nobody


def _nobody(progress: Progress) -> None:
    """Progress that nobody watches."""


def _line(progress: Progress) -> None:
    over = progress.finished + progress.before >= progress.total
    sys.stderr.write(f"\r\x1b[K{'' if over else progress.text}")
    sys.stderr.flush()


def _spaced(tell: Tell, between_s: float) -> Tell:
    last = -1e9

    def told(progress: Progress) -> None:
        nonlocal last
        now = machine.clock_s()
        if now - last >= between_s or progress.finished + progress.before >= progress.total:
            last = now
            tell(progress)

    return told


def _notebook_display() -> Tell | None:
    """A line in the notebook's cell, where one runs this."""
    shell: Any = sys.modules.get("IPython")
    running = shell.get_ipython() if shell else None
    if running is None or not hasattr(running, "kernel"):
        return None
    display = sys.modules["IPython.display"].display
    handle: Any = None

    def show(progress: Progress) -> None:
        nonlocal handle
        text = {"text/plain": progress.text}
        if handle is None:
            handle = display(text, raw=True, display_id=True)
        else:
            handle.update(text, raw=True)

    return show

"""pytest plugin of `make notebooks`: leaves explorers out and prints the time of each notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.notebooks import is_explorer

_seconds: dict[str, float] = {}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """An explorer is sliders without outputs: there is nothing to compare."""
    return True if collection_path.suffix == ".ipynb" and is_explorer(collection_path) else None


def pytest_runtest_logreport(report: Any) -> None:
    """Add up the cells of a notebook, its kernel's start included."""
    name = report.nodeid.partition("::")[0]
    _seconds[name] = _seconds.get(name, 0.0) + report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a notebook."""
    for name, seconds in sorted(_seconds.items()):
        terminalreporter.write_line(f"{seconds:6.1f} s  {name}")
    terminalreporter.write_line(f"{sum(_seconds.values()):6.1f} s  all notebooks, one after the other")

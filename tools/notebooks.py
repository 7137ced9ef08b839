"""Executes the notebooks and writes them normalised: `make execute`, one with `NOTEBOOKS=notebooks/04_edge.ipynb`.

Outputs and counts stay, time stamps, versions and widget states go, so that a diff shows what has changed. Explorers
(sliders) are only cleared.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "notebooks"
LEFT_OUT = (
    "metadata.papermill metadata.widgets metadata.language_info.version"
    " cell.metadata.papermill cell.metadata.execution cell.metadata.collapsed"
)


def is_explorer(file: Path) -> bool:
    """Whether a notebook is one of sliders, which is committed without outputs."""
    metadata = json.loads(file.read_text(encoding="utf-8"))["metadata"]
    return bool(metadata.get("novamodel", {}).get("explorer"))


def execute(file: Path) -> None:
    """Run a notebook from top to bottom, in place; a failing cell ends the command."""
    command = ["nbconvert", "--to", "notebook", "--execute", "--inplace", "--ExecutePreprocessor.timeout=600"]
    subprocess.run([sys.executable, "-m", "jupyter", *command, "--log-level=ERROR", str(file)], check=True)


def normalise(file: Path, *, keep_output: bool) -> None:
    """Take out what differs from run to run."""
    kept = ["--keep-output", "--keep-count"] if keep_output else []
    command = [sys.executable, "-m", "nbstripout", *kept, "--extra-keys", LEFT_OUT, str(file)]
    subprocess.run(command, check=True)


def main(names: list[str]) -> None:
    """Execute the named notebooks, or all."""
    for file in [Path(name) for name in names] or sorted(FOLDER.glob("*.ipynb")):
        started = time.perf_counter()
        explorer = is_explorer(file)
        if not explorer:
            execute(file)
        normalise(file, keep_output=not explorer)
        print(
            f"{file.name}: {'cleared' if explorer else 'executed'}, {time.perf_counter() - started:.1f} s", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])

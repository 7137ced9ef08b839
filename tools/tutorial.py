"""Writes what the commands of the documentation print: `make tutorial`, after a change that moves their figures.

A page says a command in a block `{made} said`; it is run in a copy of `docs/tutorial`, the blocks of a page one after
the other, and what it prints is kept in `docs/tutorial/said`, a file a block. A test runs them again and compares.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PLAY = DOCS / "tutorial"
"""What the commands find where they run; what they print is kept in its folder `SAID`."""
SAID = PLAY / "said"
BLOCK = re.compile(r"^```\{made\} said\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRESS = re.compile(r"^.* \(<?\d+ % done\)$")
COLUMNS = "96"


class Command(NamedTuple):
    """A command of a page (`novamodel ...` or `python ...`), and the file that keeps what it prints."""

    words: str
    file: Path


def pages() -> list[Path]:
    """Pages that say commands."""
    return [page for page in sorted(DOCS.glob("*.md")) if BLOCK.search(page.read_text(encoding="utf-8"))]


def commands(page: Path) -> list[Command]:
    """The commands of a page in their order."""
    lines = [block.splitlines()[0] for block in BLOCK.findall(page.read_text(encoding="utf-8"))]
    return [Command(line, SAID / f"{page.stem}-{number}.txt") for number, line in enumerate(lines, 1)]


def said(page: Path) -> dict[Path, str]:
    """What the commands of a page print now, by the file that keeps it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "here"
        shutil.copytree(PLAY, place, ignore=shutil.ignore_patterns(SAID.name))
        return {command.file: run(command.words, place) for command in commands(page)}


def run(words: str, place: Path) -> str:
    """Run a command in a folder: the command, both outputs without progress, and its exit code if it is not 0."""
    program, _, rest = words.partition(" ")
    shell = " ".join([sys.executable, *(["-m", program] if program == "novamodel" else []), rest])
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        ["bash", "-c", shell],
        cwd=place,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": COLUMNS, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines() if not PROGRESS.match(line)]
    ending = [f"(exit code {done.returncode})"] if done.returncode else []
    return "\n".join([f"$ {words}", *lines, *ending]) + "\n"


def main() -> None:
    """Write every file, and take away those that no page has."""
    SAID.mkdir(exist_ok=True)
    kept = set()
    for page in pages():
        for file, text in said(page).items():
            file.write_text(text, encoding="utf-8")
            kept.add(file)
            print(f"{file.relative_to(ROOT)}: {len(text.splitlines())} lines", flush=True)
    for file in set(SAID.glob("*.txt")) - kept:
        file.unlink()


if __name__ == "__main__":
    main()

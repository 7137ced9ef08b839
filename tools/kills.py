"""Kills commands at random instants and looks at what they leave: whole files or none, and nothing that hinders.

`python -m tools.kills --count 100 --seed 1` prints a line a command: how many runs, how many were killed before their
end, how many left a file, and every fault. Exit 1 with a fault. A stopped sweep is resumed at the end and its results
are compared with those of one that was never stopped.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from novamodel.yamlfile import read_mapping

SWEEP = {
    "name": "killed",
    "scenario": "novabank",
    "fixed": {"run.duration": "2 s", "run.warm_up": "1 s"},
    "vary": {"services.core-api.pool.max": [5, 10, 20]},
    "replications": 2,
}
SHORT = ("--set", "run.duration=2 s", "--set", "run.warm_up=1 s")


def started(folder: Path, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """A command of novamodel in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "novamodel", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed(folder: Path, words: tuple[str, ...], after_s: float) -> bool:
    """Run a command and kill all of it after a while; false where it had ended."""
    process = started(folder, words)
    try:
        process.wait(after_s)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def whole_yaml(path: Path) -> None:
    """A scenario that was imported, to its last line."""
    read_mapping(path)


def whole_report(path: Path) -> None:
    """A report's four files, together."""
    names = {file.name for file in path.iterdir()}
    if names and not {"answer.json", "bill.csv", "notebook.ipynb", "report.html"} <= names:
        raise ValueError(f"part of a report: {sorted(names)}")
    if names:
        json.loads((path / "answer.json").read_text(encoding="utf-8"))


COMMANDS: dict[str, tuple[tuple[str, ...], str, Callable[[Path], None]]] = {
    "import": (("import", "files", "-o", "mine.yaml", "--force"), "mine.yaml", whole_yaml),
    "report": (("report", "novabank", "--quick", "--out", "out", *SHORT), "out", whole_report),
}


def trial(folder: Path, name: str, longest_s: float, chance: random.Random) -> tuple[bool, bool, str]:
    """(killed, a file is there, what is wrong with it) of one run."""
    words, left, check = COMMANDS[name]
    was_killed = killed(folder, words, chance.uniform(0.0, longest_s))
    place = folder / left
    if not place.exists():
        return was_killed, False, ""
    try:
        check(place)
    except Exception as problem:
        return was_killed, True, f"{type(problem).__name__}: {problem}"
    return was_killed, True, ""


def resumed_sweep(folder: Path, stops: int, longest_s: float, chance: random.Random) -> str:
    """Stop a sweep some times, let it end, and say what differs from one that was never stopped."""
    (folder / "sweep.yaml").write_text(json.dumps(SWEEP), encoding="utf-8")
    for _ in range(stops):
        killed(
            folder, ("sweep", "run", "sweep.yaml", "--out", "stopped", "--workers", "2"), chance.uniform(0, longest_s)
        )
    tables = []
    for out in ("stopped", "whole"):
        for words in (("sweep", "run", "sweep.yaml", "--out", out), ("sweep", "results", out, "-o", f"{out}.csv")):
            if started(folder, words).wait() != 0:
                return f"{' '.join(words)} failed"
        with (folder / f"{out}.csv").open(encoding="utf-8", newline="") as file:
            tables.append([{**row, "took_s": ""} for row in csv.DictReader(file)])
    return "" if tables[0] == tables[1] else "the results of a stopped sweep differ"


def main() -> int:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="kills of each command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=[*COMMANDS, "sweep"], action="append")
    asked = parser.parse_args()
    chance, faults = random.Random(asked.seed), 0
    for name in asked.command or [*COMMANDS, "sweep"]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            (folder / "files").symlink_to(Path("data/novabank").absolute())
            begin = time.monotonic()
            if name == "sweep":
                killed(folder, ("sweep", "run", "pools", "--dry-run"), 600.0)
                problem = resumed_sweep(folder, asked.count, 2 * (time.monotonic() - begin), chance)
                rows = [(True, True, problem)] * asked.count
            else:
                started(folder, COMMANDS[name][0]).wait()
                longest = 1.1 * (time.monotonic() - begin)
                rows = [trial(folder, name, longest, chance) for _ in range(asked.count)]
            wrong = [problem for *_, problem in rows if problem]
            rest = sorted(str(file.name) for file in folder.glob(".*"))
            print(
                f"{name}: {len(rows)} runs, {sum(one for one, *_ in rows)} killed, "
                f"{sum(there for _, there, _ in rows)} with a file, {len(wrong)} faults {wrong[:3]}; "
                f"hidden files left: {len(rest)}",
                flush=True,
            )
            faults += len(wrong)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

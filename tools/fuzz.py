"""Mutants of scenarios, sweeps and folders: each is read, or refused in one line.

``python -m tools.fuzz --count 10000 --seed 1`` makes them one after the other and prints what fails: an exception that
is no ``UserError``, a message of several lines, more than 5 s, more than 500 MiB. Exit 1 where anything fails.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LONGEST_S = 5
"""Seconds of CPU, which do not depend on what else the machine does; one that waits is stopped later."""
MOST_BYTES = 500 * 2**20
HOSTILE = [
    "0", "-1", "1e309", "nan", "99999999999999999999999999", "0x7fffffffffffffff", "null", "~", "true", "[]", "{}",
    "'" + "a" * 30_000 + "'", "'" + "0" * 30_000 + "'", "'1" + " " * 30_000 + "x'", "!!python/object:os.system x",
    "!Ref x", "*missing", "&a [*a]", "2001-01-01", "'=cmd|calc'", "'@SUM(1)'", '"\\e[31mred\\a"', "''",
    "'<script>alert(1)</script>'", "'{{ x }}'", "'${x}'", "'${${x}}'", "|\n  text", "../../../../etc/passwd",
    "/etc/shadow", "'\\'", "\u202e", "1.5", "'50%'", "12 parsecs", "'1 ms idle 2 ms lognormal 9'", "10r/s",
    "'0.0.0.0/0'", "? [a]", "<<: 5", "{a: {b: {c: {d: 1}}}}", "- a",
]  # fmt: skip
BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
HCL = [
    "local.x", "var.nothing", '"${local.x}${local.x}"', "[for a in range(1000) : a]", "max()", 'file("/etc/passwd")',
    "1 / 0", "jsonencode({})", '"${', "<<EOT\nx\n", "setproduct([1],[2])", "{ a = 1", "each.value", "null",
]  # fmt: skip
SIGNS = "\x00\x07\x1b{}[]()\"'\\#:&*!|>%@`\t\u00e9\U0001f600"
BLOCKS = [BOMB, "[" * 5000, "{" * 300, "\t", "---", "...", "%YAML 9.9", "a:\n" * 50]
KINDS = ("scenario", "sweep", "folder")


class Failure(NamedTuple):
    """A mutant that was neither read nor refused in one line."""

    number: int
    kind: str
    what: str


class TooLong(Exception):
    """More than five seconds."""


def files_of(kind: str) -> list[Path]:
    """The originals: scenario files, sweep files, or folders."""
    if kind == "scenario":
        return sorted((ROOT / "params").glob("*.yaml"))
    if kind == "sweep":
        return sorted((ROOT / "params" / "sweeps").glob("*.yaml"))
    folders = sorted(path for path in (ROOT / "tests" / "folders").iterdir() if path.is_dir())
    return [*folders, ROOT / "data" / "novabank"]


def mutate(text: str, name: str, chance: random.Random) -> str:
    """The text with one to four mutations."""
    for _ in range(chance.randint(1, 4)):
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        match chance.randrange(10):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines = lines[:at]
            case 3 | 4 | 5:
                lines[at] = _other_value(lines[at], name, chance)
            case 6:
                lines[at] = " " * chance.randint(1, 8) + lines[at] if chance.random() < 0.5 else lines[at].lstrip()
            case 7:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(SIGNS) + lines[at][place:]
            case 8:
                lines[at : at + 1] = [lines[at]] * chance.choice([2, 50, 400])
            case 9:
                lines.insert(at, chance.choice(BLOCKS))
        text = "\n".join(lines)
    return text


def _other_value(line: str, name: str, chance: random.Random) -> str:
    sign = "=" if name.endswith((".tf", ".conf", ".ini", ".env", ".tfvars")) and "=" in line else ":"
    head, found, _ = line.partition(sign)
    values = HCL if name.endswith(".tf") else HOSTILE
    return f"{head}{sign} {chance.choice(values)}" if found else chance.choice(values)


def mutant_folder(original: Path, target: Path, chance: random.Random) -> None:
    """A copy of a folder with some files mutated, and things in it that no configuration folder has."""
    shutil.copytree(original, target)
    files = sorted(path for path in target.rglob("*") if path.is_file())
    for path in chance.sample(files, min(len(files), chance.randint(1, 3))):
        text = path.read_text(encoding="utf-8", errors="replace")
        match chance.randrange(12):
            case 0:
                path.write_bytes(bytes(chance.randrange(256) for _ in range(400)))
            case 1:
                path.rename(path.with_suffix(chance.choice([".yaml", ".tf", ".json", ".conf", ".env", ".ts", ".ini"])))
            case _:
                path.write_text(mutate(text, path.name, chance), encoding="utf-8", errors="surrogatepass")
    match chance.randrange(8):
        case 0:
            os.mkfifo(target / "pipe.yaml")
        case 1:
            (target / "round").symlink_to(target, target_is_directory=True)
        case 2:
            (target / "outside.yaml").symlink_to("/etc/passwd")
        case 3:
            (target / "=cmd|' x'!A1.yaml").write_text("apiVersion: v1\nkind: Service\n", encoding="utf-8")
        case 4:
            (target / "self.tf").symlink_to(target / "self.tf")


def run_one(kind: str, number: int, seed: int) -> Failure | None:
    """Make one mutant and read it; what is wrong with the answer, or None."""
    chance = random.Random(f"{seed}-{kind}-{number}")
    original = chance.choice(files_of(kind))
    with tempfile.TemporaryDirectory() as made:
        if kind == "folder":
            target = Path(made) / "folder"
            mutant_folder(original, target, chance)
            return _judged(number, kind, lambda: _read_folder(target))
        target = Path(made) / original.name
        text = original.read_text(encoding="utf-8")
        target.write_text(mutate(text, original.name, chance), encoding="utf-8", errors="surrogatepass")
        return _judged(number, kind, (lambda: _read_sweep(target)) if kind == "sweep" else (lambda: _read(target)))


def _read(path: Path) -> None:
    from novamodel.loading import importer
    from novamodel.scenario import load_scenario

    scenario = load_scenario(path, importer)
    _ = (scenario.resolved(), scenario.findings, scenario.content_hash())


def _read_sweep(path: Path) -> None:
    from novamodel.batch import planned

    planned(path)


def _read_folder(folder: Path) -> None:
    from novamodel.importers import to_yaml, with_assumptions
    from novamodel.loading import import_folder
    from novamodel.scenario import build

    tree = with_assumptions(import_folder(folder), "mutant")
    to_yaml(tree)
    _ = build(tree).findings


def _judged(number: int, kind: str, read: Callable[[], None]) -> Failure | None:
    from novamodel.errors import UserError

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong

    def hang(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong("it waits")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    signal.signal(signal.SIGPROF, stop)
    signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    signal.setitimer(signal.ITIMER_REAL, 20 * LONGEST_S)
    try:
        read()
    except UserError as problem:
        if "\n" in str(problem) or len(str(problem)) > 4000:
            return Failure(number, kind, f"no one line: {str(problem)[:300]!r}")
    except TooLong:
        return Failure(number, kind, f"more than {LONGEST_S} s: {traceback.format_exc(limit=-6)}")
    except BaseException as problem:
        return Failure(
            number, kind, f"{type(problem).__name__}: {problem}"[:300] + "\n" + traceback.format_exc(limit=-4)
        )
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    if grown > MOST_BYTES:
        return Failure(number, kind, f"{grown / 2**20:.0f} MiB")
    return None


def failures(
    count: int, seed: int, kinds: tuple[str, ...] = ("scenario", "sweep", "folder"), first: int = 0
) -> Iterator[Failure]:
    """Failures among ``count`` mutants, taken in turn from the kinds."""
    _read_sweep(files_of("sweep")[0])  # what is loaded once is not a mutant's time
    for number in range(first, first + count):
        found = run_one(kinds[number % len(kinds)], number, seed)
        if found is not None:
            yield found


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kinds", default="scenario,sweep,folder")
    options = parser.parse_args()
    found = 0
    for failure in failures(options.count, options.seed, tuple(options.kinds.split(",")), options.first):
        found += 1
        print(f"mutant {failure.number} ({failure.kind}, seed {options.seed}): {failure.what}\n", flush=True)
    print(f"{options.count} mutants, {found} failures")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

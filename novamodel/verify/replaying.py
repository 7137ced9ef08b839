"""Replays files of recorded cases: those that travel with the product, or a user's own of the same form."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from novamodel.errors import UserError
from novamodel.resources import data_dir
from novamodel.verify.judging import AGREED, DIFFERED, NOT_MODELLED, Verdict, is_graded
from novamodel.verify.measured_run import Load
from novamodel.verify.registry import RECORDS, STACK, Case, Record, components, record_of

ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


class Replayed(NamedTuple):
    """One file: its name, what it is replayed with, and what became of each graded case."""

    name: str
    record: Record
    verdicts: list[Verdict]

    def count(self, outcome: str) -> int:
        """Cases with that outcome."""
        return sum(verdict.outcome == outcome for verdict in self.verdicts)


def recorded_files(component: str | None = None, cases: Path | None = None) -> list[Path]:
    """The files to replay, those of one component (or file) only where one is named.

    ``cases`` is a file or a folder; left out, the recorded cases that travel with the product.
    """
    place = cases or data_dir() / "conformance"
    if not place.exists():
        raise UserError(f"{place} is not there", valid="a file of recorded cases, or a folder of such files")
    files = [place] if place.is_file() else sorted(f for f in place.iterdir() if f.name.endswith(ENDINGS))
    if component is None:
        return files
    known = {*components(), *RECORDS, STACK}
    if component not in known:
        raise UserError(f"{component!r} is no component with recorded cases", valid=", ".join(components()))
    chosen = [file for file in files if component in (stem_of(file), _component(stem_of(file)))]
    if not chosen:
        raise UserError(f"{place} holds no recorded cases of {component}", valid="another component or folder")
    return chosen


def _component(stem: str) -> str:
    return "stack" if stem == STACK else RECORDS[stem].component if stem in RECORDS else ""


def stem_of(file: Path) -> str:
    """What a file records: its name without ending where that is known, else the word before its cases' first slash."""
    stem = file.name.partition(".")[0]
    if stem in RECORDS or stem == STACK:
        return stem
    first = next(iter(read_cases(file)), {})
    word = str(first.get("id", "")).partition("/")[0]
    return word if word in RECORDS else stem


def read_cases(file: Path) -> list[Case]:
    """The cases of a file; a file that is none is a ``UserError``."""
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8")
        if ".jsonl" in file.suffixes:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        found = json.loads(text)
        cases = found.get("cases", found.get("examples")) if isinstance(found, dict) else None
    except (OSError, ValueError) as error:
        raise UserError(f"not a file of recorded cases: {error}", file=file) from error
    if not isinstance(cases, list):
        raise UserError("not a file of recorded cases", file=file, valid="an object with a list of cases")
    return cases


def replay(files: list[Path], load: Load, tell: Callable[[float], None] | None = None) -> Iterator[Replayed]:
    """Every graded case of each file, one file at a time. ``tell`` hears of the share that is done."""
    for number, file in enumerate(files):
        cases = [case for case in read_cases(file) if is_graded(case)]
        record = record_of(stem_of(file), file.parent, load) or Record("", "unknown", "", _unknown)
        verdicts = []
        for done, case in enumerate(cases):
            verdicts.append(_judged(record, case))
            if tell is not None:
                tell((number + (done + 1) / len(cases)) / len(files))
        yield Replayed(file.name.removesuffix(".gz"), record, verdicts)


def _unknown(case: Case) -> Verdict:
    return Verdict(_name(case), NOT_MODELLED, reason="no rules for a file of this name")


def _name(case: Case) -> str:
    return str(case.get("id") or case.get("name") or "a case without id")


def _judged(record: Record, case: Case) -> Verdict:
    """A case whose form is broken is told by name, and is no agreement."""
    try:
        return record.judge(case)
    except UserError as error:
        return Verdict(_name(case), NOT_MODELLED, reason=error.message)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Verdict(_name(case), DIFFERED, case.get("expected"), f"no answer: {type(error).__name__}: {error}")


def as_mapping(replayed: list[Replayed]) -> dict[str, Any]:
    """The outcome by file, with every difference and every reason for a case without a rule."""
    return {
        "files": {
            one.name: {
                "cases": len(one.verdicts),
                "agreed": one.count(AGREED),
                "differed": one.count(DIFFERED),
                "not_modelled": one.count(NOT_MODELLED),
                "differences": [
                    {"id": verdict.id, "expected": verdict.expected, "got": verdict.got}
                    for verdict in one.verdicts
                    if verdict.outcome == DIFFERED
                ],
                "without_rule": [
                    {"id": verdict.id, "reason": verdict.reason}
                    for verdict in one.verdicts
                    if verdict.outcome == NOT_MODELLED
                ],
            }
            for one in replayed
        }
    }


def differs(replayed: list[Replayed]) -> bool:
    """Whether any case differed."""
    return any(one.count(DIFFERED) for one in replayed)


__all__ = ["Replayed", "as_mapping", "differs", "read_cases", "recorded_files", "replay"]

"""Empirical demands from files: ``{file: samples.txt}`` becomes the samples that the file holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from novamodel import units
from novamodel.errors import UserError
from novamodel.scenario.fields import Part
from novamodel.scenario.laws import DEMANDS
from novamodel.scenario.schema_walk import part_at
from novamodel.yamlfile import Lines, read_text

MOST = 100_000
"""Samples of one demand; more say no more about its law."""


def with_samples(values: Any, lines: Lines, path: Path, root: type[Part]) -> None:
    """Put the samples in place of each demand's ``file`` (beside ``path``), with the line that names the file."""
    for where, demand in list(_with_file(values, (), root)):
        line = lines.get((*where, "file"))
        dotted = ".".join(map(str, where))
        name = demand.pop("file")
        if "samples" in demand:
            raise UserError("file and samples say the same thing twice", file=path.name, line=line, path=dotted)
        if not isinstance(name, str) or not _is_beside(path, name):
            raise UserError(f"there is no file {name} beside {path.name}", file=path.name, line=line, path=dotted)
        samples = read_samples(path.parent / name, name)
        if not samples:
            raise UserError(f"{name} holds no numbers", file=path.name, line=line, path=dotted,
                            valid="one sample a line, such as '3.1 ms' or 0.0031 (seconds)")  # fmt: skip
        demand["samples"] = samples
        lines[(*where, "samples")] = lines.pop((*where, "file"))


def _is_beside(path: Path, name: str) -> bool:
    """Whether a name is a file in the folder of ``path`` or below it."""
    target = os.path.realpath(path.parent / name)
    return os.path.isfile(target) and Path(target).is_relative_to(os.path.realpath(path.parent))


def read_samples(file: Path, name: str) -> list[str]:
    """Samples as text with their unit: one a line, plain numbers are seconds, ``#`` begins a comment."""
    samples = []
    for number, text in enumerate(read_text(file).splitlines(), 1):
        text = text.partition("#")[0].strip()
        if not text:
            continue
        try:
            seconds = _seconds(text)
            if seconds < 0:
                raise ValueError(f"{text!r} is below 0")
        except ValueError as problem:
            raise UserError(
                str(problem), file=name, line=number, valid="one sample a line: '3.1 ms', or seconds"
            ) from None
        samples.append(f"{seconds!r} s")
    if len(samples) > MOST:
        raise UserError(f"{len(samples)} samples", file=name, valid=f"at most {MOST}")
    return samples


def _seconds(text: str) -> float:
    try:
        plain = float(text)
    except ValueError:
        return units.parse_time(text)
    return units.parse_time(f"{plain!r} s")


def _with_file(value: Any, where: tuple[str | int, ...], root: type[Part]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Demands that name a file, with their path."""
    if isinstance(value, dict) and "file" in value and part_at(root, ".".join(map(str, where))) in DEMANDS:
        yield where, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for word, one in inner:
        yield from _with_file(one, (*where, word), root)

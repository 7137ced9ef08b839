"""Rows of a recorded file, whatever its format: one reader a format, all with the same roles.

A reader gives numbered items (lines, or rows of a batch) and a function that makes a row of an item, or raises
``ValueError`` with the reason. Files are read in pieces, so memory does not grow with them.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from novamodel.errors import UserError
from novamodel.workload.replay.nginx import line_pattern, variables
from novamodel.workload.replay.options import NEEDED, ROLES, UNITS, ReplayOptions

Row = Sequence[Any]
"""Values by role, in the order of ROLES; None where there is no such column."""
BATCH_ROWS = 65536


class Rows(NamedTuple):
    """Numbered items of a file, and what makes a row of one."""

    items: Iterable[tuple[int, Any]]
    parse: Callable[[Any], Row]
    columns: dict[str, str]  # by role


def choose(found: Sequence[str], options: ReplayOptions, path: Path) -> dict[str, str]:
    """Column of each role: as said, or the first known name that is there."""
    chosen = {}
    for role, names in ROLES.items():
        said = options.columns.get(role)
        if said is not None:
            if said not in found:
                raise UserError(f"replay: no column {said!r} for the {role}", file=path, valid=found, given=said)
            chosen[role] = said
            continue
        name = next((name for name in names if name in found), None)
        if name is not None:
            chosen[role] = name
        elif role in NEEDED:
            message = f"replay: no {role} column; say columns: {{{role}: NAME}}"
            raise UserError(message, file=path, valid=found or "a file with columns")
    return chosen


def nginx_rows(text: IO[str], options: ReplayOptions, path: Path) -> Rows:
    """Lines of an access log in a log_format."""
    columns = choose(variables(options.log_format), options, path)
    pattern = line_pattern(options.log_format, set(columns.values()))
    places = [pattern.groupindex[columns[role]] if role in columns else None for role in ROLES]
    match = pattern.fullmatch

    def parse(line: str) -> Row:
        found = match(line)
        if found is None:
            raise ValueError("the line does not follow the log_format")
        return [None if place is None else found[place] for place in places]

    return Rows(_lines(text), parse, columns)


def json_rows(text: IO[str], options: ReplayOptions, path: Path) -> Rows:
    """One JSON object a line; the first says which keys there are."""
    lines = _lines(text)
    first = next(lines, None)
    if first is None:
        return Rows([], list, {})
    try:
        keys = list(_object(first[1]))
    except ValueError as error:
        raise UserError(f"replay: {error}", file=path, line=first[0]) from error
    columns = choose(keys, options, path)
    names = [columns.get(role) for role in ROLES]

    def parse(line: str) -> Row:
        record = _object(line)
        try:
            return [None if name is None else record[name] for name in names]
        except KeyError as error:
            raise ValueError(f"no key {error}") from None

    return Rows(chain([first], lines), parse, columns)


def csv_rows(text: IO[str], options: ReplayOptions, path: Path) -> Rows:
    """A table with a line of names; commas, semicolons or tabs between the columns."""
    head = text.readline()
    if not head.strip():
        return Rows([], list, {})
    separator = max(",;\t", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=separator))]
    columns = choose(names, options, path)
    places = [names.index(columns[role]) if role in columns else None for role in ROLES]
    reader = csv.reader(text, delimiter=separator)

    def items() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num + 1, cells
        except csv.Error as error:
            raise UserError(f"replay: {error}", file=path, line=reader.line_num + 1) from error

    def parse(cells: list[str]) -> Row:
        if len(cells) != len(names):
            raise ValueError(f"{len(cells)} cells in place of {len(names)}")
        return [None if place is None else cells[place] for place in places]

    return Rows(items(), parse, columns)


def parquet_rows(path: Path, options: ReplayOptions) -> Rows:
    """A Parquet file, a batch at a time; rows are counted from 1."""
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError("replay: the file is no Parquet file, or is cut off", file=path) from error
    names = file.schema_arrow.names
    columns = choose(names, options, path) if file.metadata.num_rows else {}
    wanted = [columns.get(role) for role in ROLES]
    unit = UNITS[options.time_unit]

    def values(batch: Any, name: str | None) -> list[Any]:
        if name is None:
            return [None] * batch.num_rows
        column = batch.column(names_of.index(name))
        if pa.types.is_timestamp(column.type):
            if column.type.tz is None:
                column = compute.assume_timezone(column, options.zone, ambiguous="earliest", nonexistent="earliest")
            ticks = UNITS[column.type.unit]
            return [None if t is None else t / ticks * unit for t in compute.cast(column, pa.int64()).to_pylist()]
        return list(column.to_pylist())

    names_of = sorted({name for name in wanted if name is not None}, key=names.index)

    def items() -> Iterator[tuple[int, Row]]:
        number = 0
        for batch in file.iter_batches(BATCH_ROWS, columns=names_of):
            for row in zip(*(values(batch, name) for name in wanted), strict=True):
                number += 1
                yield number, row

    return Rows(items() if columns else [], lambda row: row, columns)


def _lines(text: IO[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; empty ones are left out."""
    for number, line in enumerate(text, start=1):
        bare = line.rstrip("\r\n")
        if bare and not bare.isspace():
            yield number, bare


def _object(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValueError(f"the line is no JSON ({re.sub(r': line 1', ' at', str(error))})") from None
    if not isinstance(record, dict):
        raise ValueError("the line is no JSON object")
    return record

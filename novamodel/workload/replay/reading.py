"""From files to a recording."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from novamodel.errors import UserError
from novamodel.workload.replay.files import checked, format_of, open_text
from novamodel.workload.replay.options import UNITS, ReplayOptions, zone_of
from novamodel.workload.replay.recording import NOT_RECORDED, Recording, renumbered
from novamodel.workload.replay.routing import LEFT_OUT, UNMATCHED, Router
from novamodel.workload.replay.rows import Rows, csv_rows, json_rows, nginx_rows, parquet_rows
from novamodel.workload.replay.stretching import spread, stretch
from novamodel.workload.replay.times import clock_reader

_HITS = {"1": 1, "hit": 1, "true": 1, "0": 0, "miss": 0, "false": 0, "": NOT_RECORDED, "-": NOT_RECORDED}


@dataclass
class _Columns:
    """What one file gave: a few bytes a request."""

    path: Path
    time: Any = field(default_factory=lambda: array("d"))
    route: Any = field(default_factory=lambda: array("i"))
    client: Any = field(default_factory=lambda: array("i"))
    hit: Any = field(default_factory=lambda: array("b"))
    demand: Any = field(default_factory=lambda: array("d"))
    first: float = math.inf  # recorded times, those of requests left out too
    last: float = -math.inf
    requests: int = 0
    broken: int = 0


def read_recording(paths: Iterable[str | Path], options: ReplayOptions) -> Recording:
    """Read recorded files (nginx access logs, JSON lines, CSV, Parquet; gzip too) as one recording.

    Several files are put in the order of their times. Raises ``UserError`` for a broken line (with its number and
    why), times that go back, files that overlap, a missing file or column, a request without a route, and no request.
    """
    clock = clock_reader(zone_of(options.zone), UNITS[options.time_unit])
    router = Router(options.names, options.routes, options.other)
    clients: dict[Any, int] = {}
    files = [_read_file(path, options, clock, router, clients) for path in checked([Path(path) for path in paths])]
    router.check(sum(file.requests for file in files))
    files.sort(key=lambda file: file.first)
    for one, following in pairwise(files):
        if following.first < one.last - options.going_back_s:
            message = f"replay: the file begins {one.last - following.first:.6g} s before {one.path.name} ends"
            raise UserError(message, file=following.path, valid="files that do not overlap, each named once")
    return _recording(files, options)


def _read_file(path: Path, options: ReplayOptions, clock: Any, router: Router, clients: dict[Any, int]) -> _Columns:
    kind = format_of(path) if options.format == "auto" else options.format
    with ExitStack() as stack:
        if kind == "parquet":
            rows = parquet_rows(path, options)
        else:
            reader = {"nginx": nginx_rows, "json": json_rows, "csv": csv_rows}[kind]
            rows = reader(stack.enter_context(open_text(path)), options, path)
        found = _take(rows, _Columns(path), options, clock, router, clients)
    if found.requests == 0:
        lines = f"none of its {found.broken} lines can be read" if found.broken else "the file is empty"
        raise UserError(f"replay: {lines}", file=path)
    return found


def _take(
    rows: Rows, into: _Columns, options: ReplayOptions, clock: Any, router: Router, clients: dict[Any, int]
) -> _Columns:
    """Take every row of a file; the loop that a million lines go through."""
    parse, route_of, named = rows.parse, router.route_of, options.routes is None
    back, last = options.going_back_s, -math.inf
    for number, item in rows.items:
        try:
            when, asked, method, client, hit, demand, duration = parse(item)
            at = clock(when)
            hits = NOT_RECORDED if hit is None else _hit(hit)
            seconds = math.nan if demand is None else _seconds("demand", demand)
            took = 0.0 if duration is None else _seconds("duration", duration)
            if not isinstance(asked, str) or not asked:
                raise ValueError(f"{asked!r} is no route")
        except ValueError as error:
            if not options.skip_broken:
                raise UserError(f"replay: broken line: {error}", file=into.path, line=number) from error
            into.broken += 1
            continue
        if at < last - back:
            message = f"replay: the time goes back by {last - at:.6g} s"
            valid = f"times in order, to {back:g} s (going_back_s)"
            raise UserError(message, file=into.path, line=number, valid=valid)
        last = at if at > last else last
        into.first = at if at < into.first else into.first
        into.requests += 1
        if method and not named and " " not in asked:
            asked = f"{method} {asked}"
        route = route_of(asked)
        if route == LEFT_OUT:
            continue
        if route == UNMATCHED:
            router.miss(asked)
            continue
        into.time.append(at if took != took else at - took)
        into.route.append(route)
        into.client.append(clients.setdefault(client, len(clients)))
        into.hit.append(hits)
        into.demand.append(seconds)
    into.last = last
    return into


def _hit(value: Any) -> int:
    if isinstance(value, (bool, int, float)):
        value = str(int(value)) if value in (0, 1) else str(value)
    found = _HITS.get(str(value).strip().lower())
    if found is None:
        raise ValueError(f"{value!r} is neither hit nor miss (1 or 0)")
    return found


def _seconds(what: str, value: Any) -> float:
    """Seconds, or nan where nothing is recorded."""
    if isinstance(value, str) and value.strip() in ("", "-"):
        return math.nan
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is no {what} in seconds") from None
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"{value!r} is no {what} in seconds")
    return seconds


def _recording(files: list[_Columns], options: ReplayOptions) -> Recording:
    """One recording of all files, spread, begun and stretched as the options say."""

    def column(name: str, kind: Any) -> Any:
        return np.concatenate([np.array(getattr(file, name), dtype=kind) for file in files])

    time, left_out = column("time", np.float64), sum(file.requests - len(file.time) for file in files)
    if len(time) == 0:
        raise UserError(f"replay: all {left_out} requests are left out", valid="patterns that keep some")
    order = np.argsort(time, kind="stable")
    time = time[order]
    begin = float(time[0]) + options.start_s
    if options.spread and np.all(time == np.floor(time)):
        begin, time = math.floor(begin), spread(time, 1.0)
    kept = time >= begin
    if not kept.any():
        message = f"replay: start_s {options.start_s:g} lies after the last request"
        raise UserError(message, valid=f"below {time[-1] - time[0]:.6g}")
    order = order[kept]
    client, clients = renumbered(column("client", np.int32)[order])
    hit, demand = column("hit", np.int8)[order], column("demand", np.float64)[order]
    recording = Recording(
        time_s=time[kept] - begin,
        route=column("route", np.int32)[order],
        client=client,
        hit=None if np.all(hit == NOT_RECORDED) else hit,
        demand_s=None if np.all(np.isnan(demand)) else demand,
        names=tuple(options.names),
        clients=clients,
        begin_epoch_s=begin,
        begin_clock_s=_clock_time(begin, options.zone),
        left_out=left_out,
        broken=sum(file.broken for file in files),
    )
    return stretch(recording, options.time_factor, options.load_factor, options.load_by)


def _clock_time(epoch_s: float, zone: str) -> float:
    moment = datetime.fromtimestamp(epoch_s, zone_of(zone))
    return moment.hour * 3600.0 + moment.minute * 60.0 + moment.second + epoch_s % 1.0

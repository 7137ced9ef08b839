"""From what files say about workers, threads and heaps to a service's runtime: gunicorn, Puma, PHP-FPM, a JVM, Go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from novamodel.importers.pools.said import Row

_ASYNC = re.compile(r"uvicorn|gevent|eventlet|tornado|asyncio|aiohttp")
LOOPS = "read, not modelled: an event loop in each process; runtime.kind: node with workers comes nearest"
UNKNOWN = "not resolved: known only when it runs"
_JAVA = re.compile(r"(JAVA_OPTS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|JVM_OPTS|CATALINA_OPTS)|heap")
_HEAP = re.compile(r"-Xmx(\d+)([kKmMgG]?)(?!\w)")
_UNITS = {"": "B", "k": "KiB", "m": "MiB", "g": "GiB"}


class Program(NamedTuple):
    """A server program: the names that say so, and those of its processes, their threads and those of all."""

    known_by: re.Pattern[str]
    kind: str
    workers: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    further: tuple[tuple[str, str, str], ...] = ()  # what else is so there: path, value, why


PROGRAMS = (
    Program(
        re.compile(r"gunicorn .*|GUNICORN_.*"),
        "processes",
        ("gunicorn workers", "GUNICORN_WORKERS", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY"),
        ("gunicorn threads", "GUNICORN_THREADS", "GUNICORN_CMD_ARGS"),
    ),
    Program(re.compile(r"uwsgi .*"), "processes", ("uwsgi processes", "uwsgi workers"), ("uwsgi threads",)),
    Program(
        re.compile(r"[pP]uma .*|PUMA_.*|RAILS_M(AX|IN)_THREADS"),
        "processes",
        ("puma workers", "Puma workers", "PUMA_WORKERS", "WEB_CONCURRENCY"),
        ("puma threads", "Puma threads", "PUMA_MAX_THREADS", "PUMA_THREADS", "RAILS_MAX_THREADS"),
        (("lock_turn", "100 ms", "documented: CRuby switches threads every 100 ms"),),
    ),
    Program(
        re.compile(r"PHP-FPM pm\.max_children|(PHP_FPM_)?PM_MAX_CHILDREN"),
        "processes",
        ("PHP-FPM pm.max_children", "PHP_FPM_PM_MAX_CHILDREN", "PM_MAX_CHILDREN"),
    ),
    Program(
        re.compile(rf"{_JAVA.pattern}|server\.tomcat\..*|SERVER_TOMCAT_.*"),
        "threads",
        threads=("server.tomcat.threads.max", "server.tomcat.max-threads", "SERVER_TOMCAT_THREADS_MAX",
                 "SERVER_TOMCAT_MAX_THREADS", "SERVER_TOMCAT_MAXTHREADS", "SERVER_TOMCAT_THREADSMAX"),
    ),
    Program(re.compile(r"GOMAXPROCS"), "threads"),
)  # fmt: skip


def with_runtime(rows: list[Row]) -> list[Row]:
    """The rows of a service, those that say what runs there with their place in its runtime."""
    if any((row.path or "").startswith("runtime.") for row in rows):  # libuv's threads, V8's heap: it is Node
        return rows
    program = next((one for one in PROGRAMS if any(one.known_by.fullmatch(row.what) for row in rows)), None)
    if program is None:
        return rows
    if any("class" in row.what.lower() and _ASYNC.search(str(row.value)) for row in rows):
        own = {*program.workers, *program.threads}
        return [row._replace(sentence=LOOPS) if row.what in own else row for row in rows]
    said = list(_said(program, rows))
    if not said:
        return rows
    used = {(row.what, row.file, row.line) for row in said}
    kind = said[0]._replace(value=program.kind, path="runtime.kind", sentence=f"{said[0].what} says what runs")
    return [*(row for row in rows if (row.what, row.file, row.line) not in used), kind, *said]


def _said(program: Program, rows: list[Row]) -> Iterator[Row]:
    """What of a runtime is known, the place that counts most first."""
    for path, names, flag in (
        ("workers", program.workers, r"(?:-w\s*|--workers[= ])(\d+)"),
        ("threads", program.threads, r"--threads[= ](\d+)"),
    ):
        row = _first(rows, names, flag)
        if row is not None:
            yield row._replace(path=f"runtime.{path}", sentence=row.sentence or f"{row.what} of {row.value}",
                               value=_most(row, flag))  # fmt: skip
    for row in rows:
        heap = _HEAP.search(str(row.value)) if _JAVA.fullmatch(row.what) and program.kind == "threads" else None
        if heap is not None:
            yield row._replace(path="runtime.max_heap", value=f"{heap[1]} {_UNITS[heap[2].lower()]}", sentence="-Xmx")
            break
    processors = _first(rows, ("GOMAXPROCS",), "")
    if processors is not None and program.kind == "threads":
        yield processors._replace(path="runtime.processors", value=_most(processors, ""), sentence="GOMAXPROCS")
    place = next(row for row in rows if program.known_by.fullmatch(row.what))
    for path, value, why in program.further:
        yield place._replace(path=f"runtime.{path}", value=value, sentence=why)


def _first(rows: list[Row], names: Iterable[str], flag: str) -> Row | None:
    """The row of the first of these names with a number that the model takes."""
    known = {row.what: row for row in reversed(rows) if row.path is None}
    return next((known[name] for name in names if name in known and 1 <= _most(known[name], flag) <= 1024), None)


def _most(row: Row, flag: str) -> int:
    """The last of its numbers (``2:5`` and ``2 to 5`` are bounds), or that behind a flag; 0 where there is none."""
    text = str(row.value).strip()
    if row.what == "GUNICORN_CMD_ARGS":
        found = re.search(flag, text)
        return int(found[1]) if found else 0
    match = re.fullmatch(r"(?:\d{1,6}(?:,|:| to |\s)+)?(\d{1,6})", text)
    return int(match[1]) if match else 0

"""What code, settings and variables say about pools and runtimes, whatever the language: one row a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from novamodel.importers.graph.boxes import Text
from novamodel.importers.quantity import milliseconds, whole


class Row(NamedTuple):
    """One value with its place. ``path`` below the service (``pool.max``), or None for what has no place in the model.

    ``by``: the variable that gives the value when it is set; ``profile``: Spring's, in which it holds.
    """

    what: str
    value: Any
    file: str
    line: int
    path: str | None = None
    sentence: str = ""
    by: str = ""
    host: str = ""
    profile: str = ""


_POOL = re.compile(
    r"(?:(?!REDIS|CACHE|HTTP|THREAD|MONGO|WORKER)[A-Z0-9]{1,40}_){1,2}(PG|DB|DATABASE|POSTGRES)_"
    r"(MAX_(OPEN|OPEN_CONN(ECTION)?S?|CONN(ECTION)?S?|POOL_SIZE)|POOL_(SIZE|MAX|MAX_SIZE))|"
    r"(PG|DB|DATABASE|POSTGRES|POSTGRESQL|SQL|KNEX|TYPEORM|SEQUELIZE|PRISMA|SQLALCHEMY|DATABASE_CONNECTION)_?"
    r"(CONNECTION_?)?(MAX_?)?(POOL|CONNECTION_LIMIT|CONNECTIONS)_?(SIZE|MAX|MAX_SIZE|LIMIT|SIZE_MAX|MAX_CONNECTIONS)?"
    r"|(SPRING_DATASOURCE_)?HIKARI_?MAXIMUM_?POOL_?SIZE|SPRING_DATASOURCE_HIKARI_MAXIMUM_?POOL_?SIZE|DB_MAX_OPEN_CONNS?|MAX_OPEN_CONNS"
    r"|(PG|DB|DATABASE)_MAX_(CONNECTIONS|CONNS|POOL_SIZE|POOL)|MAX_POOL_SIZE|QUARKUS_DATASOURCE_JDBC_MAX_SIZE"
)
_MINIMUM = re.compile(
    r"(PG|DB|DATABASE|POSTGRES)_?(POOL_MIN|MIN_POOL(_SIZE)?|POOL_SIZE_MIN)|SPRING_DATASOURCE_HIKARI_MINIMUM_?IDLE"
)
_MILLISECONDS = {
    re.compile(
        r"(DB|PG|DATABASE|POSTGRES)_?(POOL_)?IDLE_?TIMEOUT(_MS|_MILLIS)?|SPRING_DATASOURCE_HIKARI_IDLE_?TIMEOUT"
    ): "pool.idle_timeout",
    re.compile(
        r"(DB|PG|DATABASE|POSTGRES)_?(POOL_)?(CONNECT(ION)?|ACQUIRE)_?TIMEOUT(_MS|_MILLIS)?|SPRING_DATASOURCE_HIKARI_CONNECTION_?TIMEOUT"
    ): "pool.connection_timeout",
    re.compile(r"SPRING_DATASOURCE_HIKARI_MAX_?LIFETIME"): "pool.max_lifetime",
}
_LISTED = re.compile(
    r"WEB_CONCURRENCY|RAILS_MAX_THREADS|RAILS_MIN_THREADS|PUMA_(WORKERS|THREADS|MAX_THREADS)|MAX_THREADS|MIN_THREADS|SIDEKIQ_CONCURRENCY|"
    r"(CELERY|CELERYD|WORKER)_?(WORKER_)?CONCURRENCY|GUNICORN_(WORKERS|THREADS|CMD_ARGS|WORKER_CLASS)|UVICORN_WORKERS|WORKERS|"
    r"WORKERS_PER_CORE|MAX_WORKERS|NUM_WORKERS|GOMAXPROCS|GOMEMLIMIT|GOGC|JAVA_OPTS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|"
    r"JVM_OPTS|CATALINA_OPTS|ES_JAVA_OPTS|NODE_OPTIONS|DOTNET_GCHeapHardLimit|DOTNET_gcServer|MALLOC_ARENA_MAX|"
    r"SERVER_TOMCAT_(MAX_?THREADS|THREADS_MAX)|SERVER_TOMCAT_MAX_CONNECTIONS|PHP_FPM_PM_MAX_CHILDREN|PM_MAX_CHILDREN|PHP_MEMORY_LIMIT|"
    r"(REDIS|CACHE|MONGO|MONGODB|MYSQL)_?(MAX_)?(POOL|POOL_SIZE|MAX_CONNECTIONS|MAXCLIENTS)(_MAX|_SIZE)?|REDIS_MAXMEMORY\w*|"
    r"\w*(RATE_LIMIT|RATELIMIT)\w*|(POSTGRES|MYSQL)_MAX_CONNECTIONS|\w*_WORKER_(AMOUNT|CONNECTIONS|COUNT)|\w*_MAX_ACTIVE_REQUESTS|\w*_CONCURRENCY|CONCURRENCY|\w*_MAX_THREADS|STATEMENT_TIMEOUT|\w*_STATEMENT_TIMEOUT"
)
_PLAIN = re.compile(r"[\w.,:%+=/\s-]{0,200}")
_QUERY = re.compile(
    r"[?&](connection_limit|pool_size|max_pool_size|pool_max_conns|maxPoolSize|pool_timeout|max|connect_timeout|pgbouncer)=([\w.]+)"
)


def rows_of_variables(env: Mapping[str, Text]) -> list[Row]:
    """What the variables of a container say: pools have a place, threads, processes and heaps are listed."""
    rows: list[Row] = []
    size, over = (env.get(f"SQLALCHEMY_{word}") for word in ("POOL_SIZE", "MAX_OVERFLOW"))
    if size is not None and over is not None:
        parts = [whole(text.value) for text in (size, over)]
        if all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
            why = f"environment variables: pool size {parts[0]} and overflow {parts[1]}"
            rows.append(Row("SQLALCHEMY_POOL_SIZE", sum(parts), size.file, size.line, "pool.max", why))
    for name, text in env.items():
        if text.value is None:
            continue
        rows += row_of_variable(name, text.value, text.file, text.line)
        if "://" in text.value:
            rows += _of_url(name, text)
        if "=" in text.value and ";" in text.value:
            rows += rows_of_connection(name, text.value, text.file, text.line)
    return rows


def row_of_variable(name: str, value: Any, file: str, line: int) -> list[Row]:
    """The row of one variable; none for a variable that says nothing about capacity."""
    upper = re.sub(r"[^A-Z0-9]+", "_", name.upper())
    number = whole(value)
    counted = isinstance(number, int) and not isinstance(number, bool)
    why = f"environment variable {name}"
    if counted and number >= 1 and _POOL.fullmatch(upper):
        return [Row(name, number, file, line, "pool.max", why)]
    if counted and _MINIMUM.fullmatch(upper):
        return [Row(name, number, file, line, "pool.min", why)]
    for pattern, path in _MILLISECONDS.items():
        if counted and pattern.fullmatch(upper):
            return [Row(name, milliseconds(number), file, line, path, why)]
    if counted and upper == "UV_THREADPOOL_SIZE":
        return [Row(name, number, file, line, "runtime.threads", why)]
    heap = re.search(rf"{HEAP_FLAG}[= ](\d+)", str(value)) if upper == "NODE_OPTIONS" else None
    if heap is not None:
        return [_flag(HEAP_FLAG, heap[1], file, line)]
    if _LISTED.fullmatch(name) and _PLAIN.fullmatch(str(value)) and str(value):
        return [Row(name, str(value), file, line)]
    return []


def _of_url(name: str, text: Text) -> list[Row]:
    """The parameters of a connection string that bound its pool; nothing else of it is shown."""
    rows = []
    for match in _QUERY.finditer(text.value or ""):
        key, value = match[1], whole(match[2])
        why = f"{key} in {name}"
        if key in (
            "connection_limit",
            "pool_size",
            "max_pool_size",
            "pool_max_conns",
            "maxPoolSize",
            "max",
        ) and isinstance(value, int):
            rows.append(Row(f"{name} {key}", value, text.file, text.line, "pool.max", why))
        elif key == "pool_timeout" and isinstance(value, int):
            rows.append(Row(f"{name} {key}", f"{value} s", text.file, text.line, "pool.connection_timeout", why))
        else:
            rows.append(Row(f"{name} {key}", match[2], text.file, text.line))
    return rows


_NET = (
    (re.compile(r"max(?:imum)? ?pool ?size ?= ?(\d{1,6})", re.I), "pool.max", ""),
    (re.compile(r"min(?:imum)? ?pool ?size ?= ?(\d{1,6})", re.I), "pool.min", ""),
    (re.compile(r"(?<!command )(?<!connect )\btimeout ?= ?(\d{1,6})", re.I), "pool.connection_timeout", " s"),
    (re.compile(r"connection idle lifetime ?= ?(\d{1,6})", re.I), "pool.idle_timeout", " s"),
)


def rows_of_connection(name: str, value: str, file: str, line: int) -> list[Row]:
    """What a connection string of .NET (``Host=db;Maximum Pool Size=40``) says of its pool."""
    if not re.search(r"(host|server|data source)\s?=", value, re.I):
        return []
    rows = []
    for pattern, path, unit in _NET:
        match = pattern.search(value[:2000])
        if match:
            number: Any = f"{match[1]}{unit}" if unit else int(match[1])
            rows.append(Row(f"{name} {path.partition('.')[2]}", number, file, line, path, f"in {name}"))
    return rows


HEAP_FLAG = "--max-old-space-size"
_FLAGS = (
    (rf"(?:{HEAP_FLAG})[= ](\d+)", HEAP_FLAG),
    (r"(?<![\w-])(-Xmx\d+[kKmMgG]?)", "heap"),
    (r"(-XX:MaxRAMPercentage=[\d.]+)", "heap"),
)
_PROGRAM_FLAGS = {
    "gunicorn": ((r"(?:\s-w\s*|--workers[= ])(\d+)", "workers"),
                 (r"--threads[= ](\d+)", "threads"),
                 (r"(?:\s-k\s+|--worker-class[= ])(\S+)", "worker class"),
                 (r"(?:\s-t\s*|--timeout[= ])(\d+)", "timeout"),
                 (r"--worker-connections[= ](\d+)", "worker connections"),
                 (r"--max-requests[= ](\d+)", "max requests"), (r"--backlog[= ](\d+)", "backlog")),
    "uvicorn": ((r"--workers[= ](\d+)", "workers"), (r"--limit-concurrency[= ](\d+)", "limit-concurrency"),
                (r"--backlog[= ](\d+)", "backlog")),
    "fastapi": ((r"--workers[= ](\d+)", "workers"),), "granian": ((r"--workers[= ](\d+)", "workers"),),
    "uwsgi": ((r"(?:\s-p\s*|--processes[= ])(\d+)", "processes"), (r"--threads[= ](\d+)", "threads"),
              (r"--workers[= ](\d+)", "processes"), (r"--listen[= ](\d+)", "listen")),
    "daphne": ((r"--application-close-timeout[= ](\d+)", "close timeout"),),
    "hypercorn": ((r"(?:\s-w\s*|--workers[= ])(\d+)", "workers"),),
    "puma": ((r"(?:\s-w\s*|--workers[= ])(\d+)", "workers"), (r"(?:\s-t\s*|--threads[= ])(\d+(?::\d+)?)", "threads")),
    "celery": ((r"(?:\s-c\s*|--concurrency[= ])(\d+)", "concurrency"),
               (r"--prefetch-multiplier[= ](\d+)", "prefetch multiplier"),
               (r"--max-tasks-per-child[= ](\d+)", "max tasks a child"),
               (r"--autoscale[= ](\d+,\d+)", "autoscale")),
    "sidekiq": ((r"(?:\s-c\s*|--concurrency[= ])(\d+)", "concurrency"),),
    "pm2": ((r"\s-i\s+(\S+)", "instances"),),
}  # fmt: skip


def _flag(what: str, value: str, file: str, line: int) -> Row:
    """A flag of a runtime; V8's heap has a place in the model."""
    if what == HEAP_FLAG:
        return Row(what, f"{value} MiB", file, line, "runtime.max_old_space")
    return Row(what, value, file, line)


def rows_of_command(words: tuple[Text, ...]) -> list[Row]:
    """Workers, threads, heaps and concurrency in the words of a command."""
    text, places = "", []
    for word in words:
        if word.value:
            places.append((len(text), word))
            text += f"{word.value} "
    rows = []

    def at(position: int) -> Text:
        return next(word for start, word in reversed(places) if start <= position)

    for pattern, what in _FLAGS:
        for match in re.finditer(pattern, text):
            place = at(match.start(1))
            rows.append(_flag(what, match[1], place.file, place.line))
    for program, flags in _PROGRAM_FLAGS.items():
        named = re.search(rf"(?<![\w.-]){program}(?![\w.-])", text)
        for pattern, what in flags if named else ():
            for match in re.finditer(pattern, text):
                if named is not None and match.start() >= named.end():
                    place = at(match.start(1))
                    rows.append(Row(f"{program} {what}", match[1], place.file, place.line))
    return rows

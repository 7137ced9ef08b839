"""Connection pools in JavaScript and TypeScript: node-postgres, Sequelize, Knex, TypeORM, mysql2, postgres.js."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from novamodel.errors import UserError
from novamodel.importers.nodejs.javascript import Token, number, tokens, unquoted
from novamodel.importers.nodejs.objects import Literal, Source, calls, source_of, until_comma
from novamodel.importers.pools.said import Row
from novamodel.importers.quantity import milliseconds
from novamodel.yamlfile import read_text


class Library(NamedTuple):
    """How a library's options are called: option -> (path, unit of a time: ms or s; "" for a count)."""

    name: str
    options: dict[str, tuple[str, str]]
    inside: tuple[str, ...] = ()  # option that holds the pool's own
    most: int | None = None  # its default


_COUNTS = {"max": ("pool.max", ""), "min": ("pool.min", "")}
NODE_POSTGRES = Library(
    "node-postgres",
    _COUNTS
    | {
        "idleTimeoutMillis": ("pool.idle_timeout", "ms"),
        "connectionTimeoutMillis": ("pool.connection_timeout", "ms"),
        "maxUses": ("pool.max_uses", ""),
        "maxLifetimeSeconds": ("pool.max_lifetime", "s"),
    },
)
_SEQUELIZE = Library(
    "Sequelize",
    _COUNTS
    | {
        "idle": ("pool.idle_timeout", "ms"),
        "acquire": ("pool.connection_timeout", "ms"),
        "maxUses": ("pool.max_uses", ""),
    },
    ("pool",),
    5,
)
_KNEX = Library(
    "Knex",
    _COUNTS
    | {
        "idleTimeoutMillis": ("pool.idle_timeout", "ms"),
        "acquireTimeoutMillis": ("pool.connection_timeout", "ms"),
    },
    ("pool",),
)
_TYPEORM = Library("TypeORM", NODE_POSTGRES.options | {"poolSize": ("pool.max", "")}, ("extra", ""))
_MYSQL2 = Library(
    "mysql2",
    {"connectionLimit": ("pool.max", ""), "maxIdle": ("pool.max_idle", ""), "idleTimeout": ("pool.idle_timeout", "ms")},
)
_POSTGRES_JS = Library(
    "postgres.js",
    {"max": ("pool.max", ""), "idle_timeout": ("pool.idle_timeout", "s"),
     "connect_timeout": ("pool.connection_timeout", "s"),
     "max_lifetime": ("pool.max_lifetime", "s")},
)  # fmt: skip
_MONGODB = Library("MongoDB driver", {"maxPoolSize": ("pool.max", ""), "minPoolSize": ("pool.min", "")})
_MADE = {"Pool": NODE_POSTGRES, "Sequelize": _SEQUELIZE, "DataSource": _TYPEORM, "MongoClient": _MONGODB}
_CALLED = {
    "knex": _KNEX, "Knex": _KNEX, "createPool": _MYSQL2, "forRoot": _TYPEORM, "createConnection": _TYPEORM,
    "postgres": _POSTGRES_JS, "connect": _MONGODB,
}  # fmt: skip
_PLACED = {"pool.max", "pool.min", "pool.idle_timeout", "pool.connection_timeout", "pool.max_uses", "pool.max_lifetime"}
_QUIET = {
    "connectionString", "host", "port", "user", "password", "database", "ssl", "url", "username", "type",
    "client", "dialect",     "logging", "connection", "entities", "migrations", "synchronize", "useFactory",
    "imports", "inject",
    "storage", "models",     "application_name", "charset", "timezone", "schema", "namingStrategy",
    "subscribers", "logger", "keepAlive", "name",
}  # fmt: skip


def read_pools(path: Path, shown: str) -> list[Row]:
    """What the pools that a source file makes say; one whose braces do not close is a ``UserError`` with its line."""
    source = source_of(list(tokens(read_text(path))))
    rows: list[Row] = []
    said = {unquoted(word) for word in source.words if word.kind == "string"}
    others = bool(said & _OTHER_POOLS) and "pg" not in said
    for table, made in ((_MADE, True), (_CALLED, False)):
        for word, arguments, closed in calls(source.words, set(table), made):
            if others and word.text == "Pool":
                continue
            if not closed and made and word.text == "Pool":
                raise UserError("new Pool({ is never closed", file=path, line=word.line)
            rows += _rows(table[word.text], word, arguments, source, shown)
    return rows or _of_settings(source, shown)


def _rows(library: Library, word: Token, arguments: list[list[Token]], source: Source, shown: str) -> list[Row]:
    literals = [found for part in arguments if (found := source.literal(part)) is not None]
    if library in (_TYPEORM, _MONGODB, _POSTGRES_JS, _MYSQL2) and not any(
        _speaks(one, library, source) for one in literals
    ):
        return []
    rows: list[Row] = []
    host = ""
    for literal in literals:
        host = host or _host(literal)
        rows += [row for part in _parts(literal, library, source) for row in _of_literal(part, library, source, shown)]
        for name in literal.open_names:
            rows.append(
                Row(f"options ...{name.text}", "", shown, name.line, sentence="not resolved: said in another file")
            )
    for part in arguments:
        if part and source.literal(part) is None and library is NODE_POSTGRES:
            text = "".join(each.text for each in part)[:60]
            why = f"not resolved: options of the pool are in `{text}`, not read"
            rows.append(Row(f"new Pool({text})", "", shown, word.line, sentence=why))
    if library.most is not None and literals and not any(row.path == "pool.max" for row in rows):
        rows.append(
            Row(
                "max",
                library.most,
                shown,
                word.line,
                "pool.max",
                f"documented: {library.name}'s default of {library.most}",
            )
        )
    return [Row("", None, shown, word.line, "pool", library.name, host=host), *rows]


def _speaks(literal: Literal, library: Library, source: Source) -> bool:
    return any(option in library.options for part in _parts(literal, library, source) for option in part.options)


def _parts(literal: Literal, library: Library, source: Source) -> Iterator[Literal]:
    """The objects that hold a pool's options: the one given, or what stands inside it."""
    if not library.inside:
        yield literal
    for name in library.inside:
        if name == "":
            yield Literal(literal.line, {key: one for key, one in literal.options.items() if key == "poolSize"})
        elif name in literal.options:
            inner = source.literal(literal.options[name][0])
            if inner is not None:
                yield inner


def _host(literal: Literal) -> str:
    """The host that a pool is given in plain words, with its port."""
    parts, _ = literal.options.get("host", ([], 0))
    port, _ = literal.options.get("port", ([], 0))
    name = unquoted(parts[0]) if len(parts) == 1 and parts[0].kind == "string" else ""
    return f"{name}:{number(port) or ''}" if name or number(port) else ""


def _of_literal(literal: Literal, library: Library, source: Source, shown: str) -> list[Row]:
    rows = []
    for option, (parts, line) in literal.options.items():
        written = "".join(part.text for part in parts)[:60]
        if option not in library.options:
            if option not in _QUIET:
                rows.append(Row(f"pool option {option}", written if len(parts) < 8 else "...", shown, line))
            continue
        path, unit = library.options[option]
        value, by, fallback, at = value_of(source.followed(parts))
        line = at or line
        if value is None:
            rows.append(
                Row(f"{option}: {written}", "", shown, line, sentence="not resolved: known only when it runs", by=by)
            )
        elif option == "max" and value == 0 and library is NODE_POSTGRES:
            rows.append(Row("max: 0", "", shown, line, sentence="node-postgres takes 0 as its default, 10"))
        elif path in _PLACED:
            plain = milliseconds(value * (1000 if unit == "s" else 1)) if unit else value
            rows.append(Row(option, plain, shown, line, path, f"fallback of {written}" if fallback else "", by=by))
        else:
            rows.append(Row(option, value, shown, line))
    return rows


def _of_settings(source: Source, shown: str) -> list[Row]:
    """Settings files of an object for each environment, such as Sequelize's and Knex's: that of production.

    Where no environment is named: the first object called ``pool``, or TypeORM's ``poolSize`` and ``extra``.
    """
    for at, word in enumerate(source.words):
        if unquoted(word) == "production" and _texts(source, at + 1, 2) == [":", "{"]:
            literal = source.literal(source.words[at + 2 :])
            if literal is not None and "pool" in literal.options:
                library = _SEQUELIZE if "dialect" in literal.options else _KNEX
                rows = [
                    row
                    for part in _parts(literal, library, source)
                    for row in _of_literal(part, library, source, shown)
                ]
                return [Row("", None, shown, word.line, "pool", library.name), *rows]
    said = {unquoted(word) for word in source.words}
    library = _SEQUELIZE if "dialect" in said else _KNEX
    if not said & _DATABASE_WORDS:
        return []
    for at, word in enumerate(source.words):
        name = unquoted(word)
        if name == "poolSize" and _texts(source, at + 1, 1) == [":"]:
            value, _ = until_comma(source.words, at + 2)
            return _plain(Literal(word.line, {"poolSize": (value, word.line)}), word, _TYPEORM, source, shown)
        if name in ("pool", "extra") and _texts(source, at + 1, 2) == [":", "{"]:
            literal = source.literal(source.words[at + 2 :])
            if literal is not None and {"max", "min"} & literal.options.keys():
                return _plain(literal, word, _TYPEORM if name == "extra" else library, source, shown)
    return []


_DATABASE_WORDS = {
    "knex", "Knex", "client", "dialect", "sequelize", "Sequelize", "pg", "postgres", "postgresql", "mysql", "mysql2",
    "TypeOrmModule", "DataSource", "typeorm", "MikroORM", "defineConfig",
}  # fmt: skip
"""Words of a file that makes settings of a database."""
_OTHER_POOLS = {"tinypool", "workerpool", "piscina", "generic-pool", "undici", "worker_threads", "node:worker_threads"}
"""Packages whose ``Pool`` is none of connections to a database."""


def _texts(source: Source, at: int, count: int) -> list[str]:
    return [one.text for one in source.words[at : at + count]]


def _plain(literal: Literal, word: Token, library: Library, source: Source, shown: str) -> list[Row]:
    return [Row("", None, shown, word.line, "pool", library.name), *_of_literal(literal, library, source, shown)]


def value_of(parts: list[Token]) -> tuple[Any, str, bool, int]:
    """(number, its variable, whether it is a fallback, its line): a literal, or what follows ``||`` or ``??``."""
    plain = number(parts)
    if plain is not None:
        return plain, "", False, parts[0].line
    by = _variable(parts)
    radix = any(part.text == "parseInt" for part in parts)
    for at, part in enumerate(parts):
        after = parts[at + 1].kind if at + 1 < len(parts) else ""
        if part.text in ("||", "??", ":") or (
            part.text == "," and after in ("string", *(() if radix else ("number",)))
        ):
            rest = list(takewhile(lambda token: token.text not in (",", ")"), parts[at + 1 :]))
            if len(rest) == 1 and rest[0].kind == "string":
                rest = [Token("number", unquoted(rest[0]), rest[0].line)]
            found = number(rest)
            if found is not None:
                return found, by, True, rest[0].line
    return None, by, False, 0


def _variable(parts: list[Token]) -> str:
    """``DB_POOL`` of ``process.env.DB_POOL`` and ``process.env["DB_POOL"]``."""
    text = "".join(part.text for part in parts)
    called = re.search(r"""(?:env|config|configService)(?:\.\w+)?(?:<\w+>)?\(["'](\w+)["']""", text)
    match = re.search(r"""env(?:\.(\w+)|\[["'](\w+)["']\])""", text)
    return called[1] if called else (match[1] or match[2]) if match else ""

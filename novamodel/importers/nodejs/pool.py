"""node-postgres pools: the literals inside ``new Pool({ ... })``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.importers.nodejs.javascript import Token, number, tokens, unquoted
from novamodel.importers.quantity import milliseconds, whole
from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

_OPEN, _CLOSE = {"{", "[", "("}, {"}", "]", ")"}
_TIMES = {"idleTimeoutMillis": "idle_timeout", "connectionTimeoutMillis": "connection_timeout"}
_SIZE = re.compile(
    r"(PG|DB|DATABASE|POSTGRES|POSTGRESQL)_?(CONNECTION_)?(MAX_POOL|POOL)(_?(SIZE|MAX|MAX_SIZE|LIMIT|SIZE_MAX))?"
)


@dataclass
class Pool:
    """One pool as written: option -> (tokens of its value, line)."""

    file: str
    line: int
    options: dict[str, tuple[list[Token], int]] = field(default_factory=dict)

    def text(self, option: str) -> str:
        """A string option, or an empty text."""
        parts, _ = self.options.get(option, ([], 0))
        return unquoted(parts[0]) if len(parts) == 1 and parts[0].kind == "string" else ""

    def line_of(self, option: str) -> int:
        """Line of an option, or of the pool where it is not given."""
        return self.options.get(option, ([], self.line))[1]


def read_pools(path: Path, shown: str) -> list[Pool]:
    """The pools that a source file makes; a pool whose braces do not close is a ``UserError`` with its line."""
    words = list(tokens(read_text(path)))
    pools = []
    for at, word in enumerate(words):
        if word.text != "new":
            continue
        name = at + 1
        if [w.text for w in words[at + 2 : at + 3]] == ["."]:
            name = at + 3
        if [w.text for w in words[name : name + 2]] == ["Pool", "("]:
            pools.append(_pool(words, name + 2, path, shown, word.line))
    return pools


def _pool(words: list[Token], at: int, path: Path, shown: str, line: int) -> Pool:
    pool = Pool(shown, line)
    if at < len(words) and words[at].text != "{":
        return pool
    at += 1
    while at < len(words) and words[at].text != "}":
        key = words[at]
        value, at = _until_comma(words, at + 1)
        if value and value[0].text == ":":
            pool.options[unquoted(key)] = (value[1:], key.line)
        elif not value and key.kind == "word":
            pool.options[key.text] = ([key], key.line)
        if at < len(words) and words[at].text == ",":
            at += 1
    if at >= len(words):
        raise UserError("new Pool({ is never closed", file=path, line=line)
    return pool


def _until_comma(words: list[Token], at: int) -> tuple[list[Token], int]:
    """The tokens up to the comma or brace that ends an entry, and the position of that sign."""
    depth, start = 0, at
    while at < len(words):
        text = words[at].text
        if depth == 0 and (text == "," or text in _CLOSE):
            break
        if words[at].kind == "sign":
            depth += (text in _OPEN) - (text in _CLOSE)
        at += 1
    return words[start:at], at


def _value(parts: list[Token]) -> tuple[Any, bool]:
    """(number, whether it is a fallback): a literal, or what stands after ``||`` or ``??``."""
    plain = number(parts)
    if plain is not None:
        return plain, False
    for at, part in enumerate(parts):
        if part.text in ("||", "??"):
            rest = list(takewhile(lambda token: token.text not in (",", ")"), parts[at + 1 :]))
            if len(rest) == 1 and rest[0].kind == "string":
                rest = [Token("number", unquoted(rest[0]), rest[0].line)]
            return number(rest), True
    return None, False


def say_pool(pool: Pool, service: str, draft: Draft) -> None:
    """Write one service's pool; options that only the running program knows are listed."""
    below = f"services.{service}.pool"
    draft.say(Said(below, None, pool.file, pool.line))
    for option, (parts, line) in pool.options.items():
        written = "".join(part.text for part in parts)
        path = "max" if option == "max" else _TIMES.get(option)
        if path is None:
            draft.leave(pool.file, line, f"pool option {option}", "read, not modelled")
            continue
        value, fallback = _value(parts)
        if value is None:
            draft.leave(pool.file, line, f"{option}: {written[:60]}", "not resolved: known only when it runs")
            continue
        if option == "max" and value == 0:
            draft.leave(pool.file, line, "max: 0", "node-postgres takes 0 as its default, 10")
            continue
        why = f"fallback of {written[:60]}" if fallback else ""
        plain = value if option == "max" else milliseconds(value)
        draft.say(Said(f"{below}.{path}", plain, pool.file, line, why))


def said_by_environment(name: str, value: Any, file: str, line: int) -> list[Said]:
    """The pool that a variable such as DB_POOL_SIZE sizes, relative to its service; nothing for any other."""
    most = whole(value)
    if not _SIZE.fullmatch(name) or not isinstance(most, int) or isinstance(most, bool) or most < 1:
        return []
    return [Said("pool", None, file, line), Said("pool.max", most, file, line, f"environment variable {name}")]


def meant_pgbouncer(pool: Pool) -> bool:
    """Whether a pool points at PgBouncer: by the name of its host or by PgBouncer's own port, 6432."""
    parts, _ = pool.options.get("port", ([], 0))
    return "pgbouncer" in pool.text("host").lower() or number(parts) == 6432

"""Pools in source code, by language; each reader knows the libraries of its language and their defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from novamodel.importers.nodejs.pool import read_pools
from novamodel.importers.pools.python import read_python
from novamodel.importers.pools.said import Row
from novamodel.importers.quantity import milliseconds
from novamodel.yamlfile import read_text

MOST = 2000
"""Settings of one file that are looked at."""


def read_source(pair: tuple[Path, str]) -> list[Row]:
    """What the pools of a source file say. Errors as ``read_pools``."""
    path, shown = pair
    reader = {".py": read_python, ".go": _go, ".rb": _ruby, ".java": _java, ".kt": _java}.get(path.suffix.lower())
    return read_pools(path, shown) if reader is None else reader(read_text(path), shown)


# Go: database/sql, pgxpool

_GO = (
    (re.compile(r"\.SetMaxOpenConns\(\s*([^)\n]{1,80})\)"), "SetMaxOpenConns", "pool.max"),
    (re.compile(r"\.SetMaxIdleConns\(\s*([^)\n]{1,80})\)"), "SetMaxIdleConns", "pool.min"),
    (re.compile(r"\.SetConnMaxLifetime\(\s*([^\n]{1,80}?)\)\s*$", re.M), "SetConnMaxLifetime", "pool.max_lifetime"),
    (re.compile(r"\.SetConnMaxIdleTime\(\s*([^\n]{1,80}?)\)\s*$", re.M), "SetConnMaxIdleTime", "pool.idle_timeout"),
    (re.compile(r"\.MaxConns\s*=\s*(?:int32\()?([^)\n]{1,80})"), "MaxConns", "pool.max"),
    (re.compile(r"\bPoolSize\s*:\s*([^,\n]{1,80})"), "Redis PoolSize", None),
)  # fmt: skip
_GO_UNITS = {"Millisecond": 1, "Second": 1000, "Minute": 60_000, "Hour": 3_600_000}


def _go(text: str, shown: str) -> list[Row]:
    constants = {
        match[1]: match[2]
        for match in re.finditer(
            r"^[ \t]*(?:(?:const|var)[ \t]+)?(\w+)[ \t]*(?:int\w{0,9}[ \t]*)?:?=[ \t]*(\d{1,9})[ \t\r]*$", text, re.M
        )
    }
    rows: list[Row] = []
    for pattern, what, path in _GO:
        if what == "MaxConns" and "pgx" not in text:
            continue  # of another library
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            written = match[1].strip()
            value: Any = constants.get(written, written)
            span = re.fullmatch(r"(?:(\d+)\s*\*\s*)?time\.(\w+)(?:\s*\*\s*(\d+))?", str(value))
            if span and span[2] in _GO_UNITS:
                value = milliseconds(int(span[1] or span[3] or 1) * _GO_UNITS[span[2]])
            elif str(value).isdecimal() and len(str(value)) < 10:
                value = int(value)
            else:
                rows.append(
                    Row(f"{what}({written[:60]})", "", shown, line, sentence="not resolved: known only when it runs")
                )
                continue
            rows.append(Row(what, value, shown, line, path))
    if any(row.path for row in rows):
        rows.insert(0, Row("", None, shown, rows[0].line, "pool", "database/sql"))
    return rows


# Ruby: Puma's file, connection pools

_RUBY_NUMBER = (
    r"""(?:Integer\()?(?:ENV\.fetch\(\s*["'](\w+)["']\s*(?:,\s*["']?(\d+)["']?\s*)?\)"""
    r"""(?:\s*\{\s*["']?(\d+)["']?\s*\})?|(?:ENV\[["']\w+["']\]\s*\|\|\s*)?["']?(\d+))"""
)


def _ruby(text: str, shown: str) -> list[Row]:
    names = {m[1]: m for m in re.finditer(rf"^[ \t]*(\w+)[ \t]*=[ \t]*{_RUBY_NUMBER}", text, re.M)}
    rows = []
    for match in re.finditer(r"^[ \t]*(threads|workers)[ (]{1,9}([^\n#]{1,120})", text, re.M):
        line = text.count("\n", 0, match.start()) + 1
        parts, by = [], ""
        for word in match[2].split(","):
            found = re.match(_RUBY_NUMBER, word.strip())
            number = None
            for name in (word.strip(" )"), _behind(word.strip(" )"), text)):
                known = names.get(name)
                number = number or ((known[3] or known[4] or known[5]) if known else None)
                by = ((known[2] or "") if known else "") or by
            number = number or ((found[2] or found[3] or found[4]) if found else None)
            by = ((found[1] or "") if found else "") or by
            parts.append(number or word.strip(" )"))
        if not match[2].startswith("="):  # a name of the file's own
            rows.append(Row(f"Puma {match[1]}", " to ".join(parts), shown, line, by=by))
    return rows


def _behind(name: str, text: str) -> str:
    """The name that another one falls back to: ``low = ENV.fetch("LOW") { high }``."""
    match = re.search(rf"^[ \t]*{re.escape(name)}[ \t]*=[^\n{{]{{0,120}}\{{[ \t]*(\w+)[ \t]*\}}", text, re.M)
    return match[1] if match else ""


# Java and Kotlin: HikariCP made in code

_JAVA = tuple(
    (
        re.compile(rf"set{name[0].upper()}{name[1:]}\(\s*(\d[\d_]{{0,8}})L?\s*\)|\b{name}\s*=\s*(\d[\d_]{{0,8}})"),
        name,
        path,
        unit,
    )
    for name, path, unit in (
        ("maximumPoolSize", "pool.max", 0),
        ("minimumIdle", "pool.min", 0),
        ("connectionTimeout", "pool.connection_timeout", 1),
        ("idleTimeout", "pool.idle_timeout", 1),
        ("maxLifetime", "pool.max_lifetime", 1),
    )
)


def _java(text: str, shown: str) -> list[Row]:
    rows = []
    for pattern, what, path, unit in _JAVA:
        for match in pattern.finditer(text):
            number = int((match[1] or match[2]).replace("_", ""))
            line = text.count("\n", 0, match.start()) + 1
            rows.append(Row(what, milliseconds(number * unit) if unit else number, shown, line, path))
    if rows:
        rows.insert(0, Row("", None, shown, rows[0].line, "pool", "HikariCP"))
    return rows

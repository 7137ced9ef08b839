"""Settings files of frameworks and runtimes: Spring, Rails, Prisma, PHP-FPM, Procfile. Nothing runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from novamodel.importers.graph.boxes import Text
from novamodel.importers.pools.capacity_words import speaks
from novamodel.importers.pools.said import Row, rows_of_command, rows_of_connection
from novamodel.importers.quantity import milliseconds
from novamodel.yamlfile import read_text

_ENTRY = re.compile(r"^([ ]*)([\w.\[\]\"'-]+)[ \t]*:(?:[ \t]+(.*))?$")
_PLACEHOLDER = re.compile(r"\$\{([\w.-]+)(?::([^}]*))?\}")
_HIKARI = {
    "maximum-pool-size": ("pool.max", 0), "minimum-idle": ("pool.min", 0),
    "connection-timeout": ("pool.connection_timeout", 1),
    "idle-timeout": ("pool.idle_timeout", 1), "max-lifetime": ("pool.max_lifetime", 1),
}  # fmt: skip
_ON_PROFILE = ("spring.config.activate.on-profile", "spring.profiles")
_HIKARI_DEFAULTS = (
    ("maximum-pool-size", 10, "pool.max"), ("connection-timeout", "30 s", "pool.connection_timeout"),
)  # fmt: skip
_LISTED = re.compile(
    r"server\.(tomcat|jetty|undertow)\..*|spring\.(data\.)?redis\.(lettuce|jedis)\.pool\..*|spring\.threads\.virtual\.enabled|"
    r"spring\.task\.execution\.pool\..*|resilience4j\..*|spring\.rabbitmq\.listener\..*(concurrency|prefetch)|spring\.kafka\.listener\.concurrency|"
    r"quarkus\..*(max-size|max-threads|pool).*"
)


def read_settings_file(pair: tuple[Path, str]) -> list[Row]:
    """What one settings file says about pools, threads and processes."""
    path, shown = pair
    name = path.name.lower()
    text = read_text(path)
    if name == "database.yml":
        return _rails(text, shown)
    if name.endswith((".yml", ".yaml", ".properties")):
        return _spring_documents(text, name, shown)
    if name.endswith(".json"):
        return _appsettings(text, shown)
    if name.endswith(".prisma"):
        return _prisma(text, shown)
    if name.endswith(".conf"):
        return _php(text, shown)
    if name.endswith(".ini"):
        return _uwsgi(text, shown)
    if name == "procfile":
        return [row for number, line in enumerate(text.splitlines(), 1)
                for row in rows_of_command(tuple(Text(word, shown, number) for word in line.split()))]  # fmt: skip
    return []


def _spring_documents(text: str, name: str, shown: str) -> list[Row]:
    """The documents of a file, each with the profile in which it holds: that of its name, or of its own condition."""
    named = re.fullmatch(r"application-([\w-]+)\.\w+", name)
    rows: list[Row] = []
    first = 1
    for part in re.split(r"^(?:---|#---)[^\n]*$", text, flags=re.M):
        reader = _property_entries if name.endswith(".properties") else _yaml_entries
        entries = [(key, value, line + first - 1) for key, value, line in reader(part)]
        on = next((value for key, value, _ in entries if key in _ON_PROFILE), named[1] if named else "")
        rows += [row._replace(profile=on) for row in _spring(entries, shown)]
        first += part.count("\n")
    return rows


def _yaml_entries(text: str) -> Iterator[tuple[str, str, int]]:
    """(dotted key, value, line) of a YAML document's scalars, by indentation."""
    stack: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _ENTRY.match(line.rstrip())
        if not match or line.lstrip().startswith("#"):
            continue
        indent = len(match[1])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        stack.append((indent, match[2].strip("\"'")))
        value = re.sub(r"(?<!\s)\s+#.*$", "", match[3] or "").strip().strip("\"'")
        if value:
            yield ".".join(word for _, word in stack), value, number


def _property_entries(text: str) -> Iterator[tuple[str, str, int]]:
    for number, line in enumerate(text.split("\n"), 1):
        key, sign, value = line.partition("=")
        if sign and not line.lstrip().startswith(("#", "!")):
            yield key.strip(), value.strip(), number


def _spring(entries: list[tuple[str, str, int]], shown: str) -> list[Row]:
    rows: list[Row] = []
    source = None
    for key, written, line in entries:
        plain = re.sub(r"(?<=[a-z])([A-Z])", lambda match: f"-{match[1].lower()}", key)
        value, by = _resolved(written)
        if plain.startswith("spring.datasource.") or plain in ("spring.r2dbc.url",):
            source = source or line
        match = re.fullmatch(r"spring\.datasource(?:\.\w+)?\.(?:hikari\.)?([\w-]+)", plain)
        if match and match[1] in _HIKARI:
            path, unit = _HIKARI[match[1]]
            if value.isdecimal() and len(value) < 10:
                number = int(value)
                why = f"fallback of {written}" if by else ""
                rows.append(Row(match[1], milliseconds(number) if unit else number, shown, line, path, why, by=by))
            else:
                rows.append(
                    Row(
                        f"{match[1]}: {written[:40]}",
                        "",
                        shown,
                        line,
                        sentence="not resolved: known only when it runs",
                        by=by,
                    )
                )
        elif _LISTED.fullmatch(plain) and len(value) < 60:
            rows.append(Row(key, value, shown, line))
    if source is not None:
        have = {row.path for row in rows}
        for option, usual, path in _HIKARI_DEFAULTS:
            if path not in have:
                rows.append(
                    Row(option, usual, shown, source, path, f"documented: HikariCP's default, Spring's pool: {usual}")
                )
        rows.insert(0, Row("", None, shown, source, "pool", "HikariCP"))
    return rows


def _resolved(written: str) -> tuple[str, str]:
    """(value, variable): ``${NAME:5}`` is 5 where NAME is not set."""
    match = _PLACEHOLDER.fullmatch(written)
    if not match:
        return written, ""
    return match[2] or "", match[1]


def _rails(text: str, shown: str) -> list[Row]:
    """``pool`` of Rails's database.yml: that of production, else the one that all share."""
    found: list[tuple[str, Row]] = []
    section = ""
    adapter = None
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"^(\w+):", line)
        section = head[1] if head else section
        adapter = adapter or (number if re.match(r"\s+adapter:\s*(postgresql|mysql2|postgis|trilogy)", line) else None)
        match = re.match(r"""\s+(pool|max_connections|checkout_timeout|idle_timeout):\s*(.+)$""", line)
        if not match:
            continue
        by = re.search(r"""ENV(?:\.fetch\(|\[)\s*["'](\w+)["']""", match[2])
        numbers = re.findall(r"(?<![\w.])(\d{1,6})(?![\w.])", match[2])
        what, value = match[1], numbers[-1] if numbers else ""
        path = {"pool": "pool.max", "max_connections": "pool.max", "checkout_timeout": "pool.connection_timeout",
                "idle_timeout": "pool.idle_timeout"}[what]  # fmt: skip
        if value:
            plain = int(value) if path == "pool.max" else f"{value} s"
            why = f"fallback of {match[2][:60]}" if by else ""
            found.append((section, Row(what, plain, shown, number, path, why, by=by[1] if by else "")))
        else:
            why = "not resolved: known only when it runs"
            found.append(
                (section, Row(f"{what}: {match[2][:40]}", "", shown, number, sentence=why, by=by[1] if by else ""))
            )
    best = [row for where, row in found if where == "production"] or [row for _, row in found]
    if adapter is None:
        return best
    rows = list({row.path or row.what: row for row in reversed(best)}.values())
    if not any(row.path == "pool.max" for row in rows):
        rows.append(Row("pool", 5, shown, adapter, "pool.max", "documented: Active Record's default of 5"))
    return [Row("", None, shown, adapter, "pool", "Active Record"), *rows]


def _prisma(text: str, shown: str) -> list[Row]:
    """Prisma's pool is in the connection string; without it, it has twice the cores and one."""
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"connection_limit=(\d{1,6})", line)
        if match:
            rows.append(Row("connection_limit", int(match[1]), shown, number, "pool.max"))
        if re.match(r"\s*datasource\s", line):
            rows.insert(0, Row("", None, shown, number, "pool", "Prisma"))
    return rows


def _appsettings(text: str, shown: str) -> list[Row]:
    """Connection strings and limits of .NET's appsettings.json."""
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*"([\w.:-]{1,80})"\s*:\s*"?([^"]{1,1000})"?,?\s*$', line)
        if not match:
            continue
        found = rows_of_connection(match[1], match[2], shown, number)
        if not found and speaks(match[1], match[2].rstrip(",").strip()):
            found = [Row(match[1], match[2].rstrip(",").strip(), shown, number)]
        rows += found
    if any(row.path for row in rows):
        rows.insert(0, Row("", None, shown, rows[0].line, "pool", "ADO.NET"))
    return rows


def _uwsgi(text: str, shown: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        key, sign, value = (part.strip() for part in line.partition("="))
        if sign and speaks(key, value):
            rows.append(Row(f"uwsgi {'processes' if key == 'workers' else key}", value, shown, number))
    return rows


def _php(text: str, shown: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(
            r"\s*(pm(?:\.\w+)?|request_terminate_timeout|php_admin_value\[memory_limit\])\s*=\s*(\S+)", line
        )
        if match:
            rows.append(Row(f"PHP-FPM {match[1]}", match[2], shown, number))
    sizes = {row.line: -int(row.value) for row in rows if _is_most(row)}
    return sorted(rows, key=lambda row: sizes.get(row.line, -(10**9)))  # the largest pool is the main one


def _is_most(row: Row) -> bool:
    return row.what == "PHP-FPM pm.max_children" and str(row.value).isdecimal() and len(str(row.value)) < 8

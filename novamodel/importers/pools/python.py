"""Pools in Python: SQLAlchemy, psycopg_pool, asyncpg, Django, gunicorn's own file. Nothing is run."""

from __future__ import annotations

import ast
from typing import Any

from novamodel.importers.pools.said import Row
from novamodel.importers.quantity import milliseconds

_ENGINES = {"create_engine", "create_async_engine", "engine_from_config"}
_POOLS = {"ConnectionPool": ("min_size", "max_size", 4), "AsyncConnectionPool": ("min_size", "max_size", 4),
          "create_pool": ("min_size", "max_size", 10)}  # fmt: skip
_GUNICORN = {"workers", "threads", "worker_class", "worker_connections", "timeout", "max_requests", "keepalive"}


def read_python(text: str, shown: str) -> list[Row]:
    """What the pools and gunicorn's settings of a source file say."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            names.setdefault(_target(node.targets[0]), node.value)
        elif isinstance(node, ast.keyword) and node.arg is not None and node.arg.startswith("SQLALCHEMY_"):
            names.setdefault(node.arg, node.value)  # app.config.update(SQLALCHEMY_...)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            names.setdefault(node.target.id, node.value)
    rows: list[Row] = []
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.Call):
            rows += _python_call(node, names, shown)
    for name in ("SQLALCHEMY_ENGINE_OPTIONS", "ENGINE_OPTIONS"):
        if isinstance(names.get(name), ast.Dict):
            rows += _engine(_items(names[name]), names, shown, names[name].lineno)
    for key in ("SQLALCHEMY_POOL_SIZE", "SQLALCHEMY_MAX_OVERFLOW"):
        if key in names:
            value, by, _ = _number(names[key], names)
            rows.append(Row(key, value if value is not None else "", shown, names[key].lineno, by=by))
    if isinstance(names.get("DATABASES"), ast.Dict):
        rows += _django(names["DATABASES"], names, shown)
    if "gunicorn" in shown:
        for name in sorted(_GUNICORN & names.keys()):
            value, by, fallback = _number(names[name], names)
            written = ast.unparse(names[name])[:80]
            why = f"fallback of {written}" if fallback else ""
            shown_value = written if value is None else str(value)
            rows.append(Row(f"gunicorn {name}", shown_value, shown, names[name].lineno, None, why, by))
    return rows


def _target(node: ast.expr) -> str:
    """The name that is assigned to; the key of ``app.config["KEY"]``."""
    if isinstance(node, ast.Name):
        return node.id
    key = node.slice if isinstance(node, ast.Subscript) else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _python_call(node: ast.Call, names: dict[str, ast.expr], shown: str) -> list[Row]:
    name = (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
    options: dict[str, ast.expr] = {}
    for keyword in node.keywords:
        if keyword.arg is not None:
            options[keyword.arg] = keyword.value
        elif isinstance(keyword.value, ast.Name) and isinstance(names.get(keyword.value.id), ast.Dict):
            options |= _items(names[keyword.value.id])
    if name in _ENGINES:
        return _engine(options, names, shown, node.lineno)
    if name not in _POOLS or (name == "create_pool" and not {"min_size", "max_size", "dsn"} & options.keys()):
        return []
    if name == "ConnectionPool" and "max_connections" in options:
        value, by, _ = _number(options["max_connections"], names)
        return [
            Row(
                "Redis max_connections",
                value if value is not None else "",
                shown,
                options["max_connections"].lineno,
                by=by,
            )
        ]
    low, high, default = _POOLS[name]
    rows = [Row("", None, shown, node.lineno, "pool", name)]
    for option, path in ((low, "pool.min"), (high, "pool.max")):
        if option in options:
            rows += _option(option, options[option], path, names, shown)
    if not any(row.path == "pool.max" for row in rows):
        rows.append(Row(high, default, shown, node.lineno, "pool.max", f"documented: default of {name}: {default}"))
    return rows


def _engine(options: dict[str, ast.expr], names: dict[str, ast.expr], shown: str, line: int) -> list[Row]:
    """SQLAlchemy's QueuePool: at most pool_size + max_overflow connections."""
    rows = [Row("", None, shown, line, "pool", "SQLAlchemy")]
    if "poolclass" in options and "NullPool" in ast.unparse(options["poolclass"]):
        return [Row("poolclass NullPool", "a connection for each use", shown, options["poolclass"].lineno)]
    said: dict[str, tuple[Any, str, int]] = {}
    for option, default in (("pool_size", 5), ("max_overflow", 10)):
        node = options.get(option)
        if node is None:
            said[option] = (default, "", 0)
            continue
        value, by, _ = _number(node, names)
        if value is None:
            why = "not resolved: known only when it runs"
            rows.append(Row(f"{option}: {ast.unparse(node)[:60]}", "", shown, node.lineno, sentence=why, by=by))
            return rows
        said[option] = (value, by, node.lineno)
    size, by, at = said["pool_size"]
    over, _, over_at = said["max_overflow"]
    if over >= 0 and size > 0:
        why = f"pool_size {size} + max_overflow {over}"
        place = at or over_at
        rows.append(
            Row(
                "pool_size",
                size + over,
                shown,
                place or line,
                "pool.max",
                why if place else f"documented: SQLAlchemy: {why}",
            )
        )
        if at or over_at:
            rows.append(Row("pool_size", size, shown, at or line, "pool.min", "connections that are kept"))
    if "pool_timeout" in options:
        rows += _option("pool_timeout", options["pool_timeout"], "pool.connection_timeout", names, shown, 1000)
    else:
        rows.append(
            Row(
                "pool_timeout",
                "30 s",
                shown,
                line,
                "pool.connection_timeout",
                "documented: SQLAlchemy's default of 30 s",
            )
        )
    if "pool_recycle" in options:
        rows += _option("pool_recycle", options["pool_recycle"], "pool.max_lifetime", names, shown, 1000)
    return rows


def _option(name: str, node: ast.expr, path: str, names: dict[str, ast.expr], shown: str, unit: int = 0) -> list[Row]:
    value, by, fallback = _number(node, names)
    written = ast.unparse(node)[:60]
    if value is None or value < 0:
        return [
            Row(f"{name}: {written}", "", shown, node.lineno, sentence="not resolved: known only when it runs", by=by)
        ]
    plain = milliseconds(value * unit) if unit else value
    return [Row(name, plain, shown, node.lineno, path, f"fallback of {written}" if fallback else "", by=by)]


def _items(node: ast.expr) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _number(node: ast.expr, names: dict[str, ast.expr], depth: int = 0) -> tuple[int | float | None, str, bool]:
    """(number, variable that gives it, whether it is a fallback)."""
    if depth > 6:
        return None, "", False
    if isinstance(node, ast.Constant):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return node.value, "", False
        text = str(node.value)
        return (int(text) if text.isdecimal() and len(text) < 10 else None), "", False
    if isinstance(node, ast.Name) and node.id in names:
        return _number(names[node.id], names, depth + 1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Add):
        left, right = _number(node.left, names, depth + 1), _number(node.right, names, depth + 1)
        if left[0] is None or right[0] is None:
            return None, left[1] or right[1], False
        value = left[0] * right[0] if isinstance(node.op, ast.Mult) else left[0] + right[0]
        return value, left[1] or right[1], left[2] or right[2]
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        first, second = (_number(value, names, depth + 1) for value in node.values)
        return first if first[0] is not None else (second[0], first[1], True)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner, by, fallback = _number(node.operand, names, depth + 1)
        return (None if inner is None else -inner), by, fallback
    if isinstance(node, ast.Call):
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if "env" in ast.unparse(node.func).lower() and texts:
            default = [*node.args[1:], *(keyword.value for keyword in node.keywords if keyword.arg == "default")]
            usual = _number(default[0], names, depth + 1)[0] if default else None
            return usual, texts[0], usual is not None
        if len(node.args) == 1:
            return _number(node.args[0], names, depth + 1)
    return None, "", False


def _django(node: ast.expr, names: dict[str, ast.expr], shown: str) -> list[Row]:
    """Django without a pool has a connection for each thread of a worker; CONN_MAX_AGE says how long it is kept."""
    rows: list[Row] = []
    for database, settings in _items(node).items():
        items = _items(settings)
        if database != "default" or "ENGINE" not in items or "sqlite" in ast.unparse(items["ENGINE"]):
            continue
        rows.append(Row("", None, shown, settings.lineno, "pool", "Django"))
        if "CONN_MAX_AGE" in items:
            value, by, _ = _number(items["CONN_MAX_AGE"], names)
            shown_value = value if value is not None else ast.unparse(items["CONN_MAX_AGE"])[:40]
            rows.append(Row("CONN_MAX_AGE", shown_value, shown, items["CONN_MAX_AGE"].lineno, by=by))
        pool = _items(_items(items["OPTIONS"]).get("pool", ast.Constant(None))) if "OPTIONS" in items else {}
        for option, path, unit in (
            ("min_size", "pool.min", 0),
            ("max_size", "pool.max", 0),
            ("timeout", "pool.connection_timeout", 1000),
        ):
            if option in pool:
                rows += _option(option, pool[option], path, names, shown, unit)
    return rows

"""From nginx files to one configuration: which is the main one, what it includes, and templates filled in."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import crossplane

from novamodel.errors import UserError
from novamodel.importers.nginx.read import PASSES, Directive
from novamodel.yamlfile import read_text

_SIDE = re.compile(r"(^|[._/-])(dev|devel|development|local|test|example|sample|old|bak|maintenance)([._/-]|$)")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
MAX_DEPTH = 10

Leave = Callable[[str, int | None, str, str], None]


def read_files(
    paths: Sequence[tuple[Path, str]],
    environment: Mapping[str, str],
    skip: Callable[[str, UserError], None],
    leave: Leave,
) -> Directive | None:
    """The directives of all files as one configuration; None where none can be read.

    ``environment``: values that templates are filled in with. ``skip`` is told of every file that cannot be read,
    ``leave`` of what is not taken.
    """
    parsed: dict[str, tuple[Directive, ...]] = {}
    for path, shown in paths:
        try:
            parsed[shown] = _parse(path, shown, environment)
        except UserError as problem:
            skip(shown, problem)
    if not parsed:
        return None
    whole = [shown for shown, found in parsed.items() if any(each.name == "http" for each in found)]
    chosen = min(whole, key=lambda shown: _rank(shown, parsed[shown]), default=None)
    if not any(each.name in PASSES for found in parsed.values() for top in found for each in top.walk()):
        for shown, found in parsed.items():
            leave(shown, 1, "nginx configuration", "it passes no request on: it serves files")
            list_limits(found, leave)
        return None
    for shown in whole:
        if shown != chosen:
            leave(shown, 1, "nginx configuration", f"{chosen} is taken")
            list_limits(parsed[shown], leave)
    used: set[str] = set(whole)
    if chosen is None:
        inner = tuple(each for found in parsed.values() for each in found)
        first = next(iter(parsed))
        http = Directive("http", (), first, 1, inner)
        return Directive("main", (), first, 1, (http,))
    root = [_included(each, parsed, used, 0) for each in parsed[chosen]]
    rest = [each for shown, found in parsed.items() if shown not in used and _belongs(shown, chosen) for each in found]
    block = tuple(_with_sites(each, rest) if each.name == "http" else each for each in root)
    for shown in parsed:
        if shown not in used and not _belongs(shown, chosen):
            leave(shown, 1, "nginx configuration", f"{chosen}, which does not include it, is taken")
            list_limits(parsed[shown], leave)
    return Directive("main", (), chosen, 1, block)


def list_limits(found: Sequence[Directive], leave: Leave) -> None:
    """What a file that is not taken limits."""
    for top in found:
        for each in top.walk():
            if each.name in ("limit_req_zone", "limit_conn_zone", "worker_connections", "worker_processes"):
                leave(each.file, each.line, f"{each.name} {' '.join(each.args)[:80]}", "this file is not taken")


def _rank(shown: str, found: Sequence[Directive]) -> tuple[Any, ...]:
    """The main file: not one for development, one that passes requests on, near the top."""
    passes = sum(each.name in ("proxy_pass", "include", "upstream") for top in found for each in top.walk())
    return (bool(_SIDE.search(shown)), not passes, shown.count("/"), -passes, shown)


def _belongs(shown: str, chosen: str) -> bool:
    """Site files beside the main file or below its folder are meant to be included."""
    folder = str(PurePosixPath(chosen).parent)
    return not _SIDE.search(shown) and (folder == "." or shown.startswith(f"{folder}/"))


def _with_sites(http: Directive, rest: Sequence[Directive]) -> Directive:
    sites = tuple(
        each for each in rest if each.name in ("server", "upstream", "limit_req_zone", "limit_conn_zone", "map")
    )
    return http._replace(block=(*http.block, *sites))


def _included(each: Directive, parsed: Mapping[str, tuple[Directive, ...]], used: set[str], depth: int) -> Directive:
    """A directive whose block holds, in place of each ``include``, what the included files say."""
    if not each.block or depth > MAX_DEPTH:
        return each
    block: list[Directive] = []
    for inner in each.block:
        if inner.name != "include" or not inner.args:
            block.append(_included(inner, parsed, used, depth))
            continue
        for shown in _named(inner, parsed):
            used.add(shown)
            block += [_included(one, parsed, used, depth + 1) for one in parsed[shown]]
    return each._replace(block=tuple(block))


def _named(include: Directive, parsed: Mapping[str, tuple[Directive, ...]]) -> list[str]:
    """Files that an ``include`` means: beside the file, or whose path ends as its pattern does."""
    pattern = include.args[0].lstrip("/")
    others = [
        shown for shown in sorted(parsed) if shown != include.file and not any(e.name == "http" for e in parsed[shown])
    ]
    words = pattern.split("/")
    for size in range(len(words), 0, -1):
        tail = "/".join(words[-size:])
        if tail in ("*", "*.*", "*.conf") and size == 1:
            return []
        fits = [shown for shown in others if _ends(shown, tail)]
        if fits:
            return fits
    return []


def _ends(shown: str, tail: str) -> bool:
    size = tail.count("/") + 1
    end = "/".join(shown.split("/")[-size:])
    return fnmatch(end, tail) or fnmatch(end.removesuffix(".template"), tail)


def _parse(path: Path, shown: str, environment: Mapping[str, str]) -> tuple[Directive, ...]:
    text = read_text(path)
    if "{{" in text or "{%" in text:
        raise UserError("a template of another language: render it first", file=path)
    if not _VARIABLE.search(text):
        return _directives(_crossplane(path, path), shown)
    filled = _VARIABLE.sub(lambda match: environment.get(match[1], f"$unset_{match[1]}"), text)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text(filled, encoding="utf-8")
        return _directives(_crossplane(copy, path), shown)


def _crossplane(path: Path, named: Path) -> list[dict[str, Any]]:
    try:
        answer = crossplane.parse(str(path), single=True, check_ctx=False)
    except (RecursionError, ValueError, OSError) as problem:
        raise UserError(f"not a valid nginx configuration: {problem}", file=named) from None
    for fault in answer["errors"]:
        text = re.sub(r" in \S+:\d+$", "", str(fault["error"])).replace(str(path), named.name)
        raise UserError(f"not a valid nginx configuration: {text}", file=named, line=fault.get("line"))
    parsed: list[dict[str, Any]] = answer["config"][0]["parsed"]
    return parsed


def _directives(parsed: list[dict[str, Any]], shown: str) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            entry["directive"],
            tuple(entry["args"]),
            shown,
            entry["line"],
            _directives(entry.get("block", []), shown),
        )
        for entry in parsed
    )

"""Settings in files that no reader knows: what speaks of sizes, counts and times is listed with its value and line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.importers.folder import Found
from novamodel.importers.kinds import ending
from novamodel.importers.kubernetes.charts import leaves
from novamodel.importers.pools.capacity_words import speaks
from novamodel.importers.report import Draft

_WHY = "a setting in a kind of file that is not read"
_LINES = {".toml", ".ini", ".cfg", ".cnf", ".conf", ".properties", ".config", ".lua"}
_NAMES = re.compile(
    r"(^|/)(Caddyfile|Vagrantfile|Procfile|uwsgi[\w.-]*|supervisord[\w.-]*|haproxy[\w.-]*|php[\w.-]*\.ini)$"
)
_ASIDE = re.compile(
    r"(^|/)(\.?github|tests?|specs?|e2e|docs?|locales?|i18n|translations?|lang|messages|openapi|swagger|examples?|assets|public)/"
    r"|(^|/)(pyproject|Cargo|Gopkg|poetry|Pipfile|setup|tox|mypy|pytest|ruff|rustfmt|netlify|mkdocs|openapi|swagger|"
    r"codecov|dependabot|renovate|pnpm|yarn|package|tslint|eslint|prettier|lerna|turbo|gradle|log4j2?|logback)[\w.-]*$",
    re.I,
)
_SETTING = re.compile(
    r"(?:-[ \t]{1,8})?([A-Za-z_][\w.\[\]-]{1,60})(?:[ \t]{0,20}[=:][ \t]{0,20}|[ \t]{1,20})"
    r"[\"']?([\w.%/:]{1,40})[\"']?[ \t]{0,8};?(?:[ \t]{1,20}[#;][^\n]*)?"
)
_SECTION = re.compile(r"[ \t]*\[{1,2}([\w.\"' :-]{1,60})\]{1,2}[ \t]*")
MOST_FILES, MOST_A_FILE, MOST = 200, 60, 400
MOST_BYTES = 100_000


def list_unknown(found: Found, draft: Draft) -> None:
    """List the settings of files that stand in the folder and were not read."""
    read = set(found.files)
    count = files = 0
    for name in sorted(found.names - read, key=lambda one: (one.count("/"), one)):
        if _ASIDE.search(name) or files >= MOST_FILES or count >= MOST:
            continue
        rows = _yaml(name, found) if ending(name) in (".yml", ".yaml") else _plain(name, found)
        files += 1 if ending(name) in (".yml", ".yaml") or _is_plain(name) else 0
        for what, line in list(rows)[:MOST_A_FILE]:
            draft.leave(name, line, what, _WHY)
            count += 1


def _is_plain(name: str) -> bool:
    return ending(name) in _LINES or _NAMES.search(name) is not None


def _yaml(name: str, found: Found) -> Iterator[tuple[str, int]]:
    of_charts = any(name.startswith(f"{chart}/" if chart else "") for chart in found.unrendered)
    if of_charts or _size(name, found) > MOST_BYTES:
        return
    for document in found.documents_of(name):
        for path, node in leaves(document, ""):
            if speaks(path.rpartition(".")[2], node.text):
                yield f"{path}: {node.text}"[:120], node.line


def _plain(name: str, found: Found) -> Iterator[tuple[str, int]]:
    if not _is_plain(name) or _size(name, found) > MOST_BYTES:
        return
    section = ""
    for number, line in enumerate((found.text(name) or "").splitlines(), 1):
        head = _SECTION.fullmatch(line)
        section = head[1].strip("\"' ") if head else section
        match = _SETTING.fullmatch(line.strip()) if not line.lstrip().startswith(("#", ";", "//")) else None
        if match and speaks(match[1], match[2]):
            yield f"{f'{section}.' if section else ''}{match[1]} {match[2]}", number


def _size(name: str, found: Found) -> int:
    try:
        return (found.folder / name).stat().st_size
    except OSError:
        return MOST_BYTES + 1

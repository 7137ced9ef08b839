"""Hosts that a service's own source names: where no variable says whom it asks, the code often does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from novamodel.importers.folder import Found
from novamodel.importers.graph.boxes import Box, Text
from novamodel.importers.graph.links import Link
from novamodel.importers.names import image_name

ENDINGS = {
    ".py", ".js", ".ts", ".mjs", ".cjs", ".tsx", ".jsx", ".go", ".rb", ".java", ".kt", ".cs",
    ".php", ".rs", ".ex", ".exs", ".scala",
    ".yml", ".yaml", ".json", ".properties", ".toml", ".env", ".conf", ".xml",
}  # fmt: skip
MOST_FILES = 300
MOST_BYTES = 100_000
_SKIPPED = re.compile(
    r"(^|/)(tests?|specs?|__tests__|docs?|examples?)/|package-lock|yarn\.lock|[._-](test|spec)\.|docker-compose|compose\."
)


def source_links(box: Box, found: Found, known: Mapping[str, str]) -> list[Link]:
    """The links that the files below a container's folder show: URLs, and hosts given by name."""
    hosts = {host for host in known if len(host) > 1 and known[host] != box.name}
    folder = _folder(box, found)
    if folder is None or not hosts:
        return []
    words = "|".join(re.escape(host) for host in sorted(hosts, key=len, reverse=True))
    pattern = re.compile(
        rf"://(?:[^\s/@'\"]{{0,100}}@)?({words})(?=[:/'\"\s]|$)"
        rf"|(?:host|server|addr|address|url|uri|broker|endpoint|domain|Dial)\w{{0,20}}[\"']?\s{{0,4}}[=:,(]{{1,2}}\s{{0,4}}[\"']?({words})(?=[\"';,:)\s])",
        re.I,
    )
    result: dict[str, Link] = {}
    names = sorted(name for name in found.names if folder == "." or name.startswith(f"{folder}/"))
    files = [name for name in names if PurePosixPath(name).suffix in ENDINGS and not _SKIPPED.search(name)]
    for name in files[:MOST_FILES]:
        path = found.folder / name
        for match in pattern.finditer(_text(path)):
            target = known[(match[1] or match[2]).lower()]
            line = match.string.count("\n", 0, match.start()) + 1
            result.setdefault(target, Link(box.name, target, Text(match[0], name, line), "its source names the host"))
    return list(result.values())


_PROXY_FILES = re.compile(
    r"(^|/)(Caddyfile[\w.-]*|haproxy[\w.-]*\.cfg|traefik[\w.-]*\.(ya?ml|toml)|kong[\w.-]*\.ya?ml|envoy[\w.-]*\.ya?ml[\w.]*|[\w.-]+\.vcl"
    r"|httpd[\w.-]*\.conf|apache[\w.-]*\.conf)$"
)


def proxied(found: Found, known: Mapping[str, str]) -> list[tuple[str, Text]]:
    """Containers that the files of Caddy, HAProxy, Traefik, Kong, Envoy, Varnish and Apache send requests to."""
    if not known:
        return []
    words = "|".join(re.escape(host) for host in sorted(known, key=len, reverse=True))
    pattern = re.compile(rf"(?:://|[\s\"'@]|address:\s?)({words})(?=:\d|/|[\"'\s]*[,}}]?\s*$|\s)", re.M | re.I)
    result: dict[str, Text] = {}
    for name in sorted(one for one in found.names if _PROXY_FILES.search(one)):
        text = _text(found.folder / name)
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            result.setdefault(known[match[1].lower()], Text(match[1], name, line))
    return list(result.items())


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace") if path.stat().st_size <= MOST_BYTES else ""
    except OSError:
        return ""


def _folder(box: Box, found: Found) -> str | None:
    """The folder that a container is built from: its build context, or one that has its name or its image's."""
    if box.context and box.context != ".":
        return box.context
    folders = found.folders
    wanted = {box.name.lower(), image_name(box.image_name).rpartition("/")[2].lower()} - {""}
    fits = [one for one in folders if _is_named(one.rpartition("/")[2].lower(), wanted)]
    best = min(fits, key=lambda one: (one.count("/"), len(one), one), default=None)
    return best if best is not None else ("." if box.context == "." else None)


def _is_named(folder: str, wanted: set[str]) -> bool:
    return len(folder) > 2 and any(name == folder or name.endswith((f"-{folder}", f"_{folder}")) for name in wanted)

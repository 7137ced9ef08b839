"""Environment files: ``NAME=value`` lines with their places. Values are looked into, never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from novamodel.importers.graph.boxes import Text
from novamodel.yamlfile import read_text

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=(.*)")
_REFERENCE = re.compile(r"\$\{?(\w+)\}?")
PATTERNS = ("{}", "{}.example", "{}.sample", "{}.template", "{}.dist", "{}-example", "{}.defaults")
"""Names under which the pattern of an environment file is kept where the file itself is not."""


def read_environment_files(paths: Iterable[tuple[Path, str]]) -> dict[str, dict[str, Text]]:
    """Variables by file; a line that is none is passed over."""
    return {shown: _read(path, shown) for path, shown in paths}


def _read(path: Path, shown: str) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        match = _LINE.match(line)
        if match:
            found[match[1]] = Text(_expanded(match[2].strip(), found), shown, number)
    return found


def _expanded(value: str, before: dict[str, Text]) -> str:
    """``${NAME}`` replaced by what a line before says, but for values in single quotes."""
    plain = _plain(value)
    if value.startswith("'") or "$" not in value:
        return plain
    return _REFERENCE.sub(lambda match: (before[match[1]].value or "") if match[1] in before else match[0], plain)[
        :10_000
    ]


def _plain(value: str) -> str:
    """Without quotes, or without a comment behind the value."""
    if len(value) > 1 and value[0] in "\"'" and value.rfind(value[0]) > 0:
        return value[1 : value.rfind(value[0])]
    return value.split(" #", 1)[0].strip()


def named(files: dict[str, dict[str, Text]], path: str) -> dict[str, Text]:
    """The variables of a file, or of the pattern that is kept for it; none where neither is in the folder."""
    folder, slash, name = path.rpartition("/")
    stems = [name, *([f"{name.removesuffix('.env')}.example.env"] if name.endswith(".env") and name != ".env" else [])]
    for stem in stems:
        for pattern in PATTERNS:
            known = files.get(f"{folder}{slash}{pattern.format(stem)}")
            if known is not None:
                return known
    return {}

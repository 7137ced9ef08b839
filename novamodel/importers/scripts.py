"""Backup scripts: what they say of the backup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from novamodel.importers.report import Draft, Said
from novamodel.yamlfile import read_text

_NOW = re.compile(r"\$\(\s*date\b[^)]*%[HMS][^)]*\)")
_BUCKET_FILE = re.compile(r"(s3://[^\s\"']+?/)([^/\s\"']+\.[\w.]+)")


def say_backup(paths: Iterable[tuple[Path, str]], draft: Draft) -> None:
    """Name the place of the backup where a script dumps the database; when it runs, no script says."""
    for path, shown in paths:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if re.search(r"\bpg_dump(all)?\b", line) and not line.lstrip().startswith("#"):
                draft.say(Said("backup", None, shown, number))
                return

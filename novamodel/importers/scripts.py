"""Backup and recovery scripts: read, not modelled, and what in them cannot work."""

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


def find_faults(paths: Iterable[tuple[Path, str]], password_wanted: bool, draft: Draft) -> None:
    """Note what would fail in backup and recovery scripts; ``password_wanted``: Redis runs with requirepass."""
    scripts = {shown: read_text(path).splitlines() for path, shown in paths}
    written = {name for lines in scripts.values() for line in lines for name in _names_uploaded(line)}
    for shown, lines in scripts.items():
        draft.leave(shown, 1, "script", "read, not modelled")
        _first_line(shown, lines, draft)
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith("#"):
                continue
            _upload(shown, number, line, draft)
            _download(shown, number, line, written, draft)
            if password_wanted and "redis-cli" in line and not re.search(r"\s-a\b|--pass|REDISCLI_AUTH", line):
                draft.find(
                    "error",
                    "redis-without-password",
                    shown,
                    number,
                    "redis-cli gives no password and Redis wants one: NOAUTH, no dump is made",
                    "set REDISCLI_AUTH, and -h for the host",
                )


def _names_uploaded(line: str) -> list[str]:
    """Bucket folders and files that a line writes to S3."""
    match = re.search(r"aws s3 (?:cp|mv|sync)\s+(\S.*?)\s+(s3://\S+)", line)
    if not match:
        return []
    source, target = _NOW.sub("*", match[1]), match[2]
    return [target + source.rpartition("/")[2] if target.endswith("/") else target]


def _first_line(shown: str, lines: list[str], draft: Draft) -> None:
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    piped = "|" in re.sub(r"\|\|", "", text)
    strict = re.search(r"set\s+-\w*e", text)
    if text.strip() and (not strict or (piped and "pipefail" not in text)):
        draft.find(
            "warning",
            "script-hides-failure",
            shown,
            1,
            "the script goes on after a failed command and ends as if all were well",
            "begin with: set -euo pipefail",
        )


def _upload(shown: str, number: int, line: str, draft: Draft) -> None:
    match = re.search(r"aws s3 (?:cp|mv)\s+(\S.*?)\s+s3://", line)
    if match and _NOW.search(match[1]):
        draft.find(
            "error",
            "backup-uploads-other-name",
            shown,
            number,
            "the file's name is built from the clock again: seconds after the dump it is another name, "
            "and nothing is uploaded",
            "keep the name in a variable: f=/backups/novabank-$(date +%Y%m%d-%H%M%S).sql.gz",
        )


def _download(shown: str, number: int, line: str, written: set[str], draft: Draft) -> None:
    match = re.search(r"aws s3 cp\s+(s3://\S+)\s", line)
    if not match:
        return
    asked = _BUCKET_FILE.search(match[1])
    if asked and "*" not in asked[2] and "$" not in asked[2] and match[1] not in written:
        draft.find(
            "error",
            "recovery-file-never-written",
            shown,
            number,
            f"{match[1]} is fetched, and no script of this folder ever writes it: recovery cannot work",
            "fetch the newest object (aws s3 ls, sort), or upload a copy of that name",
        )

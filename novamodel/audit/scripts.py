"""Backup and recovery scripts: what in them cannot work, and what nobody runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from novamodel.audit.form import NotChecked, Place, fault, open_question
from novamodel.audit.money import kept
from novamodel.audit.seen import Seen
from novamodel.scenario import Finding

_NOW = re.compile(r"\$\(\s*date\b[^)]*%[HMS][^)]*\)")
_BUCKET_FILE = re.compile(r"(s3://[^\s\"']+?/)([^/\s\"']+\.[\w.]+)")
_DUMP = re.compile(r"\.(sql|dump|bak|rdb|pgdump|backup)(\.\w+)?$")
_DUMPS = re.compile(r"\b(pg_dump|pg_dumpall|pg_basebackup|mysqldump|mongodump)\b|\bredis-cli\b.*--rdb")
_CONNECTS = re.compile(r"\b(pg_dump|pg_dumpall|pg_restore|psql)\b")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of scripts that dump, upload or restore."""
    scripts = {
        shown: [(number, line) for number, line in enumerate(lines, 1) if not line.lstrip().startswith("#")]
        for shown, lines in seen.scripts().items()
    }
    written = {name for lines in scripts.values() for _, line in lines for name in _names_uploaded(line)}
    everything = "\n".join(line for lines in scripts.values() for _, line in lines)
    asks = any("--requirepass" in box.command for box in seen.boxes())
    for shown, lines in scripts.items():
        text = "\n".join(line for _, line in lines)
        yield from _whole(shown, lines, text, everything, seen)
        for number, line in lines:
            place = Place(shown, number)
            yield from _upload(place, line)
            yield from _download(place, line, text, written)
            given = "REDISCLI_AUTH" in text or re.search(r"\s-a\b|--pass|rediss?://", line)
            if asks and "redis-cli" in line and not given:
                message = "redis-cli gives no password and Redis wants one: NOAUTH, no dump is made"
                fix = "set REDISCLI_AUTH, and -h for the host"
                yield fault("redis-without-password", place, message, fix)
    yield from _never_restored(scripts)


def _whole(
    shown: str, lines: list[tuple[int, str]], text: str, everything: str, seen: Seen
) -> Iterator[Finding | NotChecked]:
    first = next((line for line in seen.scripts()[shown] if line.strip()), "")
    strict = re.search(r"set\s+(-\w*e|-o\s+errexit)", text) or re.match(r"#!.*\s-\w*e", first)
    posix = re.match(r"#!\s*/bin/(sh|dash|ash)\b", first)
    restores = [(number, line) for number, line in lines if re.search(r"\|\s*psql\b|\bpsql\b.*(\s-f\b|<)", line)]
    works = [line for _, line in lines if _DUMPS.search(line)] + [line for _, line in restores]
    piped = any("|" in line.replace("||", "") for line in works)
    if works and (not strict or (piped and not posix and "pipefail" not in text)):
        message = "the script goes on after a failed command and ends as if all were well"
        yield fault("script-hides-failure", Place(shown, 1), message, "begin with: set -euo pipefail")
    for number, line in restores:
        if "ON_ERROR_STOP" not in text and "--single-transaction" not in line and not re.search(r"\s-1\b", line):
            message = "psql goes on after an error and ends with 0: half a database counts as restored"
            fix = "psql -v ON_ERROR_STOP=1 --single-transaction"
            yield fault("restore-goes-on", Place(shown, number), message, fix)
    plain = re.search(r"\bpg_dump\b(?![^\n|]*(\s-c\b|--clean|\s-C\b|--create|\s-F\s*[cdt]|--format))", everything)
    emptied = re.search(r"dropdb|createdb|drop\s+(database|schema)|create\s+database|pg_restore", text, re.I)
    if restores and plain and not emptied:
        message = "a plain dump goes into a database that is not emptied: tables exist, rows collide or come twice"
        fix = "createdb a new one and restore into it, or dump with --clean --if-exists"
        yield fault("restore-into-full-database", Place(shown, restores[0][0]), message, fix)
    connects = next(
        ((number, line) for number, line in lines if _CONNECTS.search(line) and re.search(r"\s-h", line)), None
    )
    if connects and not re.search(r"PGPASS|\.pgpass|service=|postgres(ql)?://|PGSERVICE", text):
        message = "nothing gives a password (PGPASSWORD, .pgpass): run by a clock it has nobody to ask and fails"
        fix = "set PGPASSFILE, or PGPASSWORD from a secret"
        yield fault("script-without-password", Place(shown, connects[0]), message, fix)
    dump = next(((number, line) for number, line in lines if _DUMPS.search(line)), None)
    if dump is not None:
        yield from _schedule(shown, dump[0], seen)
        yield from _kept(shown, lines, text, seen)


def _schedule(shown: str, number: int, seen: Seen) -> Iterator[Finding | NotChecked]:
    """Whether anything of the folder runs the script."""
    name = PurePosixPath(shown).name
    found = seen.sources.found
    others = [file for file in found.names if file != shown and file.rpartition(".")[2] in _RUNS | {file}]
    named = [file for file in others[:2000] if name in seen.text(file)]
    if named:
        return
    if seen.unread:
        yield open_question("backup-not-scheduled", Place(shown, number), f"what runs {shown}: {seen.unread}")
        return
    message = f"no file of this folder runs {name}: no CronJob, workflow, crontab or timer; nothing is backed up"
    fix = "run it by a CronJob (or a schedule), and say so when it fails"
    yield fault("backup-not-scheduled", Place(shown, number), message, fix)


_RUNS = {
    "yaml",
    "yml",
    "sh",
    "tf",
    "json",
    "timer",
    "service",
    "cron",
    "crontab",
    "Dockerfile",
    "Makefile",
    "toml",
    "py",
}


def _kept(shown: str, lines: list[tuple[int, str]], text: str, seen: Seen) -> Iterator[Finding | NotChecked]:
    """Old dumps are deleted here and stay in the bucket for ever."""
    deletes = next((number for number, line in lines if re.search(r"\bfind\b.*-mtime.*(-delete|rm\b)", line)), None)
    uploads = next((number for number, line in lines if re.search(r"aws s3 (cp|mv|sync)\s+\S.*s3://", line)), None)
    if deletes is None or uploads is None or re.search(r"aws s3 rm|s3api delete|lifecycle", text):
        return
    estate = seen.sources.estate
    if estate.of("aws_s3_bucket_lifecycle_configuration") or any(
        one.body["lifecycle_rule"] for one in estate.of("aws_s3_bucket")
    ):
        return
    if estate.of("module"):
        yield open_question("bucket-kept-for-ever", Place(shown, uploads), "whether the bucket has a lifecycle")
        return
    paid = kept("s3.standard.storage", seen)
    message = f"old dumps are deleted on this machine only: in the bucket every one is kept for ever, {paid}"
    fix = "add an aws_s3_bucket_lifecycle_configuration"
    yield fault("bucket-kept-for-ever", Place(shown, deletes), message, fix)


def _never_restored(scripts: dict[str, list[tuple[int, str]]]) -> Iterator[Finding]:
    """Where the folder has a recovery script, a store that is dumped and that no script brings back."""
    text = "\n".join(line for lines in scripts.values() for _, line in lines)
    restores = re.search(r"\|\s*psql\b|\bpg_restore\b|\bpsql\b.*(\s-f\b|<)", text)
    for shown, lines in scripts.items():
        for number, line in lines:
            if (
                restores
                and re.search(r"redis-cli\b.*--rdb", line)
                and not any(_brings_dump_back(one) for one in text.splitlines())
            ):
                message = "the cache is dumped, and no script of this folder ever brings the dump back"
                yield fault("dump-never-restored", Place(shown, number), message, "write the recovery, and try it")
                return


def _brings_dump_back(line: str) -> bool:
    """Whether a line copies a Redis dump to where Redis reads it, or speaks of restoring one."""
    words = line.split()
    copied = any(one.endswith(".rdb") and "/data" in to for one, to in pairwise(words) if {"cp", "mv"} & set(words))
    return copied or ("restore" in line and "rdb" in line)


def _names_uploaded(line: str) -> list[str]:
    """Bucket folders and files that a line writes to S3."""
    match = re.search(r"aws s3 (?:cp|mv|sync)\s+(\S.*?)\s+(s3://\S+)", line)
    if not match:
        return []
    source, target = _NOW.sub("*", match[1]), match[2]
    return [target + source.rpartition("/")[2] if target.endswith("/") else target]


def _upload(place: Place, line: str) -> Iterator[Finding]:
    match = re.search(r"aws s3 (?:cp|mv)\s+(\S.*?)\s+s3://", line)
    if match and _NOW.search(match[1]):
        message = "the file's name is built from the clock again: seconds after the dump it is another name, "
        fix = "keep the name in a variable: f=/backups/novabank-$(date +%Y%m%d-%H%M%S).sql.gz"
        yield fault("backup-uploads-other-name", place, f"{message}and nothing is uploaded", fix)


def _download(place: Place, line: str, text: str, written: set[str]) -> Iterator[Finding]:
    match = re.search(r"aws s3 cp\s+[\"']?(s3://[^\s\"']+)", line)
    if not match or not written:
        return
    asked = _BUCKET_FILE.search(match[1])
    dump = asked is not None and (_DUMP.search(asked[2]) or re.search(r"\b(psql|pg_restore)\b", text))
    if asked and dump and "*" not in asked[2] and "$" not in match[1] and match[1] not in written:
        message = f"{match[1]} is fetched, and no script of this folder ever writes it: recovery cannot work"
        fix = "fetch the newest object (aws s3 ls, sort), or upload a copy of that name"
        yield fault("recovery-file-never-written", place, message, fix)

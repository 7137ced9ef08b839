"""Opening recorded files: plain or gzip, and which format they are in."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from novamodel.errors import UserError

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


def checked(paths: list[Path]) -> list[Path]:
    """The files, if there are any and all are files."""
    if not paths:
        raise UserError("replay: no file", valid="one or more access logs, CSV or Parquet files")
    for path in paths:
        if not path.is_file():
            raise UserError("replay: there is no such file", file=path)
    return paths


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """A file's text, unpacked where it is gzip; bytes that are no UTF-8 become replacement characters."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            data = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
            with io.TextIOWrapper(data, encoding="utf-8-sig", errors="replace", newline="") as text:
                yield text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"replay: the gzip file is broken or cut off ({error})", file=path) from error
    except OSError as error:
        raise UserError(f"replay: cannot read the file ({error.strerror or error})", file=path) from error


def format_of(path: Path) -> str:
    """Format by the file's ending, else by its first bytes; rotated names (``access.log.2.gz``) are nginx's."""
    endings = [ending for ending in path.suffixes if ending in _ENDINGS]
    if endings:
        return _ENDINGS[endings[-1]]
    with path.open("rb") as raw:
        if raw.read(4) == _PARQUET:
            return "parquet"
    with open_text(path) as text:
        return "json" if text.read(4096).lstrip().startswith("{") else "nginx"

"""Standard output carries the answer and nothing else; everything said beside it goes to standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from typing import Any

_CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(9), *range(11, 32), 127, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Characters that steer a terminal, and how they are shown."""
LEAST_WIDTH = 60


def terminal_width() -> int:
    """Columns of the terminal; 80 where there is none and COLUMNS does not say."""
    return max(LEAST_WIDTH, shutil.get_terminal_size().columns)


def say(text: str) -> None:
    """Print to standard output; what steers a terminal is escaped, what its encoding lacks becomes question marks."""
    stream = sys.stdout
    if stream is None:
        return
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    stream.write(f"{text.translate(_CONTROLS)}\n")
    stream.flush()


def abandon() -> None:
    """Whoever read our standard output has gone: what Python flushes at its end goes nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_json(value: Any) -> None:
    """Print one JSON object to standard output: nan becomes null, text stays ASCII."""
    from novamodel.workflows.answer import to_json

    say(json.dumps(json.loads(to_json(value)), indent=2))


def note(text: str) -> None:
    """Print one line to standard error; what is not printable is escaped."""
    if sys.stderr is not None:
        shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
        with suppress(OSError):
            sys.stderr.write(f"{shown}\n")
            sys.stderr.flush()


def note_block(text: str) -> None:
    """Print several lines to standard error."""
    for line in text.splitlines():
        note(line)

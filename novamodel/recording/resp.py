"""As much of Redis's protocol as a client needs that sends commands, many at once, and reads answers or errors."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

CHUNK = 1000
"""Commands sent before their answers are read."""


class Redis:
    """A connection; an error is an answer that begins with ``-``."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")

    def ask(self, *words: Any) -> Any:
        """One command's answer."""
        return self.ask_all([words])[0]

    def ask_all(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The answers of many commands, in order."""
        commands, found = list(commands), []
        for start in range(0, len(commands), CHUNK):
            part = commands[start : start + CHUNK]
            self.socket.sendall(b"".join(_packed(words) for words in part))
            found += [self._answer() for _ in part]
        return found

    def info(self, name: str) -> int:
        """A whole number of INFO."""
        lines = self.ask("INFO").splitlines()
        return int(next(line.partition(":")[2] for line in lines if line.startswith(f"{name}:")))

    def close(self) -> None:
        """End the connection."""
        self.file.close()
        self.socket.close()

    def _answer(self) -> Any:
        line = self.file.readline().rstrip(b"\r\n").decode()
        kind, rest = line[:1], line[1:]
        if kind == "$":
            return None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode(errors="replace")
        if kind == "*":
            return [self._answer() for _ in range(int(rest))]
        return int(rest) if kind == ":" else rest if kind == "+" else line


def _packed(words: tuple[Any, ...]) -> bytes:
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)

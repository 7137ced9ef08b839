"""As much of PostgreSQL's protocol as a client needs that sends simple queries and reads answers or errors."""

from __future__ import annotations

import contextlib
import socket
import struct


class Client:
    """A connection; `RuntimeError` with the server's words where it refuses."""

    def __init__(self, port: int, user: str, database: str = "shop", **more: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=90)
        self.rest = b""
        pairs = {"user": user, "database": database} | more
        words = b"".join(word.encode() + b"\0" for pair in pairs.items() for word in pair) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
        error, _ = self.until_ready()
        if error:
            self.socket.close()
            raise RuntimeError(error)

    def query(self, sql: str) -> tuple[str, list[str]]:
        """``("ok", first column)``, or the error's words."""
        text = sql.encode() + b"\0"
        try:
            self.socket.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
            error, rows = self.until_ready()
        except OSError:
            return "gone", []
        return error or "ok", rows

    def until_ready(self) -> tuple[str, list[str]]:
        """Read up to ReadyForQuery, or to the end after an error."""
        error, rows = "", []
        while True:
            kind, body = self.message()
            if kind == b"E":
                fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
                error = fields.get(b"M", b"?").decode()
            elif kind == b"D":
                (length,) = struct.unpack("!i", body[2:6])
                rows.append(body[6 : 6 + max(length, 0)].decode())
            if kind in (b"Z", b""):
                return error or ("gone" if kind == b"" else ""), rows

    def message(self) -> tuple[bytes, bytes]:
        """The next message; an empty kind at the end of the connection."""
        head = self.read(5)
        if len(head) < 5:
            return b"", b""
        return head[:1], self.read(struct.unpack("!i", head[1:])[0] - 4)

    def read(self, count: int) -> bytes:
        """So many bytes, or fewer at the end."""
        while len(self.rest) < count:
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                break
            self.rest += more
        found, self.rest = self.rest[:count], self.rest[count:]
        return found

    def close(self) -> None:
        """Terminate."""
        with contextlib.suppress(OSError):
            self.socket.sendall(b"X\0\0\0\4")
        self.socket.close()

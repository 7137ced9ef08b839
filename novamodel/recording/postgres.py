"""A PostgreSQL and a PgBouncer before it, on loopback."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.recording.programs import as_postgres, find_program, give_to_postgres, running
from novamodel.recording.wire import Client

USERS = ("a", "b")
CONNECTIONS = 40
"""max_connections, of which PostgreSQL reserves 3."""


@contextmanager
def postgres_server(folder: Path) -> Iterator[int]:
    """The port of a PostgreSQL with a database ``shop`` and the users a and b."""
    give_to_postgres(folder)
    data, program = folder / "data", find_program("postgres")
    made = subprocess.run(
        [find_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
        capture_output=True, cwd=folder, **as_postgres(),
    )  # fmt: skip
    if made.returncode != 0:
        raise UserError(f"initdb fails here: {made.stderr.decode()[:300]}")
    words = f"-k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections={CONNECTIONS}".split()
    with running(lambda port: [program, "-D", data, "-p", port, *words], folder, **as_postgres()) as port:
        admin = _admin(port)
        for user in USERS:
            admin.query(f"create role {user} login")
        admin.query("create database shop")
        admin.close()
        yield port


def _admin(port: int) -> Client:
    for _ in range(100):
        try:
            return Client(port, "postgres", "postgres")
        except (OSError, RuntimeError):
            time.sleep(0.1)
    raise UserError("PostgreSQL lets nobody in")


@contextmanager
def pgbouncer_before(folder: Path, postgres: int, settings: Mapping[str, Any], of_database: str = "") -> Iterator[int]:
    """The port of a PgBouncer with some settings of its own and of its database ``shop``."""
    program, users = find_program("pgbouncer"), folder / "users.txt"
    users.write_text("".join(f'"{user}" ""\n' for user in (*USERS, "postgres")), encoding="utf-8")
    where = f"shop = host=127.0.0.1 port={postgres} dbname=shop {of_database}"

    def words_for(port: int) -> list[Any]:
        lines = {
            "listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "trust", "auth_file": users,
            "unix_socket_dir": "", "admin_users": "postgres",
        } | dict(settings)  # fmt: skip
        ini = folder / f"{port}.ini"
        text = "\n".join(f"{name} = {value}" for name, value in lines.items())
        ini.write_text(f"[databases]\n{where}\n[pgbouncer]\n{text}\n", encoding="utf-8")
        return [program, ini]

    with running(words_for, folder, **as_postgres()) as port:
        yield port

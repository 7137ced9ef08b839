"""Living components on loopback, from Debian's packages; a skip says what is missing."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside the tests
USERS = ("a", "b")


def program(name: str) -> str:
    """Where a program lies; a test that needs one that is not there is skipped."""
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))), None)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt install postgresql pgbouncer nginx-light)")
    return found


def ordinary() -> dict[str, Any]:
    """PostgreSQL and PgBouncer refuse to run as root."""
    if os.getuid() != 0:
        return {}
    import pwd

    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("there is no user postgres to run as, and root may not")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    for _ in range(200):
        if process.poll() is not None:
            pytest.skip(f"{name} does not start here: exit {process.returncode}")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.skip(f"{name} does not answer within 10 s")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the user of the servers may enter."""
    place = tmp_path_factory.mktemp("living")
    if ordinary():
        for part in (place, *place.parents):
            if part.stat().st_uid == 0 and part != Path("/tmp") and str(part).startswith("/tmp/"):
                part.chmod(0o755)
        shutil.chown(place, "postgres", "postgres")
    return place


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[int]:
    """The port of a PostgreSQL with 40 connections, 3 of them reserved."""
    data, port = folder / "data", free_port()
    made = subprocess.run(
        [program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
        capture_output=True, cwd=folder, **ordinary(),
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"initdb fails here: {made.stderr.decode()[:300]}")
    words = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40"
    process = subprocess.Popen(
        [program("postgres"), "-D", data, *words.split()],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **ordinary(),
    )  # fmt: skip
    try:
        wait_for(port, process, "PostgreSQL")
        from wire import Client

        for _ in range(100):
            try:
                admin = Client(port, "postgres", "postgres")
                break
            except (OSError, RuntimeError):
                time.sleep(0.1)
        for user in USERS:
            admin.query(f"create role {user} login")
        admin.query("create database shop")
        admin.close()
        yield port
    finally:
        stop(process)


@pytest.fixture
def bouncer(folder: Path, postgres: int) -> Iterator[Callable[..., int]]:
    """`bouncer(settings, of_database)` starts a PgBouncer and gives its port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(settings: dict[str, Any], of_database: str = "") -> int:
        port = free_port()
        users = folder / "users.txt"
        users.write_text("".join(f'"{user}" ""\n' for user in (*USERS, "postgres")), encoding="utf-8")
        lines = {"listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "trust", "auth_file": users,
                 "unix_socket_dir": "", "admin_users": "postgres"} | settings  # fmt: skip
        ini = folder / f"{port}.ini"
        text = "\n".join(f"{name} = {value}" for name, value in lines.items())
        where = f"shop = host=127.0.0.1 port={postgres} dbname=shop {of_database}"
        ini.write_text(f"[databases]\n{where}\n[pgbouncer]\n{text}\n", encoding="utf-8")
        process = subprocess.Popen(
            [program("pgbouncer"), ini], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **ordinary()
        )
        started.append(process)
        wait_for(port, process, "PgBouncer")
        return port

    yield start
    for process in started:
        stop(process)

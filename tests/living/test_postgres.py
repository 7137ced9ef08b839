"""PostgreSQL and the model admit and refuse the same connections, with the same words."""

from __future__ import annotations

import pytest

from novamodel.components.postgres.admission import admit_connection, admit_session, admit_walsender
from novamodel.recording.wire import Client

MOST, RESERVED = 40, 3  # of the fixture


@pytest.fixture
def version(postgres: int) -> int:
    admin = Client(postgres, "postgres", "postgres")
    number = int(admin.query("show server_version_num")[1][0])
    admin.close()
    return number // 10000


def opened(port: int, user: str, upto: int) -> tuple[list[Client], str]:
    """Open connections until one is refused, or there are so many; the refusal's words."""
    clients: list[Client] = []
    while len(clients) < upto:
        try:
            clients.append(Client(port, user))
        except RuntimeError as error:
            return clients, str(error)
    return clients, ""


def close(clients: list[Client]) -> None:
    for client in clients:
        client.close()


def test_slots_are_reserved_for_superusers(postgres: int, version: int) -> None:
    ordinary, refusal = opened(postgres, "a", MOST)
    try:
        expected = admit_connection(len(ordinary), MOST, RESERVED, superuser=False, version=version)
        assert (len(ordinary), refusal) == (MOST - RESERVED, expected.message)
        assert all(admit_connection(n, MOST, RESERVED, superuser=False).accepted for n in range(len(ordinary)))
        super_ones, refusal = opened(postgres, "postgres", MOST)
        try:
            expected = admit_connection(MOST, MOST, RESERVED, superuser=True, version=version)
            assert (len(super_ones), refusal) == (RESERVED, expected.message)
        finally:
            close(super_ones)
    finally:
        close(ordinary)


def test_a_role_has_a_limit_of_its_own(postgres: int) -> None:
    admin = Client(postgres, "postgres", "postgres")
    admin.query("alter role b connection limit 2")
    clients, refusal = opened(postgres, "b", 5)
    try:
        assert len(clients) == sum(admit_session("b", sessions, 2).accepted for sessions in range(5))
        assert refusal == admit_session("b", 2, 2).message
    finally:
        close(clients)
        admin.query("alter role b connection limit -1")
        admin.close()


def test_streaming_has_slots_of_its_own(postgres: int) -> None:
    admin = Client(postgres, "postgres", "postgres")
    (most,) = admin.query("show max_wal_senders")[1]
    admin.close()
    streams: list[Client] = []
    refusal = ""
    for _ in range(int(most) + 2):
        try:
            streams.append(Client(postgres, "postgres", "postgres", replication="true"))
        except RuntimeError as error:
            refusal = str(error)
            break
    close(streams)
    assert len(streams) == sum(admit_walsender(n, int(most)).accepted for n in range(int(most) + 2))
    assert refusal == admit_walsender(int(most), int(most)).message


COUNTS_NO_STREAM_FROM = {13: 19, 14: 16, 15: 11, 16: 7, 17: 3}
"""By major version: the first minor one whose CONNECTION LIMIT leaves streams out; later ones all do."""


def test_a_role_s_limit_counts_no_streams(postgres: int) -> None:
    admin = Client(postgres, "postgres", "postgres")
    number = int(admin.query("show server_version_num")[1][0])
    if number % 10000 < COUNTS_NO_STREAM_FROM.get(number // 10000, 0):
        pytest.skip(f"PostgreSQL {number // 10000}.{number % 10000} still counts streams")
    admin.query("alter role b replication connection limit 1")
    opened_ones: list[Client] = []
    try:
        opened_ones += [Client(postgres, "b", "postgres", replication="true") for _ in range(2)]
        opened_ones.append(Client(postgres, "b"))
        with pytest.raises(RuntimeError, match=admit_session("b", 1, 1).message):
            opened_ones.append(Client(postgres, "b"))
        assert admit_session("b", 0, 1).accepted
    finally:
        close(opened_ones)
        admin.query("alter role b noreplication connection limit -1")
        admin.close()

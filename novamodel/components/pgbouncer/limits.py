"""What PgBouncer refuses: clients over `max_client_conn`, and transactions in statement mode.

src/client.c counts the new client in: one more than the limit is refused at login. In statement mode (src/server.c) a
client is closed as soon as its server says that a transaction is open.
"""

from __future__ import annotations

from novamodel.components.rule import rule

NO_MORE_CLIENTS = "no more connections allowed (max_client_conn)"


@rule
def client_admitted(open_now: int, max_client_conn: int) -> bool:
    """Whether one more client may log in."""
    return open_now + 1 <= max_client_conn


def first_refusing(max_client_conn: int, pool_max: int) -> int:
    """The least number of replicas, each with ``pool_max`` connections, of which PgBouncer refuses one."""
    return max_client_conn // pool_max + 1


def begins_transaction(sql: str) -> bool:
    """Whether a statement leaves a transaction open."""
    words = sql.upper().replace(";", " ").split()
    return words[:1] == ["BEGIN"] or words[:2] == ["START", "TRANSACTION"]

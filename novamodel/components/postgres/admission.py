"""Whether PostgreSQL accepts one more connection, and with which words it refuses.

src/backend/utils/init/postinit.c (InitPostgres) and replication/walsender.c; the texts are PostgreSQL 15's, and from 16
on those that name the role attribute. Streaming replicas have slots of their own (`max_wal_senders`; from 12 on, before
they were of `max_connections`), and a role's CONNECTION LIMIT counts its ordinary sessions only (measured with 15.18;
before 13.19, 14.16, 15.11, 16.7 and 17.3 it counted streams, too).
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.rule import rule

TOO_MANY = "53300"
"""SQLSTATE of every refusal for want of a slot."""
NEW_WORDS_FROM = 16


class Admission(NamedTuple):
    """Whether a connection is accepted; SQLSTATE and message of a refusal."""

    accepted: bool
    sqlstate: str = ""
    message: str = ""


@rule
def slot_free(open_connections: int, max_connections: int, reserved: int) -> bool:
    """Whether a role without superuser rights finds a slot."""
    return open_connections < max_connections - reserved


def admit_connection(open_connections: int, max_connections: int, reserved: int, superuser: bool,
                     version: int = 15) -> Admission:  # fmt: skip
    """One more ordinary connection, beside those that are open."""
    if slot_free(open_connections, max_connections, 0 if superuser else reserved):
        return Admission(True)
    if open_connections >= max_connections:
        return Admission(False, TOO_MANY, "sorry, too many clients already")
    roles = (
        "roles with the SUPERUSER attribute" if version >= NEW_WORDS_FROM else "non-replication superuser connections"
    )
    return Admission(False, TOO_MANY, f"remaining connection slots are reserved for {roles}")


def admit_session(role: str, sessions: int, limit: int) -> Admission:
    """One more ordinary session of a role, beside those that it has; ``limit`` -1 = none."""
    if limit < 0 or sessions < limit:
        return Admission(True)
    return Admission(False, TOO_MANY, f'too many connections for role "{role}"')


def admit_walsender(streaming: int, max_wal_senders: int) -> Admission:
    """One more streaming replica or base backup, beside those that stream."""
    if streaming < max_wal_senders:
        return Admission(True)
    text = f"number of requested standby connections exceeds max_wal_senders (currently {max_wal_senders})"
    return Admission(False, TOO_MANY, text)

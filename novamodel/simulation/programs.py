"""A scenario's routes as one table of operations that both engines walk: `program_book` writes it."""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.simulation.layout import Link


class Programs(NamedTuple):
    """Columns by operation, by program, and by draw of a program (program * most_draws + draw)."""

    op: Column
    idle: Column  # mean seconds of a burst that finds its core idle
    busy: Column  # mean seconds of one that does not
    draw: Column  # which of the request's draws multiplies it, or says whether it happens; NONE = none
    other_draw: Column  # draw of the server in between: PgBouncer's CPU of a statement; NONE = none
    jump: Column  # operation to go on at: behind a hit, behind steps not taken, at a branch
    share: Column  # of gets that hit (keys not kept), of steps taken, of transactions read elsewhere, of failures
    storage: Column  # storage operations of a statement
    commit: Column  # what a statement is to its transaction
    station: Column  # place, balance, cache, link, site, queue or external that is asked; kind of internal job
    read_link: Column  # of an ACQUIRE: the link to read replicas, or NONE
    command: Column  # of a CACHE: get, set or delete
    space: Column  # its keyspace
    many: Column  # how many keys it is about
    route: Column  # of BEGIN and RECORD: the route asked for
    start: Column  # by program: first operation
    service: Column  # by program: service number, or NONE
    entry: Column  # by program: route that it answers callers from outside with, or NONE
    choose: Column  # by program: its CHOOSE, or NONE
    repeats: Column  # by program: 1 = what was in flight may be sent to another replica
    draws: Column  # by program: how many draws it needs
    law: Column  # by draw: row of the laws


class ProgramBook(NamedTuple):
    """The table and the names behind its numbers."""

    table: Programs
    most_draws: int
    names: tuple[str, ...]  # of the programs, for tables
    routes: tuple[str, ...]  # routes asked for from outside
    entries: dict[tuple[str, str], int]  # (edge or 'direct', route) -> program
    services: tuple[str, ...]
    internal: dict[tuple[str, int], int]  # (service, kind of internal job) -> program
    work: dict[tuple[str, str], int]  # (service, name of the consumer) -> program
    callers: dict[tuple[str, str], int]  # (source whose callers wait or come back, route; '' for users) -> program
    messages: dict[str, int]  # queue -> program of its messages, for the counts
    links: dict[Link, tuple[int, int]]  # programs of a connection set-up, and of a refused one
    logins: dict[tuple[str, bool], tuple[int, int]]  # (database, read replicas) -> the same of PgBouncer's logins
    demands: dict[tuple[int, str], int]  # (program, step) -> draw that a recorded demand replaces
    first_hit: dict[int, int]  # program -> draw of its first cache get
    keyspaces: dict[int, tuple[str, str]]  # operation of a get whose keys are not kept -> cache and keyspace
    statements: dict[int, str]  # operation of a statement -> database
    curves: list[list[tuple[float, float]]]  # (utilisation, seconds) of demands that follow it

"""PostgreSQL streaming replicas that answer a share of what is only read, some time behind the primary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from novamodel.scenario.demand import Statement, Step
from novamodel.scenario.fields import ClientCount, Cores, Part, Seconds, Share, given
from novamodel.scenario.machines import database_classes, nearest

if TYPE_CHECKING:
    from novamodel.scenario.backend import Database

ReplicaNumber = Annotated[int, Field(ge=1, le=15, strict=True)]


class ReadReplicas(Part):
    """Streaming replicas of PostgreSQL that answer reads."""

    thin = "replay of the log costs them nothing, the lag is constant, and a reader is chosen for each request"

    count: ReplicaNumber = given(1, "read replicas", "assumed")
    share: Share = given(
        1.0,
        "share of the requests whose transactions go there, as far as these only read and the request has not "
        "written before",
        "assumed",
    )
    lag: Seconds = given("100 ms", "how far behind the primary they are", "assumed: seconds under load")
    instance_class: str | None = given(None, "RDS class (left out: the primary's)", "default: as the primary")
    cores: Cores | None = given(None, "cores of each (left out: those of its class)", "default: as the primary")
    max_connections: ClientCount | None = given(
        None, "connections that each accepts (left out: those of its class)", "default: as the primary"
    )

    @model_validator(mode="after")
    def _known(self) -> ReadReplicas:
        name = self.instance_class
        if name is not None and not any(one.name == name for one in database_classes()):
            raise ValueError(f"RDS class {name!r} is not known; {nearest(name, database_classes())}")
        if self.cores is not None and self.cores != int(self.cores):
            raise ValueError(f"a database server has whole cores, not {self.cores:g}")
        return self


def replica_cores(database: Database) -> int:
    """Cores of one read replica; those of the primary where nothing else is said."""
    replicas = database.read_replicas
    if replicas is None or (replicas.cores is None and replicas.instance_class is None):
        return int(database.cores)
    if replicas.cores is not None:
        return int(replicas.cores)
    return int(next(one.cores for one in database_classes() if one.name == replicas.instance_class))


def replica_connections(database: Database) -> int:
    """Connections that one read replica accepts from applications."""
    replicas = database.read_replicas
    most = database.max_connections
    if replicas is not None and replicas.max_connections is not None:
        most = replicas.max_connections
    elif replicas is not None and replicas.instance_class is not None:
        most = next(one.max_connections for one in database_classes() if one.name == replicas.instance_class)
    return most - database.reserved_connections


def writes(statements: dict[str, Statement], sql: tuple[str | Step, ...]) -> bool:
    """Whether a transaction has a statement that writes."""
    return any(isinstance(inner, str) and statements[inner].writes > 0 for inner in sql)


def may_read_elsewhere(statements: dict[str, Statement], steps: tuple[Step, ...]) -> frozenset[int]:
    """Identities (`id`) of a route's sql steps that a read replica may answer.

    A transaction that only reads, as long as nothing in front of it has written: behind the request's own write a
    replica would answer with what it has not got yet.
    """
    found = set()
    for step in _transactions(steps):
        if writes(statements, step.sql or ()):
            break
        found.add(id(step))
    return frozenset(found)


def _transactions(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if step.sql is not None:
            yield step
        if step.cache is not None:
            yield from _transactions(step.cache.on_miss)

"""PostgreSQL streaming replicas that answer a share of what is only read, some time behind the primary."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from novamodel.scenario.demand import MAIN, Statement, Step, walk_steps
from novamodel.scenario.fields import ClientCount, Cores, Part, Seconds, Share, given
from novamodel.scenario.machines import DatabaseClass, database_classes, nearest

ReplicaNumber = Annotated[int, Field(ge=1, le=15, strict=True)]


class ReadReplicas(Part):
    """Streaming replicas of PostgreSQL that answer reads."""

    simplified = "replay of the log costs them nothing, the lag is constant, and a reader is chosen for each request"

    count: ReplicaNumber = given(1, "read replicas", "assumed")
    share: Share = given(
        1.0,
        "share of the requests whose transactions go there, as far as these only read and the request has not "
        "written before",
        "assumed",
    )
    lag: Seconds = given(
        "100 ms",
        "how far behind the primary they are",
        "assumed: seconds where the primary writes much",
    )
    instance_class: str | None = given(None, "RDS class (left out: the primary's)", "default: as the primary")
    cores: Cores | None = given(None, "cores of each (left out: those of its class)", "default: as the primary")
    max_connections: ClientCount | None = given(
        None, "connections that each accepts (left out: those of its class)", "default: as the primary"
    )

    @model_validator(mode="after")
    def _known(self) -> ReadReplicas:
        name = self.instance_class
        if name is not None and self.machine is None:
            raise ValueError(f"RDS class {name!r} is not known; {nearest(name, database_classes())}")
        if self.cores is not None and self.cores != int(self.cores):
            raise ValueError(f"a database server has whole cores, not {self.cores:g}")
        return self

    @property
    def machine(self) -> DatabaseClass | None:
        """Its class, where it has one of its own."""
        return next((one for one in database_classes() if one.name == self.instance_class), None)


def writes(statements: dict[str, Statement], sql: tuple[str | Step, ...]) -> bool:
    """Whether a transaction has a statement that writes."""
    return any(isinstance(inner, str) and statements[inner].writes > 0 for inner in sql)


def may_read_elsewhere(
    statements: dict[str, Statement], steps: tuple[Step, ...], database: str = MAIN
) -> frozenset[int]:
    """Identities (`id`) of a route's sql steps on a database that a read replica of it may answer.

    A transaction that only reads, as long as nothing in front of it has written: behind the request's own write a
    replica would answer with what it has not got yet.
    """
    found = set()
    for step in walk_steps(steps):
        if step.sql is None or step.database_name != database:
            continue
        if writes(statements, step.sql):
            break
        found.add(id(step))
    return frozenset(found)

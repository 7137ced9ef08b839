"""What PostgreSQL may take of its server's memory: shared buffers, its connections, autovacuum.

PostgreSQL documentation, Resource Consumption: each sort or hash of each connection may take ``work_mem``, and each
autovacuum worker ``maintenance_work_mem``. Here a connection is counted with one ``work_mem``; a query that sorts and
joins may take several.
"""

from __future__ import annotations

from novamodel.scenario.fields import Bytes, Count, Part, given

POSTGRES = "documented: PostgreSQL default"
RDS = "AWS, Amazon RDS User Guide, default parameter group of PostgreSQL"
RDS_BUFFERS_SHARE = 0.25
"""shared_buffers there: {DBInstanceClassMemory/32768} pages of 8 KiB."""
RDS_MAINTENANCE = 1024 * 1024 / 63_963_136
"""maintenance_work_mem there, of the memory: GREATEST({DBInstanceClassMemory*1024/63963136}, 65536) KiB."""
LEAST_RDS_MAINTENANCE = 65_536 * 1024.0
CONNECTION_BYTES = 1548 * 1024.0
"""A connection's own memory after a query of the catalogue (measured: PostgreSQL 15, data/conformance)."""


class DatabaseMemory(Part):
    """PostgreSQL's memory settings (postgresql.conf, an RDS parameter group)."""

    shared_buffers: Bytes = given(
        "128 MiB", "pages kept for all connections (left out on RDS: a quarter of the memory)", POSTGRES
    )
    work_mem: Bytes = given("4 MiB", "memory of one sort or hash of one connection", POSTGRES)
    maintenance_work_mem: Bytes = given(
        "64 MiB", "memory of one autovacuum worker (left out on RDS: RDS's formula)", POSTGRES
    )
    autovacuum_workers: Count = given(3, "autovacuum_max_workers", POSTGRES)

    def needed(self, connections: int) -> float:
        """Bytes at worst, with so many connections open and at work."""
        workers = self.autovacuum_workers * self.maintenance_work_mem
        return self.shared_buffers + connections * (CONNECTION_BYTES + self.work_mem) + workers


def rds_maintenance(memory: float) -> float:
    """Bytes of ``maintenance_work_mem`` that RDS sets with this memory (bytes)."""
    return max(LEAST_RDS_MAINTENANCE, memory * RDS_MAINTENANCE)

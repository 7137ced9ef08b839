"""What a volume includes, what is billed above it, and which sizes AWS sells at all.

Sources: EBS user guide, "Amazon EBS volume types"; RDS user guide, "Amazon RDS DB instance storage"; OpenSearch
Service guide, "gp3 volumes"; all from memory where the billing rules do not state them.
"""

from decimal import Decimal
from typing import NamedTuple

from novamodel.cost.meters import ZERO, whole
from novamodel.cost.usage import Database, Volume
from novamodel.errors import UserError

TIB = 1024


class Performance(NamedTuple):
    """IOPS and MiB/s of a volume."""

    iops: Decimal
    mibps: Decimal


BASELINE = Performance(Decimal(3_000), Decimal(125))
STRIPED = Performance(Decimal(12_000), Decimal(500))
STRIPED_FROM_GIB = {"oracle": Decimal(200), "sqlserver": None}
"""Engines whose gp3 volumes are spread over several from another size, or never (SQL Server, from memory)."""


class Limits(NamedTuple):
    """GiB that a kind is sold in, IOPS that may be provisioned, and IOPS for each GiB at most."""

    least_gib: int
    most_gib: int
    least_iops: int = 0
    most_iops: int = 0
    iops_per_gib: int = 0


EBS = {
    "gp2": Limits(1, 16 * TIB),
    "gp3": Limits(1, 64 * TIB, 3_000, 80_000, 500),
    "io1": Limits(4, 16 * TIB, 100, 64_000, 50),
    "io2": Limits(4, 64 * TIB, 100, 256_000, 1_000),
    "st1": Limits(125, 16 * TIB),
    "sc1": Limits(125, 16 * TIB),
    "magnetic": Limits(1, TIB),
}
RDS = {
    "gp2": Limits(20, 64 * TIB),
    "gp3": Limits(20, 64 * TIB, 3_000, 64_000, 500),
    "io1": Limits(100, 64 * TIB, 1_000, 256_000, 50),
    "io2": Limits(100, 64 * TIB, 1_000, 256_000, 1_000),
    "magnetic": Limits(5, 3 * TIB),
}
MIBPS_PER_IOPS = Decimal("0.25")
NEEDS_IOPS = ("io1", "io2")


def rds_gp3_included(storage_gib: Decimal, engine: str = "postgres") -> Performance:
    """IOPS and MiB/s that an RDS gp3 volume includes.

    PostgreSQL, MySQL, MariaDB: 3,000 / 125, and 12,000 / 500 from 400 GiB (four striped volumes). Oracle:
    from 200 GiB. SQL Server: 3,000 / 125 at every size (from memory).
    """
    threshold = STRIPED_FROM_GIB.get(engine.split("-")[0], Decimal(400))
    return STRIPED if threshold is not None and storage_gib >= threshold else BASELINE


def search_gp3_included(gib: Decimal) -> Performance:
    """IOPS and MiB/s that a gp3 volume of one OpenSearch data node includes: more from 170 GiB on, and by 3 TiB."""
    parts = max(Decimal(1), whole(gib / (3 * TIB)))
    return Performance(3_000 * parts, Decimal(125) if gib < 170 else 250 * parts)


def excess(iops: Decimal | None, mibps: Decimal | None, included: Performance) -> Performance:
    """What is billed of a gp3 volume: only the part above what is included; None is just that."""
    return Performance(
        max(ZERO, (included.iops if iops is None else iops) - included.iops),
        max(ZERO, (included.mibps if mibps is None else mibps) - included.mibps),
    )


def check_volume(volume: Volume) -> None:
    """Refuse (`UserError`) what EBS does not sell, with its rule."""
    path = f"volumes.{volume.name}"
    _check(path, EBS[volume.kind], volume.kind, volume.gib, volume.iops)
    if volume.throughput_mibps is not None:
        iops = volume.iops or BASELINE.iops
        most = min(Decimal(2_000), max(BASELINE.mibps, iops * MIBPS_PER_IOPS))
        _check_throughput(path, volume.kind, volume.throughput_mibps, BASELINE.mibps, most)


def check_storage(database: Database) -> None:
    """Refuse (`UserError`) storage that RDS does not sell, with its rule."""
    path = f"databases.{database.name}"
    kind, gib, iops, mibps = database.storage_type, database.storage_gib, database.iops, database.throughput_mibps
    _check(path, RDS[kind], kind, gib, iops)
    if kind != "gp3":
        if mibps is not None:
            raise UserError(f"{kind} storage takes no throughput", path=f"{path}.throughput_mibps", valid="gp3")
        return
    engine = database.engine.split("-")[0]
    included = rds_gp3_included(gib, engine)
    striped_engine = STRIPED_FROM_GIB.get(engine, Decimal(400))
    above = excess(iops, mibps, included)
    if striped_engine is not None and included == BASELINE and (above.iops or above.mibps):
        raise UserError(
            f"gp3 of {gib:f} GiB takes no IOPS or throughput of its own: they are fixed at 3,000 and 125 MiB/s",
            path=f"{path}.iops",
            valid=f"{striped_engine} GiB or more of {engine}",
        )
    for given, least, field in ((iops, included.iops, "iops"), (mibps, included.mibps, "throughput_mibps")):
        if given is not None and given < least:
            raise UserError(f"gp3 with {given:f}", path=f"{path}.{field}", valid=f"at least the {least} included")
    if mibps is not None and mibps > max(included.mibps, (iops or included.iops) * MIBPS_PER_IOPS):
        raise UserError(
            f"gp3 with {mibps:f} MiB/s at {iops or included.iops:f} IOPS",
            path=f"{path}.throughput_mibps",
            valid="at most 0.25 MiB/s for each IOPS",
        )


def _check(path: str, limits: Limits, kind: str, gib: Decimal, iops: Decimal | None) -> None:
    if not limits.least_gib <= gib <= limits.most_gib:
        valid = f"{limits.least_gib} to {limits.most_gib} GiB of {kind}"
        raise UserError(f"a {kind} volume of {gib:f} GiB is not sold", path=f"{path}.gib", valid=valid)
    if iops is None:
        if kind in NEEDS_IOPS:
            raise UserError(f"{kind} storage without IOPS", path=f"{path}.iops", valid="provisioned IOPS")
        return
    if not limits.most_iops:
        raise UserError(f"{kind} storage takes no provisioned IOPS", path=f"{path}.iops", valid="gp3, io1, io2")
    most = min(Decimal(limits.most_iops), max(Decimal(limits.least_iops), limits.iops_per_gib * gib))
    if not limits.least_iops <= iops <= most:
        raise UserError(
            f"{iops:f} IOPS on {gib:f} GiB of {kind} are not sold",
            path=f"{path}.iops",
            valid=f"{limits.least_iops} to {most:f} (at most {limits.iops_per_gib} for each GiB)",
        )


def _check_throughput(path: str, kind: str, mibps: Decimal, least: Decimal, most: Decimal) -> None:
    if kind != "gp3":
        raise UserError(f"{kind} takes no throughput", path=f"{path}.throughput_mibps", valid="gp3")
    if not least <= mibps <= most:
        raise UserError(
            f"{mibps:f} MiB/s are not sold",
            path=f"{path}.throughput_mibps",
            valid=f"{least} to {most:f} (at most 0.25 for each IOPS)",
        )

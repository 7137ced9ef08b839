"""The ways to recover that a scenario has: what each loses at worst, how long it takes, why one cannot work."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd

from novamodel.recovery.dump import Dump, dump_times
from novamodel.recovery.mechanisms import MULTI_AZ_FAILOVER_S, PITR_INTERVAL_S, worst_loss_s
from novamodel.scenario import Scenario, place_of
from novamodel.scenario.backend import Database
from novamodel.scenario.demand import MAIN

GIB = 1024**3
NO_BACKUP = "no backup found"
DUMP_FAULTS = ("backup-uploads-other-name", "recovery-file-never-written")
"""Findings of the import that keep a dump script from ever bringing data back."""
CACHE_FAULTS = ("redis-without-password", "backup-uploads-other-name")


class BackupLoad(NamedTuple):
    """What one dump asks of the deployment."""

    dump_s: float
    upload_s: float
    server_core_s: float  # CPU of the database server
    server_cores: float  # the same spread over the dump: cores taken while it runs
    share_of_server: float  # of all its cores
    packed_gib: float  # one file in the bucket
    kept_gib: float  # all files that are kept


def dump_of(scenario: Scenario) -> Dump:
    """Times of the scenario's dump."""
    backup = scenario.backup
    return dump_times(
        _text_gib(scenario),
        dump_mib_s=backup.dump_mib_s,
        gzip_mib_s=backup.gzip_mib_s,
        packed_share=backup.packed_share,
        transfer_mib_s=backup.transfer_mib_s,
        restore_mib_s=backup.restore_mib_s,
    )


def backup_load(scenario: Scenario) -> BackupLoad:
    """CPU and bytes of one dump of the main database (`pricing.database_used`)."""
    backup, times = scenario.backup, dump_of(scenario)
    text = _text_gib(scenario)
    cpu = text * 1024 * backup.server_core_s_per_mib
    packed = text * backup.packed_share
    files = backup.keep_days * 86400 / backup.every
    cores = cpu / times.dump_s if times.dump_s else 0.0
    return BackupLoad(
        dump_s=times.dump_s,
        upload_s=times.upload_s,
        server_core_s=cpu,
        server_cores=cores,
        share_of_server=cores / scenario.database.cores,
        packed_gib=packed,
        kept_gib=packed * files,
    )


def recovery_plan(scenario: Scenario) -> pd.DataFrame:
    """One row a way to recover: what, against, works, declared_s, rpo_s, rto_s (low, high), why.

    ``declared_s`` is the loss that the interval between two copies alone promises, ``rpo_s`` the largest loss of data
    that the mechanism allows. ``rto_s`` leaves out that somebody has to notice and decide; nan where no
    source gives a figure. A way that cannot work as the files have it says which finding stands against it, and loses
    everything: its RPO and RTO are infinite. A backup that neither a file nor the scenario speaks of is none: nothing
    of it is assumed. Dumps are of the main database and the main cache; standby and point-in-time recovery of every
    database.
    """
    rows: list[dict[str, Any]] = []
    for name, database in scenario.all_databases.items():
        kept = _said(scenario, f"{place_of('database', name)}.backup_retention_days")
        rows += _of_database(database, "" if name == MAIN else f" of {name}", kept)
    times, backup = dump_of(scenario), scenario.backup
    if not says_backup(scenario):
        if any(row["works"] and row["against"].startswith("wrong data") for row in rows):
            return pd.DataFrame(rows)
        why = "no file and no line of the scenario says that dumps are made (backup)"
        rows.append(_row(NO_BACKUP, "loss of the whole instance", math.inf, math.inf, math.inf, "", why))
        return pd.DataFrame(rows)
    broken = _against(scenario, DUMP_FAULTS)
    rows.append(
        _row(
            "dump in a bucket",
            f"loss of the whole instance, up to {backup.keep_days} days back",
            times.worst_loss_s(backup.every),
            times.recovery_s,
            math.nan,
            "download and restore only; the time of a new server and of people is not in it",
            broken,
            declared_s=backup.every,
        )
    )
    if scenario.cache.keyspaces:
        loss = worst_loss_s("redis_rdb_pull", backup.every)
        rows.append(
            _row(
                "dump of the cache in a bucket",
                "loss of the cache: it can also be filled again from the database",
                loss,
                math.nan,
                math.nan,
                "no recovery script reads it",
                _against(scenario, CACHE_FAULTS),
            )
        )
    return pd.DataFrame(rows)


def _of_database(database: Database, of: str, kept: bool) -> list[dict[str, Any]]:
    """What RDS itself keeps of a database. ``kept``: whether somebody says for how long."""
    rows = []
    if database.multi_az:
        low, high = MULTI_AZ_FAILOVER_S
        what, against = f"standby in another zone{of}", f"loss of the server{of} or its zone"
        rows.append(_row(what, against, 0.0, low, high, "documented"))
    if database.backup_retention_days and (database.instance_class is not None or kept):
        none = "" if kept else "nobody says that RDS keeps backups (backup_retention_days)"
        rows.append(
            _row(
                f"point-in-time recovery{of}",
                f"wrong data, up to {database.backup_retention_days} days back" if kept else "wrong data",
                worst_loss_s("rds_pitr", PITR_INTERVAL_S) if kept else math.inf,
                math.nan,
                math.nan,
                "makes a new instance; AWS states no duration",
                none,
            )
        )
    return rows


def dumps_arrive(scenario: Scenario) -> bool:
    """Whether dumps of the database are declared, and nothing that the import found keeps them from the bucket."""
    return says_backup(scenario) and not _against(scenario, DUMP_FAULTS)


def says_backup(scenario: Scenario) -> bool:
    """Whether a file, the scenario or an override says anything about dumps."""
    paths = ["backup", *(path for path in scenario.paths() if path.startswith("backup."))]
    return any(scenario.origin(path).kind in ("file", "override") for path in paths)


def _said(scenario: Scenario, path: str) -> bool:
    """Whether a value is more than assumed."""
    return scenario.origin(path).kind != "assumed"


def _text_gib(scenario: Scenario) -> float:
    return scenario.pricing.database_used / GIB * scenario.backup.text_share


def _against(scenario: Scenario, codes: tuple[str, ...]) -> str:
    """The first finding that keeps a script from working: message with file and line; empty where there is none."""
    for found in scenario.findings:
        if found["code"] in codes:
            return f"{found['message']} ({found['file']}:{found['line']})"
    return ""


def _row(
    what: str,
    against: str,
    rpo_s: float,
    low_s: float,
    high_s: float,
    why: str,
    broken: str = "",
    declared_s: float | None = None,
) -> dict[str, Any]:
    declared_s = rpo_s if declared_s is None else declared_s
    if broken:
        rpo_s, low_s, high_s, why = math.inf, math.inf, math.inf, broken
    return {
        "what": what,
        "against": against,
        "works": not broken,
        "declared_s": declared_s,
        "rpo_s": rpo_s,
        "rto_low_s": low_s,
        "rto_high_s": high_s,
        "why": why,
    }

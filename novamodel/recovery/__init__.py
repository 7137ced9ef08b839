"""How much data can be lost and how long it takes to be back: RPO and RTO of each way to recover."""

from novamodel.recovery.dump import Dump, dump_times
from novamodel.recovery.plan import NO_BACKUP, BackupLoad, backup_load, dumps_arrive, recovery_plan, says_backup

__all__ = [
    "NO_BACKUP",
    "BackupLoad",
    "Dump",
    "backup_load",
    "dump_times",
    "dumps_arrive",
    "recovery_plan",
    "says_backup",
]

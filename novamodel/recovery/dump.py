"""A dump of the database: how long it takes, what can be lost, and what the shell does when it fails.

Source: PostgreSQL 15.18 with pg_dump, gzip and psql on two cores; GNU gzip, date and find.
"""

from __future__ import annotations

from typing import NamedTuple

MIB_PER_GIB = 1024
DAY_S = 86400.0
HOUR_S = 3600.0
EMPTY_GZIP_BYTES = 20
"""What gzip writes for no input at all."""


class Dump(NamedTuple):
    """Durations of dump, copy and recovery in seconds."""

    dump_s: float
    upload_s: float
    download_s: float
    restore_s: float

    @property
    def recovery_s(self) -> float:
        """From the decision to recover until the data is back, at least: nothing waits for a new server or a person."""
        return self.download_s + self.restore_s

    def worst_loss_s(self, every_s: float) -> float:
        """Largest loss of data when dumps begin every ``every_s``.

        A dump shows the data as it was when the dump began, and is of use only once it is uploaded: just before that
        the one before it is the newest.
        """
        return every_s + self.dump_s + self.upload_s


def dump_times(
    text_gib: float,
    *,
    dump_mib_s: float,
    gzip_mib_s: float,
    packed_share: float,
    transfer_mib_s: float,
    restore_mib_s: float,
) -> Dump:
    """Times of `pg_dump | gzip` and back for ``text_gib`` GiB of dump text; the slower of the two sets the pace."""
    text_mib = text_gib * MIB_PER_GIB
    packed_mib = text_mib * packed_share
    copy_s = packed_mib / transfer_mib_s
    return Dump(text_mib / min(dump_mib_s, gzip_mib_s), copy_s, copy_s, text_mib / restore_mib_s)


def pipeline_outcome(dump_succeeds: bool, pipefail: bool) -> dict[str, int]:
    """What `pg_dump | gzip > file` leaves behind: the shell's exit code is gzip's unless pipefail is set.

    A failed dump leaves a file that is a valid archive of nothing. Sizes are left out where the dump succeeds: they
    are the data's.
    """
    if dump_succeeds:
        return {"exit_code": 0}
    return {"exit_code": int(pipefail), "file_bytes": EMPTY_GZIP_BYTES, "decompressed_bytes": 0}


def same_name_probability(gap_s: float) -> float:
    """Probability that two names built from `date` to the second are equal when ``gap_s`` lies between them."""
    return max(0.0, 1.0 - gap_s)


def find_deletes_from_days(mtime_plus_days: int) -> int:
    """Age in days from which `find -mtime +n` deletes: it drops the fraction of a day, then wants more than n."""
    return mtime_plus_days + 1


def objects_kept(objects_per_day: int, days: int, lifecycle_rule: bool, expire_after_days: int = 30) -> int:
    """Objects in a bucket after ``days``; without a lifecycle rule nothing is ever deleted."""
    return objects_per_day * (min(days, expire_after_days) if lifecycle_rule else days)

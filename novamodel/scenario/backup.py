"""Dumps of the database: when, how fast, where to."""

from __future__ import annotations

from typing import Literal

from novamodel.scenario.fields import ClockTime, Count, Factor, Part, Period, Share, given

MEASURED = "measured: PostgreSQL 15.18, two cores, local disk; synthetic text, so the ratios are doubtful"


class Backup(Part):
    """A script that dumps the database with `pg_dump | gzip`, copies the file to a bucket, and can bring it back.

    Rates are MiB of dump text a second.
    """

    every: Period = given("24 h", "time between two dumps", "assumed: nightly")
    at: ClockTime = given("02:00", "time of day of a dump", "assumed: nightly")
    keep_days: Count = given(30, "days that dumps are kept", "assumed")
    storage_class: Literal[
        "standard",
        "intelligent_tiering",
        "standard_ia",
        "one_zone_ia",
        "glacier_instant",
        "glacier",
        "deep_archive",
    ] = given("standard", "S3 storage class of the dumps", "documented: S3 default")
    text_share: Factor = given(0.556, "size of the dump's text over the size of the database", MEASURED)
    packed_share: Share = given(0.435, "size of the packed dump over its text", MEASURED)
    dump_mib_s: Factor = given(190, "rate of pg_dump alone", MEASURED)
    gzip_mib_s: Factor = given(28.5, "rate of gzip on one core", MEASURED)
    restore_mib_s: Factor = given(42.7, "rate of psql with indexes", MEASURED)
    transfer_mib_s: Factor = given(100, "rate to and from the bucket", "assumed")
    server_core_s_per_mib: Factor = given(0.0038, "CPU of the database server for a MiB of text", MEASURED)

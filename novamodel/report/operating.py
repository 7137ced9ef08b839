"""What running it takes, as tables and as lines of the screen: operations, monitoring, recovery.

All is drawn from `operating` in the dictionary of `answer.json`, where what has no figure, or no end, is null.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.figures.words import listed
from novamodel.report.tables import Table

LOGS = {"cloudwatch": "CloudWatch", "opensearch": "OpenSearch"}
METRICS = {"self-hosted": "a Prometheus of one's own", "managed": "Amazon Managed Prometheus"}
PARTS = ("operations", "cost of running it", "logs", "metrics", "recovery")
"""Parts of an answer that are shown here, as `Answer.parts` names them."""
ALL_LOST = "everything"
MOST_WHY = 110
"""Characters of a reason on the screen."""


def operating_tables(answer: Mapping[str, Any]) -> list[Table]:
    """The tables of the operations (where the scenario has some), of logs and metrics (where any are kept), and of the
    ways to recover."""
    found = answer.get("operating") or {}
    tables = [_events_table(found)] if found.get("events") else []
    tables += [_monitoring_table(found)] if list(_kept(found)) else []
    tables += [_recovery_table(found)] if found.get("recovery") else []
    failed = [(row["part"], row["why"]) for row in answer.get("failed") or [] if row["part"] in PARTS]
    return tables + ([Table("Could not be made", pd.DataFrame(failed, columns=["part", "why"]))] if failed else [])


def operating_lines(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same as (label, text) for a terminal; nothing for what the scenario does not have."""
    found = answer.get("operating") or {}
    yield "OPERATIONS", "; ".join(_event(row) for row in found.get("events") or [])
    yield (
        "MONITORING",
        "; ".join(
            f"{what} {volume}, kept {time} in {where}: {_month(month)}"
            for what, volume, time, where, month in _kept(found)
        ),
    )
    yield "RECOVERY", "; ".join(_ways(found.get("recovery") or []))


def _event(row: Mapping[str, Any]) -> str:
    lost, failed = _span("{:.1f}", row, "minutes_lost", "lost"), _span("{:,.0f}", row, "failed", "failed")
    anyway = f" ({row['missed_anyway']:.1f} more are missed without it)" if row["missed_anyway"] else ""
    return f"{units.format_clock(row['at_s'])} {row['what']} costs {lost} minutes of the SLO{anyway}, {failed} requests"


def _ways(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The ways that work, each with its loss; those that do not, together where one reason stands against them."""
    for row in rows:
        if row["works"]:
            yield f"{row['what']} loses {_loss(row['rpo_s'])} at most"
    for row in rows:
        if not row["works"] and not _known(row["declared_s"]):
            yield f"{row['what']}: {ALL_LOST} is lost: {row['why']}"
    against: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if not row["works"] and _known(row["declared_s"]):
            against.setdefault((_loss(row["declared_s"]), str(row["why"])), []).append(row["what"])
    for (declared, why), names in against.items():
        short = why if len(why) <= MOST_WHY else why[:MOST_WHY].rsplit(" ", 1)[0] + " ..."
        verb = "loses" if len(names) == 1 else "lose"
        yield f"{listed(names)} (declared: {declared}) {verb} {ALL_LOST}: {short}"


def _events_table(found: Mapping[str, Any]) -> Table:
    rows = [
        (
            units.format_clock(row["at_s"]),
            row["what"],
            _span("{:.1f}", row, "minutes_lost", "lost"),
            _span("{:,.0f}", row, "failed", "failed"),
            _time(row["worst_s"], "-"),
            f"{row['missed_anyway']:.1f}",
            _time(row["back_after_s"], "-") if row["back_after_s"] else "-" if row["missed_anyway"] else "at once",
        )
        for row in found["events"]
    ]
    columns = ["at", "operation", "minutes of the SLO lost", "requests that fail by it", "worst p99 of 10 s",
               "minutes missed without it", "SLO holds again after"]  # fmt: skip
    note = "The minutes around each, simulated with the scenario's operations and without: what is lost more by them."
    return Table(
        "Operations of the day, as simulated", pd.DataFrame(rows, columns=columns), (note,), tuple(columns[2:])
    )


def _kept(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, float | None]]:
    """What is kept: name, volume, how long, where, USD a month."""
    logs, metrics = found.get("logs") or {}, found.get("metrics") or {}
    if logs.get("kept_in") in LOGS:
        volume = f"{logs['bytes_per_request']:.0f} B a request, {logs['gib_per_day']:.3g} GiB a day"
        months = f"{logs['kept_months']:g} month{'' if logs['kept_months'] == 1 else 's'}"
        yield "logs", volume, months, LOGS[logs["kept_in"]], logs["month"]
    if metrics.get("kept_by") in METRICS:
        volume = f"{metrics['series']:,.0f} series, {metrics['samples_per_s']:,.0f} samples/s, "
        volume += f"{metrics['disk_gib']:.2g} GiB"
        yield "metrics", volume, f"{metrics['kept_days']} days", METRICS[metrics["kept_by"]], metrics["month"]


def _monitoring_table(found: Mapping[str, Any]) -> Table:
    rows = [
        (what, volume, time, where, "not priced" if month is None else f"{month:,.2f}")
        for what, volume, time, where, month in _kept(found)
    ]
    columns = ["what", "volume", "kept", "where", "USD a month"]
    notes = (
        "Cost: what the bill is less without them, their share of the NAT gateway and the disk included.",
        "Not modelled: the CPU that logging and scraping take of the services.",
    )
    return Table("Logs and metrics", pd.DataFrame(rows, columns=columns), notes, (columns[-1],))


def _recovery_table(found: Mapping[str, Any]) -> Table:
    rows = [
        (
            row["what"],
            row["against"],
            _loss(row["declared_s"]),
            _loss(row["rpo_s"]) if row["works"] else ALL_LOST,
            _time(row["rto_low_s"], "not known") if row["works"] else "never",
            row["why"],
        )
        for row in found["recovery"]
    ]
    columns = ["way to recover", "against", "data lost as declared (RPO)", "as it works", "back after (RTO), at least",
               "because"]  # fmt: skip
    notes = ("Declared: the time between two copies. Nobody's reaction is in the times.", *_dump(found))
    return Table("Recovery: what is lost, how long it takes", pd.DataFrame(rows, columns=columns), notes)


def _dump(found: Mapping[str, Any]) -> Iterator[str]:
    dump = found.get("dump")
    if dump and dump["packed_gib"]:
        begins, share = units.format_clock(dump["at_s"]), units.format_fraction(dump["share_of_server"])
        yield (
            f"A dump begins at {begins}, every {_time(dump['every_s'])}, takes {_time(dump['dump_s'])} and {share} of "
            f"the database's CPU. All dumps of {dump['kept_days']} days ({dump['kept_gib']:,.3g} GiB) cost "
            f"{_month(dump['kept_month'])} in a bucket; in the bill are {dump['priced_gib']:,.3g} GiB of them "
            "(pricing.backup_bucket)."
        )


def _loss(seconds: Any) -> str:
    return _time(seconds, ALL_LOST) if seconds != 0 else "nothing"


def _time(seconds: Any, none: str = "") -> str:
    """A time to three digits; ``none`` where there is none."""
    return units.format_time(float(f"{seconds:.3g}")) if _known(seconds) else none


def _known(number: Any) -> bool:
    return number is not None and math.isfinite(number)


def _month(amount: Any) -> str:
    return "not priced" if amount is None else f"{amount:,.2f} USD a month"


def _span(form: str, row: Mapping[str, Any], name: str, ends: str) -> str:
    """``0.4 [0.1, 0.7]``."""
    low, high = row[f"{ends}_low"], row[f"{ends}_high"]
    text = form.format(row[name])
    known = low is not None and math.isfinite(low)
    return f"{text} [{form.format(low)}, {form.format(high)}]" if known else text

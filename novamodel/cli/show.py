"""Results as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from novamodel import units
from novamodel.layout import fitted, fold

if TYPE_CHECKING:
    from novamodel.scenario import Scenario
    from novamodel.simulation import Result


MOST_LEFT = 12
"""Things without a model that a screen lists."""
WIDTH = 80
"""Columns of a terminal that says nothing of its width."""


def value_text(value: float, unit: str) -> str:
    """A value with its unit (`s`, `1` for a share, `1/s`, `USD`); ``-`` where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    if unit == "s":
        return units.format_time(float(f"{value:.3g}"))
    forms = {"1": units.format_fraction, "1/s": units.format_rate, "USD": lambda amount: f"{amount:,.2f}"}
    return forms[unit](value) if unit in forms else f"{value:,.4g}"


def count(number: int, thing: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def heading(scenario: Scenario, result: Result) -> str:
    """What was simulated, on one line."""
    most_per_s = sum(source.most_per_s for source in scenario.traffic.sources.values())
    peak, count = units.format_rate(most_per_s), result.replications
    runs = f"{count} replication{'' if count == 1 else 's'} of {units.format_time(result.window_s)}"
    return f"{scenario.heading}: peak {peak}, {runs}, seed {result.seed}, engine {result.engine}"


def slo_lines(slos: Iterable[Any], scenario: Scenario) -> list[str]:
    """One line an objective: v met, x missed, with a mark where it rests on assumptions; value and 95 % interval."""
    from novamodel.report import mark_of
    from novamodel.scenario import rests_on

    rests = rests_on(scenario)
    rows = [
        (
            f"{'v' if slo.met else 'x'}{mark_of(rests.of_verdict(slo.metric, number))}",
            slo.text,
            *units.format_estimate(slo.value, slo.low, slo.high, slo.unit),
        )
        for number, slo in enumerate(slos)
    ]
    first, second = (max((len(row[place]) for row in rows), default=0) for place in (1, 2))
    return [f"  {mark:<2} {text:<{first}}   {value:>{second}}   {span}".rstrip() for mark, text, value, span in rows]


def doubt_lines(width: int = WIDTH) -> list[str]:
    """What was measured of the model itself, below intervals."""
    from novamodel.model_doubt import doubt_sentence

    return [f"  {line}" for line in fold(doubt_sentence(), width - 2).splitlines()]


def rests_lines(scenario: Scenario, width: int = WIDTH, bill: bool = False, alone: bool = False) -> list[str]:
    """What the answer rests on, as the first lines of a screen.

    ``bill``: lines that follow use are marked there. ``alone``: it is a bill of the declared resources alone.
    """
    from novamodel.report import MARKED_LINES, rests_sentence
    from novamodel.scenario import rests_on

    if alone:
        files = {one.file for one in scenario.declared if one.file}
        read = f"READ {count(len(scenario.declared), 'resource')} from {count(len(files), 'file')}; ASSUMED nothing"
        return fold(read, width).splitlines()
    rests = rests_on(scenario)
    marked = (MARKED_LINES if rests.of_cost() else "") if bill else None
    return fold(rests_sentence(rests.to_dict(), marked), width).splitlines()


def import_lines(scenario: Scenario, alone: bool = False) -> list[str]:
    """What files hold that no figure has: findings and things without a model, counted; those with a place listed.

    ``alone``: below a bill of the declared resources, which says of each what it costs.
    """
    found = scenario.findings
    lines = [f"{count(len(found), 'finding')} in the configuration files: novamodel report lists them"] if found else []
    rows = [row for row in scenario.not_modelled if row["what"] != "file not read"]
    files = len(scenario.not_modelled) - len(rows)
    priced = {(one.file, one.line) for one in scenario.declared} if alone else set()
    rows = [row for row in rows if (row["file"], row["line"]) not in priced]
    if rows or files:
        more = f", {count(files, 'file')} not read" if files else ""
        lines.append(f"seen in files and not modelled: {len(rows)}{more}" + (":" if rows else ""))
    for row in rows[:MOST_LEFT]:
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        lines.append(f"  {place}: {row['what']}: {row['why']}")
    if len(rows) > MOST_LEFT:
        lines.append(f"  and {len(rows) - MOST_LEFT} more: --json has all of them")
    return lines


def simplified_lines(scenario: Scenario) -> list[str]:
    """One line a simplified part that the scenario uses: what its figures leave out."""
    from novamodel.scenario import simplified_parts

    return [f"simplified: {part}" for part in simplified_parts(scenario)]


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], left: int = 1, width: int = WIDTH) -> str:
    """A plain table below its title, no wider than the terminal; all but the first `left` columns are flush right."""
    cells = [list(columns), *([str(cell) for cell in row] for row in rows)]
    none = ["  none"] if len(cells) == 1 else []
    return "\n".join([fold(title, width), *fitted(cells, width, left, indent="  "), *none])


def result_text(result: Result, width: int = WIDTH) -> str:
    """A whole result: objectives, estimates, routes, callers, tiers, closed forms, warnings, digest.

    No row is wider than `width`.
    """
    scenario = result.scenario
    parts = [
        "\n".join([fold(heading(scenario, result), width), *slo_lines(result.slo(), scenario), *doubt_lines(width)]),
        table("All requests", ("metric", "value", "95 % interval"), _estimates(result), width=width),
        table(
            "Routes",
            ("route", "service", "arrived", "served", "rejected", "failed", "abandoned", "mean", "p50", "p95", "p99"),
            _routes(result),
            left=2,
            width=width,
        ),
        table(
            "Callers",
            ("population", "clients", "arrived", "rejected", "share", "95 % interval"),
            _populations(result),
            width=width,
        ),
        *_counted_rows("Calls", result.calls, 2, width),
        *_counted_rows("Queues, messages", result.queues, 1, width),
        *_caches(result, width),
        table("Tiers, share of their limit in use", ("tier", "mean", "highest"), _tiers(result), width=width),
        *_operations(result, width),
        _beside(result, width),
    ]
    tail = [f"warning: {text}" for text in result.warnings] + simplified_lines(scenario)
    return "\n\n".join([*parts, "\n".join([*(fold(text, width) for text in tail), f"digest {result.digest}"])])


def _beside(result: Result, width: int) -> str:
    """The closed forms beside the simulated figures."""
    from novamodel.analytic import beside
    from novamodel.report import beside_table

    found = beside_table(beside(result))
    rows = found.frame.itertuples(index=False, name=None)
    shown = table(found.title, tuple(found.frame.columns), rows, width=width)
    return "\n".join([shown, *(fold(note, width) for note in found.notes)])


def _counted_rows(title: str, frame: Any, left: int, width: int) -> list[str]:
    """A table of counts, where there is anything to count."""
    rows = [tuple(f"{n:,}" if isinstance(n, int) else str(n) for n in row) for row in frame.itertuples(index=False)]
    return [table(title, tuple(name.replace("_", " ") for name in frame.columns), rows, left, width)] if rows else []


def _caches(result: Result, width: int) -> list[str]:
    """Keyspaces that were read or written, if any were."""
    rows = [
        (
            row.cache,
            row.keyspace,
            value_text(row.hit_ratio, "1"),
            *(f"{n:,}" for n in (row.gets, row.sets, row.deletes, row.evicted, row.expired, row.entries)),
            row.keys,
        )
        for row in result.caches.itertuples(index=False)
        if row.gets + row.sets + row.deletes
    ]
    columns = ("cache", "keyspace", "hits", "gets", "sets", "deletes", "evicted", "expired", "entries", "keys")
    return [table("Caches", columns, rows, 2, width)] if rows else []


def _estimates(result: Result) -> list[tuple[str, ...]]:
    frame = result.estimates[result.estimates["of"] == ""]
    return [
        (row.metric, *units.format_estimate(row.value, row.low, row.high, row.unit))
        for row in frame.itertuples(index=False)
    ]


def _routes(result: Result) -> list[tuple[str, ...]]:
    return [
        (
            row.route,
            row.service,
            *(f"{count:,}" for count in (row.arrived, row.served, row.rejected, row.failed, row.abandoned)),
            *(value_text(value, "s") for value in (row.mean_s, row.p50_s, row.p95_s, row.p99_s)),
        )
        for row in result.routes.itertuples(index=False)
    ]


def _populations(result: Result) -> list[tuple[str, ...]]:
    return [
        (
            row.population,
            *(f"{count:,}" for count in (row.clients, row.arrived, row.rejected)),
            *units.format_estimate(row.share, row.low, row.high, "1"),
        )
        for row in result.populations.itertuples(index=False)
    ]


def _tiers(result: Result) -> list[tuple[str, ...]]:
    use = result.tier_use().itertuples(index=False)
    return [(str(row.tier), value_text(row.mean, "1"), value_text(row.max, "1")) for row in use]


def _operations(result: Result, width: int) -> list[str]:
    """The operations that the run comes to, each until the next or the end; nothing without any."""
    from novamodel.questions import operations_met

    rows = [
        (
            units.format_clock(row.at_s),
            row.what,
            units.format_clock(row.until_s),
            _counted(row.minutes_missed, row.missed_low, row.missed_high, ".1f"),
            _counted(row.failed, row.failed_low, row.failed_high, ",.0f"),
        )
        for row in operations_met(result).itertuples(index=False)
    ]
    columns = ("at", "operation", "until", "minutes that miss the SLO (for whatever reason)", "requests failed")
    return [table("Operations, each until the next or the end of the run", columns, rows, 3, width)] if rows else []


def _counted(value: float, low: float, high: float, form: str) -> str:
    """``0.4 [0.1, 0.7]``; a count is not below 0."""
    span = f" [{max(low, 0.0):{form}}, {high:{form}}]" if math.isfinite(low) else ""
    return f"{value:{form}}{span}"

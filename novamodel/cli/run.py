"""`novamodel run`: simulate and show everything."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novamodel import units
from novamodel.cli.options import Demo, Engine, EngineChoice, Json, Replications, Seed, Sets, Strict, Target
from novamodel.errors import UserError
from novamodel.layout import fold

if TYPE_CHECKING:
    from novamodel.simulation import Result

EPOCH = "1970-01-01T00:00:00Z"

Precision = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="TEXT",
        show_default=False,
        help="Add replications until half of a 95 % interval is this share of its value, such as 'p99 < 5 %'.",
    ),
]

OpenMetrics = Annotated[
    Path | None,
    typer.Option(
        "--openmetrics",
        metavar="FILE",
        show_default=False,
        help="Write the run's counters, histogram and gauges as OpenMetrics text.",
    ),
]
OpenMetricsStart = Annotated[
    str,
    typer.Option(
        "--openmetrics-start",
        metavar="TIME",
        help="Midnight of the simulated day, ISO 8601 with its zone; as it is, time stamps count from that midnight.",
    ),
]


def run(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    precision: Precision = None,
    engine: EngineChoice = Engine.auto,
    openmetrics: OpenMetrics = None,
    openmetrics_start: OpenMetricsStart = EPOCH,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Simulate a scenario's window and show latency, errors, callers and tiers with intervals.

    The same scenario and seed give the same digest (a SHA-256 over every request) on every machine and engine.

    \b
    Examples:
      novamodel run novabank
      novamodel run mine.yaml --set services.core-api.autoscaler.min_replicas=5 --set 'traffic.peak=600 requests/s'
      novamodel run mine.yaml --seed 8 --replications 8 --json > run.json
      novamodel run mine.yaml --openmetrics run.prom --openmetrics-start 2026-11-24T00:00:00Z
      novamodel run mine.yaml --precision 'p99 < 5 %' --set run.warm_up=auto
    """
    from novamodel.cli.output import say, say_json, terminal_width
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import import_lines, rests_lines, result_text
    from novamodel.files import must_be_writable, write_whole
    from novamodel.scenario import rests_on, simplified_parts
    from novamodel.simulation import simulate
    from novamodel.workflows.answer import verdicts, what_files_say

    scenario = load(target, sets, seed, replications, strict=strict, demo=demo)
    midnight_s = epoch_of(openmetrics_start)
    if openmetrics is not None:
        must_be_writable(openmetrics)
    elif openmetrics_start != EPOCH:
        raise UserError("--openmetrics-start is of no use alone", valid="--openmetrics FILE beside it")
    if precision is not None:
        scenario = scenario.override({"run.precision": precision}, said_by="--precision")
    with progress("simulating") as tell:
        result = simulate(scenario, engine=engine.value, progress=tell)
    if openmetrics is not None:
        from novamodel.telemetry import to_openmetrics

        write_whole(openmetrics, to_openmetrics(result, midnight_s))
    if json:
        said = {"simplified": [part._asdict() for part in simplified_parts(scenario)], **what_files_say(scenario)}
        say_json(result.to_dict() | said | {"slo": verdicts(result, rests_on(scenario))})
    else:
        width = terminal_width()
        lines = [fold(line, width) for line in (*how_sure(result), *import_lines(scenario))]
        say("\n".join([*rests_lines(scenario, width), "", result_text(result, width), *lines]))


def epoch_of(text: str) -> float:
    """Unix time (s) of an ISO 8601 time with its zone, such as ``2026-11-24T00:00:00Z``."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        valid = "ISO 8601 with date, time and zone, such as 2026-11-24T00:00:00Z or 2026-11-24T00:00:00+01:00"
        raise UserError(f"--openmetrics-start {text!r} is no time", valid=valid)
    return at.timestamp()


def how_sure(result: Result) -> list[str]:
    """Lines on what the intervals rest on, the precision reached and a warm-up that was worked out."""
    lines = []
    if result.replications == 1:
        batches = (result.estimates["method"] == "batch means").any()
        lines.append(f"intervals: {'batch means of the one replication' if batches else 'none from so short a run'}")
    if result.precision is not None and result.precision.met:
        share, count = units.format_fraction(result.precision.reached), result.replications
        lines.append(f"precision {result.precision.text}: reached {share} with {count} replications")
    origin = result.scenario.origin("run.warm_up")
    if origin.kind == "derived":
        lines.append(f"run.warm_up: {units.format_time(result.scenario.run.warm_up_s)}, {origin.source}")
    return lines

"""All commands put together. Help is plain text, so that it reads the same in a terminal, a file and a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from novamodel import __version__
from novamodel.cli.audit import audit
from novamodel.cli.bill import bill
from novamodel.cli.check import check
from novamodel.cli.diff import diff
from novamodel.cli.doctor import doctor
from novamodel.cli.importing import import_folder
from novamodel.cli.init import init
from novamodel.cli.output import say
from novamodel.cli.prices import prices
from novamodel.cli.record import record
from novamodel.cli.report import report
from novamodel.cli.run import run
from novamodel.cli.schema import schema
from novamodel.cli.size import size
from novamodel.cli.sweep import sweep
from novamodel.cli.verify import verify

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
COMMANDS: dict[str, tuple[Callable[..., Any], str]] = {
    "report": (report, "All of it: notebook, HTML page, bill, JSON, one screen."),
    "import": (import_folder, "Configuration files to a scenario file."),
    "audit": (audit, "What is wrong in configuration files, and what it costs."),
    "init": (init, "A folder to start a study from."),
    "run": (run, "Simulate: latency, errors, callers, tiers."),
    "check": (check, "Does the SLO hold? Exit 0 or 99."),
    "diff": (diff, "What a change does to latency, errors, replicas and cost."),
    "size": (size, "The cheapest size that keeps the SLO."),
    "bill": (bill, "What a month costs on AWS, line by line."),
    "verify": (verify, "Recorded decisions of the real components against the rules."),
    "record": (record, "Record decisions of a living nginx, PgBouncer or Redis."),
    "schema": (schema, "JSON Schema of a scenario file."),
    "doctor": (doctor, "Does this installation work?"),
}

app = typer.Typer(
    name="novamodel",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"novamodel {__version__}")
        raise typer.Exit


@app.callback()
def novamodel(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """From a backend's own configuration files to a sized, priced answer.

    \b
    Examples:
      novamodel report novabank --out reports/novabank      the worked example, start to finish
      novamodel report PATH/TO/YOUR/CONFIGURATION           the same for your own files
      novamodel import PATH/TO/YOUR/CONFIGURATION -o mine.yaml
      novamodel check mine.yaml --set 'traffic.peak=600 requests/s'

    \b
    TARGET is a scenario file, a bundled scenario's name, or a folder of configuration files.
    Exit codes: 0 done, 1 a fault of novamodel or of its installation or a failed case (sweep, verify),
    2 a mistake in what was given (one line on standard error), 3 with --strict: the service or its
    load is assumed, 99 an objective is missed by its estimate (check, size; diff with
    --fail-on-worse), 130 interrupted. --debug anywhere shows the
    traceback of a fault.
    """


for _name, (_function, _short) in COMMANDS.items():
    app.command(_name, short_help=_short, context_settings=SETTINGS)(_function)

app.add_typer(sweep, name="sweep", short_help="Many variants, kept as one table.", context_settings=SETTINGS)
app.add_typer(prices, name="prices", short_help="Price books: show, refresh, override.", context_settings=SETTINGS)

command: Any = typer.main.get_command(app)

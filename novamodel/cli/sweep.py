"""`novamodel sweep`: many variants of a scenario, kept and read as one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from novamodel.cli.options import Demo, Json, Strict

if TYPE_CHECKING:
    from novamodel.batch import SweepRun

FAILED = 1
MOST_SHOWN = 10


class RunByDefault(TyperGroup):
    """`sweep FILE` is `sweep run FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The first word names a command, asks for help, or is what to run."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return list(super().parse_args(ctx, args or ["--help"]))


sweep = typer.Typer(cls=RunByDefault, rich_markup_mode=None, add_completion=False)

File = Annotated[
    str, typer.Argument(metavar="FILE", show_default=False, help="A sweep file, or a bundled sweep's name (pools).")
]
Store = Annotated[
    str, typer.Argument(metavar="STORE", show_default=False, help="Folder of a sweep's results, or the sweep's name.")
]
Out = Annotated[
    str,
    typer.Option("--out", "-o", metavar="DIR", show_default="reports/sweeps/NAME", help="Folder for the results."),
]
Serial = Annotated[
    bool, typer.Option("--serial", help="Run in this process, one case after the other; knows no time limit.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, max=512, show_default="one a core", help="Processes that run cases."),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask", metavar="ADDRESS", show_default=False, help="Run on a Dask cluster, such as tcp://10.0.0.5:8786."
    ),
]


@sweep.callback()
def novamodel_sweep() -> None:
    """Run many variants of a scenario; `novamodel sweep FILE` is short for `novamodel sweep run FILE`.

    \b
    Examples:
      novamodel sweep pools --dry-run                 cases, time and size
      novamodel sweep mine.yaml --out results/mine    run; the same again goes on where it stopped
      novamodel sweep results results/mine            one Parquet file (-o mine.csv: CSV)
      novamodel sweep retry-failed results/mine
    """


@sweep.command("run", short_help="Run every case that is not finished yet.")
def run(
    file: File,
    out: Out = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all and show cases, time and size.")] = False,
    serial: Serial = False,
    workers: Workers = None,
    dask: Dask = None,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> int:
    """Run every case of a sweep that is not finished yet, and keep each under its content hash.

    All of the sweep is checked before anything runs. A case that fails is recorded with its error and the rest goes
    on; whatever stops the sweep, the same command goes on from there. Exit 1 when a case has failed.

    \b
    Examples:
      novamodel sweep pools
      novamodel sweep mine.yaml --workers 8
      novamodel sweep mine.yaml --dask tcp://10.0.0.5:8786
    """
    from novamodel.batch import planned, run_ready
    from novamodel.cli.overrides import must_rest_on_something

    ready = planned(file)
    must_rest_on_something(ready.base, file, strict=strict, demo=demo)
    if dry_run:
        return _show_forecast(ready, json)
    return _show_run(run_ready(ready, out or None, serial, workers, dask), json)


@sweep.command("status", short_help="How far is it, and what failed?")
def status(store: Store, json: Json = False) -> None:
    """Finished, failed and waiting cases of a store, and the first errors."""
    from novamodel.batch import failures
    from novamodel.batch import status as status_of
    from novamodel.cli.output import say, say_json

    found = status_of(_folder(store))
    failed = failures(_folder(store), MOST_SHOWN)
    if json:
        say_json(found._asdict() | {"waiting": found.waiting, "failures": failed.to_dict("records")})
        return
    damaged = f", {found.damaged} of them damaged files" if found.damaged else ""
    say(
        f"{found.name}: {found.total} cases, {found.finished} finished, {found.failed} failed, "
        f"{found.waiting} waiting{damaged}"
    )
    for row in failed.itertuples():
        say(f"  case {row.case} ({row.kind}; {row.overrides}, seed {row.seed}): {row.error}")
        say(f"    {row.log}")
    if found.failed > len(failed):
        say(f"  and {found.failed - len(failed)} more")


@sweep.command("results", short_help="One Parquet or CSV file of all cases.")
def results(
    store: Store,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILE", show_default="STORE/results.parquet", help="File to write.")
    ] = "",
) -> None:
    """Write all recorded cases as one file: a row a case, parameters as typed columns in SI units.

    Parquet, or CSV where the file is named so.

    \b
    Examples:
      novamodel sweep results results/mine
      novamodel sweep results results/mine -o mine.csv
    """
    from novamodel.batch import status as status_of
    from novamodel.batch import write_csv, write_parquet
    from novamodel.cli.output import say

    folder = _folder(store)
    found = status_of(folder)
    place = write_csv(folder, out) if out.lower().endswith(".csv") else write_parquet(folder, out or None)
    waiting = f", {found.waiting} waiting" if found.waiting else ""
    failed = f", {found.failed} failed" if found.failed else ""
    say(f"wrote {place}: {found.finished} of {found.total} cases{failed}{waiting}")


@sweep.command("retry-failed", short_help="Run failed cases again.")
def retry_failed(
    store: Store, serial: Serial = False, workers: Workers = None, dask: Dask = None, json: Json = False
) -> int:
    """Forget the failed cases of a store and go on with its sweep."""
    from novamodel.batch import forget_failed, planned_again, run_ready

    folder = _folder(store)
    ready = planned_again(folder)
    forget_failed(folder)
    return _show_run(run_ready(ready, folder, serial, workers, dask), json)


@sweep.command("clean", short_help="Remove what is not needed.")
def clean(
    store: Store,
    everything: Annotated[bool, typer.Option("--all", help="Remove the whole store, results too.")] = False,
) -> None:
    """Remove cases that the sweep no longer has (changed sweep, scenario or code) and damaged files."""
    from novamodel.batch import clean as clean_store
    from novamodel.cli.output import say

    folder = _folder(store)
    count = clean_store(folder, everything=everything)
    say(f"removed {folder}, {count} cases" if everything else f"removed {count} cases that {folder} does not need")


def _folder(store: str) -> Path:
    """The folder that a word names: itself, or the default place of a sweep of that name."""
    usual = Path("reports") / "sweeps" / store
    return usual if usual.is_dir() and not Path(store).is_dir() else Path(store)


def _show_forecast(ready: Any, json: bool) -> int:
    from novamodel import units
    from novamodel.batch import forecast
    from novamodel.cli.output import say, say_json

    found = forecast(ready)
    if json:
        say_json(found._asdict())
        return 0
    notebooks = f" and {found.notebooks} notebooks" if found.notebooks else ""
    say(f"{ready.plan.sweep.name}: {found.cases:,} cases{notebooks}, design {ready.plan.sweep.design}; all are valid")
    for column in ready.plan.basis.columns:
        say(f"  {column.path}{f' ({column.unit})' if column.unit else ''}")
    say(
        f"about {units.format_time(found.core_s)} of one core, some {units.format_bytes(found.size_bytes)};"
        " nothing was run"
    )
    return 0


def _show_run(done: SweepRun, json: bool) -> int:
    from novamodel.cli.output import say, say_json

    if json:
        say_json({name: getattr(done, name) for name in ("total", "done", "failed", "before", "failed_before")}
                 | {"folder": str(done.folder), "corrupt": list(done.corrupt)})  # fmt: skip
    else:
        say(done.text)
        say(f"kept in {done.folder}; next: novamodel sweep results {done.folder}")
        if done.all_failed:
            say(f"what failed: novamodel sweep status {done.folder}; again: novamodel sweep retry-failed {done.folder}")
    return FAILED if done.all_failed else 0

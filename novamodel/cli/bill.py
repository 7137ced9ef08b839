"""`novamodel bill`: what a month costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novamodel.cli.options import Demo, Engine, EngineChoice, Json, Replications, Seed, Sets, Strict, Target

if TYPE_CHECKING:
    from novamodel.cost import PriceBook
    from novamodel.scenario import Scenario


class By(StrEnum):
    """What a bill is summed by."""

    service = "service"
    driver = "driver"
    tier = "tier"
    route = "route"


class Form(StrEnum):
    """Forms of a bill."""

    text = "text"
    json = "json"
    csv = "csv"
    focus = "focus"
    markdown = "markdown"


def bill(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    steady: Annotated[
        bool, typer.Option("--steady", help="Take every hour from the steady state; simulate nothing.")
    ] = False,
    by: Annotated[
        By | None, typer.Option("--by", show_default=False, help="Sum by this instead of listing every line.")
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            "--hours", metavar="N", min=1, max=744, show_default=False, help="Hours of the month, such as 744."
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", show_default=False, help="Price it in another region.")
    ] = None,
    commit: Annotated[
        list[str] | None,
        typer.Option(
            "--commit",
            metavar="WHAT",
            show_default=False,
            help="'best', or a commitment: compute_sp.1yr.no_upfront=USD_AN_HOUR, instance_sp.TERM.PAYMENT:FAMILY=USD, "
            "database_sp.…=USD, reserved.TERM.PAYMENT:KEY=COUNT; a year, hour by hour; repeatable.",
        ),
    ] = None,
    spot: Annotated[
        str | None,
        typer.Option(
            "--spot",
            metavar="SHARE",
            show_default=False,
            help="What compute would cost on Spot, this share of instances interrupted in a month, such as '10 %'.",
        ),
    ] = None,
    platforms: Annotated[
        bool, typer.Option("--platforms", help="Size it for its SLO on every platform and compare (takes minutes).")
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", show_default=False, help="Another price book (`novamodel prices`)."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out and name what has no price, instead of an error.")
    ] = False,
    form: Annotated[
        Form, typer.Option("--format", help="focus: FOCUS 1.2 rows; markdown: for a pull request.")
    ] = Form.text,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Price a month on AWS at list prices, line by line, with its range and what is not priced.

    The replicas of the peak hours are simulated, those of the other hours are the autoscaler's steady state.

    \b
    Examples:
      novamodel bill novabank
      novamodel bill novabank-ecs --steady --by route
      novamodel bill novabank --region eu-west-1 --partial
      novamodel bill novabank --steady --commit best --spot '10 %'
      novamodel bill mine.yaml --set pricing.nat_gateways=2 --json > bill.json
    """
    from novamodel.cli import bill_forms as forms
    from novamodel.cli.output import say, say_json, terminal_width
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import import_lines, rests_lines
    from novamodel.errors import UserError
    from novamodel.layout import fold
    from novamodel.scenario import only_declared
    from novamodel.workflows.answer import what_files_say
    from novamodel.workflows.month import best_commitments, on_spot
    from novamodel.workflows.month import bill as price_month
    from novamodel.workflows.month import commit as commit_year
    from novamodel.workflows.platforms import platforms as compare

    scenario = load(target, sets, seed, replications, strict=strict, demo=demo, declared=True)
    alone = only_declared(scenario) and not demo
    if alone and (platforms or spot is not None or by is By.route):
        raise UserError(f"{target}: no file deploys a service", valid="--platforms, --spot and --by route with --demo")
    asked = [text for text in commit or () if text != "best"]
    scenario, book = placed(scenario, hours, region, prices, asked)
    result = None
    with progress("pricing") as tell:
        if not steady and not alone:
            from novamodel.simulation import simulate

            with partly(partial):
                price_month(scenario, book=book, lenient=partial, demo=demo)  # what cannot be priced shows before
            result = simulate(scenario, engine=engine.value, progress=tell)
        with partly(partial):
            cost = price_month(scenario, result, book, lenient=partial, demo=demo)
        year = commit_year(scenario, asked, result, book, lenient=partial) if asked else None
        best = None
        if "best" in (commit or ()):
            best = best_commitments(scenario, result, book, lenient=partial)
        ran = None if spot is None else on_spot(scenario, share_of(spot), result, book)
        rows = compare(scenario, engine=engine.value, progress=tell) if platforms else None
    if json or form is Form.json:
        say_json(forms.cost_dict(scenario, cost, year, best, ran, rows) | what_files_say(scenario))
    elif form is Form.csv:
        say(cost.mid.to_csv().rstrip("\n"))
    elif form is Form.focus:
        say(forms.focus(cost, book).rstrip("\n"))
    elif form is Form.markdown:
        first = " ".join(line.strip() for line in rests_lines(scenario, bill=True, alone=alone))
        say("\n\n".join([first, forms.pull_request(cost, by.value if by else None)]))
    else:
        width = terminal_width()
        left = "\n".join(fold(line, width) for line in import_lines(scenario, alone))
        month = forms.text(scenario, cost, by.value if by else None, year, best, ran, rows, width)
        say(
            "\n\n".join(
                part for part in ("\n".join(rests_lines(scenario, width, bill=True, alone=alone)), month, left) if part
            )
        )


@contextmanager
def partly(partial: bool) -> Iterator[None]:
    """Say of what stops a bill that `--partial` prices the rest."""
    from novamodel.errors import UserError

    try:
        yield
    except UserError as problem:
        if not partial:
            problem.valid = "; ".join(part for part in (problem.valid, "--partial leaves it out and names it") if part)
        raise


def share_of(text: str) -> float:
    """A share as it is written, `10 %` or `0.1`; `UserError` for any other text."""
    from novamodel import units
    from novamodel.errors import UserError

    try:
        return units.parse_fraction(text)
    except ValueError as problem:
        raise UserError(f"--spot {text!r}: {problem}", valid="a share such as '10 %'") from None


def placed(
    scenario: Scenario, hours: float | None, region: str | None, prices: Path | None, commitments: list[str]
) -> tuple[Scenario, PriceBook | None]:
    """The scenario in the region and month and with the commitments asked for; the price book where one was given."""
    from novamodel.cost import load_book
    from novamodel.errors import UserError

    book = load_book(file=prices) if prices is not None else None
    if book is not None and region not in (None, book.region):
        raise UserError(f"--prices is a book of {book.region}", valid=f"--region {book.region}")
    changes: dict[str, object] = {} if hours is None else {"pricing.hours_per_month": hours}
    if region or book:
        changes["pricing.region"] = region or (book.region if book else region)
    if commitments:
        changes["pricing.commitments"] = commitments
    if changes:
        scenario = scenario.override(changes, said_by="the command line")
    return scenario, book

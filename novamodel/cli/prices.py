"""`novamodel prices`: the price books, one figure with its sources, new ones from AWS's files, private rates."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novamodel.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from novamodel.cost import Change, PriceBook

prices = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Region = Annotated[str, typer.Option("--region", metavar="REGION", help="The region whose book is meant.")]
Write = Annotated[bool, typer.Option("--write", help="Write the book; without it the differences are shown only.")]
MOST_SHOWN = 60


@prices.callback()
def novamodel_prices() -> None:
    """Show, renew and override the prices that bills are made with.

    \b
    Examples:
      novamodel prices show nat.hour
      novamodel prices refresh AmazonECS.json --region us-east-1
      novamodel prices override private.yaml --to my-book.json --write
    """


@prices.command()
def show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A price's key, or a pattern such as 'fargate.*'.")],
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", show_default="all", help="One region's book only.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a price in every region with its status, date and sources, and its rates under plans.

    \b
    Examples:
      novamodel prices show rds.postgres.db.r6g.large.single_az
      novamodel prices show 'ec2.linux.m6i.*' --region eu-west-1
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cost import load_book, regions

    books = [load_book(name) for name in ([region] if region else regions())]
    if not any(set("*?[") & set(key)):
        with_key = [book for book in books if key in book.prices]
        if not with_key:
            books[0].price(key)  # the error names the nearest keys
        shown = {key: None}
    else:
        shown = dict.fromkeys(name for book in books for name in book.prices if fnmatchcase(name, key))
    rows = [row for name in shown for book in books for row in price_rows(book, name)]
    if json:
        say_json({"prices": rows})
        return
    if not rows:
        say(f"no price is named like {key}")
    for row in rows:
        say(row_text(row))


def price_rows(book: PriceBook, key: str) -> list[dict[str, Any]]:
    """The figures of one key in one book: a row a tier and one a plan's rate; a row without price where it has none."""
    if key not in book.prices:
        return [{"region": book.region, "key": key, "price": None}]
    price = book.prices[key]
    found = [("", tier) for tier in price.tiers]
    found += [(plan, rates[key]) for plan, rates in book.rates.items() if key in rates]
    return [
        {
            "region": book.region,
            "key": key,
            "plan": plan,
            "price": str(tier.price),
            "currency": book.currency,
            "unit": price.unit,
            "from": str(tier.start),
            "status": tier.status,
            "date": tier.date,
            "sku": tier.sku,
            "sources": list(tier.sources),
        }
        for plan, tier in found
    ]


def row_text(row: dict[str, Any]) -> str:
    """One figure on one or two lines of at most 80 columns."""
    if row["price"] is None:
        return f"{row['region']:<15} {row['key']}: no price is known"
    above = "" if row["from"] == "0" else f" above {row['from']}"
    what = f"{row['key']} {row['plan']}".rstrip()
    first = f"{row['region']:<15} {what}"
    second = f"{'':<15} {row['price']} {row['currency']} per {row['unit']}{above}, {row['status']}, {row['date']}"
    return f"{first}\n{second}\n{'':<15} {', '.join(row['sources'])}"


@prices.command()
def refresh(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            show_default=False,
            help="AWS's price list files: a file, a folder or an address; none: all current ones from AWS.",
        ),
    ] = None,
    region: Region = "us-east-1",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", show_default="the region's book", help="Where to write.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="KEY", show_default=False, help="Leave a price (or pattern) alone; repeatable."),
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Add instance classes that the book does not know.")] = False,
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", show_default="bundled", help="Another table of rules.")
    ] = None,
    root: Annotated[str, typer.Option("--root", metavar="ADDRESS", help="Where AWS publishes.")] = "",
    write: Write = False,
    json: Json = False,
) -> None:
    """Take prices from AWS's published offer and savings plan files; show what would change, write it if asked.

    Files of any size are streamed. Each rule has to find exactly one product, or nothing is written.

    \b
    Examples:
      novamodel prices refresh offers/ --region eu-west-1
      novamodel prices refresh AmazonECS.json --keep 'fargate.ephemeral' --write
      novamodel prices refresh --region us-east-1 --to book.json --write
    """
    from tempfile import TemporaryDirectory

    from novamodel.cli.fetching import ROOT, files_of, published
    from novamodel.cli.output import note
    from novamodel.cost import book_file, bundled_books, offers_of_rules, read_raw, refresh_book

    file = book_file(region)
    raw = read_raw(file)
    others = {name: read_raw(other) for name, other in bundled_books().items() if name != region}
    with TemporaryDirectory(prefix="novamodel-prices-") as folder:
        wanted = sources or published(region, offers_of_rules(rules), root or ROOT)
        done = refresh_book(raw, files_of(wanted, Path(folder), note), keep or (), others, add, rules)
    _finish(done.changes, done.book, to or file, write, json, kept=done.kept)


@prices.command()
def override(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Private rates: prices, discounts, rates (YAML).")],
    region: Region = "us-east-1",
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", show_default=False, help="Where to write the new book.")
    ] = None,
    write: Write = False,
    json: Json = False,
) -> None:
    """Put private rates in the place of list prices; `novamodel bill --prices BOOK` takes the new book.

    \b
    Examples:
      novamodel prices override private.yaml
      novamodel prices override private.yaml --to my-book.json --write
      novamodel bill novabank --prices my-book.json
    """
    from novamodel.cost import book_file, changes, read_raw, with_private
    from novamodel.errors import UserError

    if write and to is None:
        raise UserError("--write without --to", valid="--to FILE, the new book")
    raw = read_raw(book_file(region))
    book = with_private(raw, file)
    _finish(changes(raw, book), book, to, write, json)


def _finish(
    found: Sequence[Change],
    book: dict[str, Any],
    to: Path | None,
    write: bool,
    json: bool,
    kept: Sequence[str] = (),
) -> None:
    from novamodel.cli.output import say, say_json
    from novamodel.cost import check_book, write_book

    check_book(book)
    if write and to is not None:
        write_book(book, to)
    if json:
        rows = [{"key": change.key, "before": change.before, "after": change.after} for change in found]
        say_json({"changes": rows, "kept": list(kept), "written": str(to) if write else None})
        return
    for change in found[:MOST_SHOWN]:
        say(f"{change.key}\n    {change.before} -> {change.after}")
    if len(found) > MOST_SHOWN:
        say(f"and {len(found) - MOST_SHOWN} more (all of them with --json)")
    if kept:
        say(f"{len(kept)} prices of these services are kept as they were: {', '.join(kept[:5])} ...")
    say(f"{len(found)} figures differ; {f'written to {to}' if write else 'nothing is written without --write'}")

"""Front doors for books that change: AWS's files and private rates; what reads files is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from novamodel.cost.book import read_book
from novamodel.cost.differences import Change, changes
from novamodel.cost.private import with_private
from novamodel.errors import UserError

if TYPE_CHECKING:
    from novamodel.cost.published.refresh import Refresh

__all__ = ["Change", "changes", "check_book", "offers_of_rules", "refresh_book", "with_private"]


def refresh_book(
    raw: dict[str, Any],
    files: Iterable[Path],
    keep: Iterable[str] = (),
    others: Mapping[str, dict[str, Any]] | None = None,
    add: bool = False,
    rules: Path | None = None,
) -> Refresh:
    """A new book from AWS's files (`published.refresh.refreshed`) by the bundled table of rules, or another."""
    from novamodel.cost.published.refresh import refreshed
    from novamodel.cost.published.rules import load_rules

    return refreshed(raw, files, load_rules(rules), keep, others, add)


def offers_of_rules(rules: Path | None = None) -> tuple[str, ...]:
    """AWS's codes of the services that the table of rules reads."""
    from novamodel.cost.published.rules import load_rules

    return tuple(dict.fromkeys(offer for rule in load_rules(rules) for offer in rule.offers))


def check_book(raw: dict[str, Any]) -> None:
    """`UserError` where the plain values are no book that bills can be made with."""
    try:
        read_book(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"not a price book: {error!r}", valid="see data/prices") from error

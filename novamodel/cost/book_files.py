"""Price books as files: read as plain values, written whole, one price a line so that a diff stays readable."""

import json
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.files import write_whole
from novamodel.resources import data_dir


def book_file(region: str) -> Path:
    """Where the price book of a region is; `UserError` for a region without one."""
    if region not in bundled_books():
        raise UserError(f"no price book for region {region!r}", valid=tuple(bundled_books()), given=region)
    return bundled_books()[region]


def bundled_books() -> dict[str, Path]:
    """The bundled price books by region."""
    return {file.stem: file for file in sorted((data_dir() / "prices").glob("*.json"))}


def everywhere_file() -> Path:
    """Prices that do not depend on the region of a deployment; in the form of a book."""
    return data_dir() / "aws" / "everywhere.json"


def read_raw(file: Path) -> dict[str, Any]:
    """What a book's file holds; `UserError` where it cannot be read or is no JSON object."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"price book cannot be read: {error.strerror}", file=file) from error
    except ValueError as error:
        raise UserError(f"price book is no JSON: {error}", file=file) from error
    if not isinstance(raw, dict):
        raise UserError("not a price book: no JSON object", file=file, valid="see data/prices")
    return raw


def write_book(raw: dict[str, Any], file: Path) -> None:
    """Write a book whole or not at all."""
    write_whole(file, book_text(raw))


def book_text(raw: dict[str, Any]) -> str:
    """A book as JSON, one price, rate, source or allowance a line."""
    parts = []
    for name, value in raw.items():
        if name == "rates":
            plans = [f"  {_text(plan)}: {{\n{_lines(rates, 3)}\n  }}" for plan, rates in value.items() if rates]
            joined = ",\n".join(plans)
            parts.append(f' "rates": {{\n{joined}\n }}' if plans else ' "rates": {}')
        elif isinstance(value, dict) and value:
            parts.append(f" {_text(name)}: {{\n{_lines(value, 2)}\n }}")
        else:
            parts.append(f" {_text(name)}: {_text(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(entries: dict[str, Any], depth: int) -> str:
    return ",\n".join(f"{' ' * depth}{_text(key)}: {_text(value)}" for key, value in entries.items())


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

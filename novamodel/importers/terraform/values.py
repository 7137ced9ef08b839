"""What an expression may come to: a plain value, or one that only Terraform itself can work out."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 200_000
"""Characters of a text that expressions make; a longer one is not worked out."""
MAX_ITEMS = 20_000
"""Items of a collection that expressions make."""


@dataclass(frozen=True)
class Unknown:
    """A value that no file says: its text as far as it is known, the resources it refers to, and why."""

    text: str
    refs: tuple[str, ...] = ()
    why: str = ""

    def __bool__(self) -> bool:
        return False

    @property
    def reason(self) -> str:
        """Why it is not known, in a few words."""
        return self.why or "known only when Terraform runs"


class Encoded(str):
    """JSON or YAML text made from a value, which is kept beside it."""

    value: Any

    def __new__(cls, text: str, value: Any) -> Encoded:
        """The text with what it was made from."""
        made = super().__new__(cls, text)
        made.value = value
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Encoded:
        """A text does not change: it is its own copy."""
        return self


class TooMuch(Exception):
    """Files that ask for more work than any real folder."""


def text_of(value: Any) -> str:
    """A value inside a template: what is not known stands as ``${...}``; a collection has no text."""
    if isinstance(value, dict | list):
        return ""
    if isinstance(value, Unknown):
        return value.text if value.text.startswith("${") or "${" in value.text else "${" + value.text + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def joined(parts: list[Any]) -> Any:
    """The text that template parts make; not known where one of them is not."""
    if len(parts) == 1:
        return parts[0]
    text = bounded("".join(text_of(part) for part in parts))
    gaps = [part for part in parts if isinstance(part, Unknown)]
    if gaps:
        refs = tuple(dict.fromkeys(ref for gap in gaps for ref in gap.refs))
        return Unknown(text, refs, gaps[0].why)
    return text


def bounded(text: str) -> str:
    """A text of reasonable length; ``TooMuch`` for a longer one."""
    if len(text) > MAX_TEXT:
        raise TooMuch("a text of more than 200,000 characters")
    return text


def bounded_items(items: Any) -> Any:
    """A collection of reasonable size; ``TooMuch`` for a larger one."""
    if len(items) > MAX_ITEMS:
        raise TooMuch("a collection of more than 20,000 items")
    return items


def whole_number(value: Any) -> Any:
    """``4.0`` -> 4; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def plain(value: Any, left: list[int] | None = None) -> Any:
    """A value for JSON, copied: what is not known stands as ``${...}``; ``TooMuch`` for more than 20,000 parts."""
    left = [MAX_ITEMS] if left is None else left
    left[0] -= 1
    if left[0] < 0:
        raise TooMuch("a value of more than 20,000 parts")
    if isinstance(value, Unknown):
        return text_of(value)
    if isinstance(value, dict):
        return {str(key): plain(one, left) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, left) for one in value]
    return value


def canonical(value: Any) -> str:
    """A value as JSON with its keys in order, for comparison."""
    return json.dumps(plain(value), sort_keys=True)


def gaps_in(value: Any, most: int = 5000) -> list[Unknown]:
    """What is not known inside a value."""
    found: list[Unknown] = []
    waiting = [value]
    while waiting and most > 0:
        most -= 1
        one = waiting.pop()
        if isinstance(one, Unknown):
            found.append(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def number(value: Any) -> int | float:
    """A number, also where it is written as text; ``ValueError`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    if isinstance(value, str):
        if len(value) > 40:
            raise ValueError(value)
        value = float(value) if not value.strip().lstrip("-").isdecimal() else int(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return value


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal as Terraform compares them."""
    if isinstance(left, bool) or isinstance(right, bool):
        return type(left) is type(right) and left == right
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return canonical(left) == canonical(right)
    return bool(left == right)

"""Enough of JavaScript to read ``new Pool({ ... })``: a tokenizer that evaluates nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)
      | (?P<number>(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?))
      | (?P<word>[A-Za-z_$][\w$]*)
      | (?P<sign>\?\?|\|\||=>|\.\.\.|\?\.|.)""",
    re.X | re.S,
)
_BEFORE_REGEX = {"(", ",", "=", ":", "[", "!", "&", "|", "?", "{", "}", ";", "return", "=>", "||", "??", ""}
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")


class Token(NamedTuple):
    """A word, number, string or sign with its line."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a source text without space and comments; regular expressions count as strings."""
    at, line, before = 0, 1, ""
    while at < len(text):
        regex = _REGEX.match(text, at) if text[at] == "/" and before in _BEFORE_REGEX else None
        if regex and not text.startswith(("//", "/*"), at):
            kind, word = "string", regex[0]
        else:
            match = _TOKEN.match(text, at)
            kind, word = (match.lastgroup or "sign", match[0]) if match else ("sign", text[at])
        if kind not in ("space", "comment"):
            yield Token(kind, word, line)
            before = word
        line += word.count("\n")
        at += len(word)


def unquoted(token: Token) -> str:
    """The text inside a string token."""
    return token.text[1:-1] if token.kind == "string" and len(token.text) >= 2 else token.text


def number(parts: list[Token]) -> float | int | None:
    """The value of a number or a product of numbers (``30 * 1000``); None for anything else."""
    negative = bool(parts) and parts[0].text == "-"
    parts = parts[1:] if negative else parts
    if not parts or len(parts) % 2 == 0:
        return None
    result: float | int = 1
    for position, part in enumerate(parts):
        if position % 2:
            if part.text != "*":
                return None
            continue
        if part.kind != "number" or len(part.text) > 15:
            return None
        plain = part.text.replace("_", "")
        try:
            result *= int(plain, 0) if re.fullmatch(r"0[xX].+|0|[1-9]\d*", plain) else float(plain)
        except (ValueError, OverflowError):
            return None
    return -result if negative else result

"""Object literals of JavaScript and TypeScript, with names followed to what the same file says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from novamodel.importers.nodejs.javascript import Token, unquoted

OPEN, CLOSE = {"{", "[", "("}, {"}", "]", ")"}
MAX_STEPS = 8


@dataclass
class Literal:
    """An object: option -> (tokens of its value, line); ``closed``: whether it ends; ``open_names``: not followed."""

    line: int
    options: dict[str, tuple[list[Token], int]] = field(default_factory=dict)
    closed: bool = True
    open_names: list[Token] = field(default_factory=list)


@dataclass
class Source:
    """The tokens of a file and what its names stand for."""

    words: list[Token]
    names: dict[str, list[Token]]

    def followed(self, parts: list[Token], depth: int = 0) -> list[Token]:
        """Tokens with names of this file replaced by what they stand for, numbers and simple expressions only."""
        if depth > MAX_STEPS:
            return parts
        result: list[Token] = []
        for at, part in enumerate(parts):
            before = parts[at - 1].text if at else ""
            known = self.names.get(part.text) if part.kind == "word" and before not in (".", "?.") else None
            after = parts[at + 1].text if at + 1 < len(parts) else ""
            if known is not None and after not in (".", "(", ":") and len(known) < 60 and part not in known:
                result += self.followed(known, depth + 1)
            else:
                result.append(part)
        return result

    def literal(self, parts: list[Token], depth: int = 0) -> Literal | None:
        """The object that tokens stand for: a literal, or a name of one; None for anything else."""
        if not parts or depth > MAX_STEPS:
            return None
        if parts[0].text == "{":
            return self._read(parts, depth)
        if len(parts) == 1 and parts[0].kind == "word" and parts[0].text in self.names:
            found = self.literal(self.names[parts[0].text], depth + 1)
            return found
        return None

    def _read(self, parts: list[Token], depth: int) -> Literal:
        found = Literal(parts[0].line)
        at = 1
        while at < len(parts) and parts[at].text != "}":
            key = parts[at]
            if key.text == "...":
                value, at = until_comma(parts, at + 1)
                inner = self.literal(value, depth + 1)
                if inner is not None:
                    found.options |= inner.options
                else:
                    found.open_names += value[:1]
            else:
                value, at = until_comma(parts, at + 1)
                if value and value[0].text == ":":
                    found.options[unquoted(key)] = (value[1:], key.line)
                elif not value and key.kind == "word":
                    found.options[key.text] = (self.names.get(key.text, [key]), key.line)
            if at < len(parts) and parts[at].text == ",":
                at += 1
        found.closed = at < len(parts)
        return found


def source_of(words: list[Token]) -> Source:
    """The names that ``const``, ``let`` and ``var`` of a file give to values, types passed over."""
    names: dict[str, list[Token]] = {}
    for at, word in enumerate(words):
        if word.text not in ("const", "let", "var") or at + 2 >= len(words) or words[at + 1].kind != "word":
            continue
        start = at + 2
        if words[start].text == ":":  # const size: number = 5
            while start < len(words) and words[start].text not in ("=", ";"):
                start += 1
        if start < len(words) and words[start].text == "=":
            names.setdefault(words[at + 1].text, _statement(words, start + 1))
    return Source(words, names)


def _statement(words: list[Token], at: int) -> list[Token]:
    """The tokens of an expression: up to a semicolon, a comma outside of brackets, or the line that begins anew."""
    depth, start = 0, at
    while at < len(words):
        word = words[at]
        if depth == 0 and at > start:
            if word.text in (";", ",") or word.text in CLOSE:
                break
            new_line = word.line > words[at - 1].line and word.kind == "word" and words[at - 1].text not in _GOES_ON
            if new_line and word.text not in ("as", "satisfies"):
                break
        if word.kind == "sign":
            depth += (word.text in OPEN) - (word.text in CLOSE)
        at += 1
    parts = words[start:at]
    for number, part in enumerate(parts):
        if part.text in ("as", "satisfies") and number:
            return parts[:number]
    return parts


_GOES_ON = {"??", "||", "+", "*", "-", "?", ":", "=", "(", ",", "=>", "."}


def until_comma(words: list[Token], at: int) -> tuple[list[Token], int]:
    """The tokens up to the comma or brace that ends an entry, and the position of that sign."""
    depth, start = 0, at
    while at < len(words):
        text = words[at].text
        if depth == 0 and (text == "," or text in CLOSE):
            break
        if words[at].kind == "sign":
            depth += (text in OPEN) - (text in CLOSE)
        at += 1
    return words[start:at], at


def calls(words: list[Token], names: set[str], made: bool) -> Iterator[tuple[Token, list[list[Token]], bool]]:
    """Calls of functions (``made``: of constructors, after ``new``): the word, its arguments, whether it ends."""
    for at, word in enumerate(words):
        if word.kind != "word" or word.text not in names or at + 1 >= len(words):
            continue
        start = at
        while start >= 2 and words[start - 1].text in (".", "?."):
            start -= 2
        after_new = start > 0 and words[start - 1].text == "new"
        if after_new != made:
            continue
        opening = at + 1
        if words[opening].text == "<":  # new Pool<T>(
            while opening < len(words) and words[opening].text not in (">", "("):
                opening += 1
            opening += opening < len(words) and words[opening].text == ">"
        if (
            opening < len(words)
            and words[opening].text == "("
            and (at == 0 or words[at - 1].text not in ("function", "class"))
        ):
            arguments, position = [], opening + 1
            while position < len(words) and words[position].text != ")":
                part, position = until_comma(words, position)
                arguments.append(part)
                if position < len(words) and words[position].text == ",":
                    position += 1
                elif position < len(words) and words[position].text != ")":
                    break
            yield word, arguments, position < len(words) and words[position].text == ")"

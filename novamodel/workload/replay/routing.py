"""From a recorded request to a route of the model: patterns, the first that matches wins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from novamodel.errors import UserError

LEFT_OUT, UNMATCHED = -1, -2
_MOST_KINDS = 10_000  # of unmatched requests that are told apart
_MOST_SHOWN = 8


class Router:
    """Says which route a request takes, and counts those that match nothing."""

    def __init__(self, names: Sequence[str], routes: Mapping[str, str | None] | None, other: str | None) -> None:
        place = {name: i for i, name in enumerate(names)}
        self._names = names
        self._patterns: list[tuple[re.Pattern[str], int]] | None = None
        if routes is not None:
            self._patterns = [(pattern(text), LEFT_OUT if n is None else place[n]) for text, n in routes.items()]
        self._other = UNMATCHED if other is None else place[other]
        self._place = place
        self.unmatched: Counter[str] = Counter()
        self.route_of = lru_cache(maxsize=65536)(self._route_of)

    def _route_of(self, text: str) -> int:
        if self._patterns is None:
            return self._place.get(text, self._other)
        request = plain_request(text)
        return next((route for found, route in self._patterns if found.fullmatch(request)), self._other)

    def miss(self, text: str) -> None:
        """Count a request that matched nothing under its kind, for the error."""
        kind = text if self._patterns is None else _kind(plain_request(text))
        if kind in self.unmatched or len(self.unmatched) < _MOST_KINDS:
            self.unmatched[kind] += 1

    def check(self, requests: int) -> None:
        """Raise the error that names the commonest unmatched requests, if there are any."""
        if not self.unmatched:
            return
        count = sum(self.unmatched.values())
        common = sorted(self.unmatched.items(), key=lambda item: (-item[1], item[0]))[:_MOST_SHOWN]
        shown = ", ".join(f"{kind!r} ({times})" for kind, times in common)
        more = len(self.unmatched) - len(common)
        shown += f" and {more} other kinds" if more > 0 else ""
        if self._patterns is None:
            message = f"replay: {count} of {requests} requests take an unknown route: {shown}"
            raise UserError(message, valid=self._names, given=common[0][0])
        message = f"replay: {count} of {requests} requests match no pattern; the commonest: {shown}"
        raise UserError(message, valid="a pattern for each (null leaves them out), or other: ROUTE")


def pattern(text: str) -> re.Pattern[str]:
    """``GET /accounts/*``: a method (left out or ``*``: any; ``GET|HEAD``: either) and a path.

    ``*`` stands for any text without a slash, ``**`` for any text.
    """
    words = text.split()
    if not 1 <= len(words) <= 2 or not words[-1].startswith(("/", "*")):
        raise UserError(f"replay: {text!r} is no pattern", valid="such as 'GET /accounts/*' or '/static/**'")
    method = words[0] if len(words) == 2 else "*"
    methods = r"\S*" if method == "*" else "|".join(re.escape(name.upper()) for name in method.split("|"))
    parts = re.split(r"(\*\*|\*)", words[-1])
    path = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    return re.compile(f"(?:{methods}) {path}", re.DOTALL)


def plain_request(text: str) -> str:
    """``METHOD PATH`` of a request line, a method and path, or a path: no query, no protocol, no host."""
    words = text.split(" ")
    if words[-1].startswith("HTTP/"):
        words.pop()
    method = words[0].upper() if len(words) > 1 else ""
    path = " ".join(words[1:]) if len(words) > 1 else text
    path = re.sub(r"^https?://[^/?#]*", "", path)
    return f"{method} {re.split('[?#]', path, maxsplit=1)[0]}"


def _kind(request: str) -> str:
    """The request with each part of its path that holds a digit made ``*``, so that its like are counted together."""
    method, _, path = request.partition(" ")
    parts = ["*" if re.search(r"\d", part) else part for part in path.split("/")]
    return f"{method} {'/'.join(parts)}".strip()[:80]

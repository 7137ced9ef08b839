"""nginx's log_format as a regular expression."""

from __future__ import annotations

import re
from collections.abc import Collection

from novamodel.errors import UserError

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_LISTS = ("http_x_forwarded_for", "proxy_add_x_forwarded_for", "upstream_")  # their values may hold ", "


def variables(log_format: str) -> list[str]:
    """Names of the format's variables, in order."""
    found = [bare or braced for bare, braced in _VARIABLE.findall(log_format)]
    if not found:
        raise UserError(f"replay: log_format {log_format!r} names no variable", valid="such as '$remote_addr ...'")
    return found


def line_pattern(log_format: str, wanted: Collection[str]) -> re.Pattern[str]:
    """A pattern for a whole line, with a group for each wanted variable.

    nginx writes a quote inside a value as ``\\x22``, so a value ends where the literal after it begins.
    """
    parts, position, seen = [], 0, set()
    for match in _VARIABLE.finditer(log_format):
        name = match[1] or match[2]
        parts.append(re.escape(log_format[position : match.start()]))
        position = match.end()
        after = log_format[position : position + 1]
        if after == "":
            value = ".*"
        elif after == "$" or (after != '"' and name.startswith(_LISTS)):
            value = ".*?"
        else:
            value = f"[^{re.escape(after)}]*"
        parts.append(f"(?P<{name}>{value})" if name in wanted and name not in seen else f"(?:{value})")
        seen.add(name)
    return re.compile("".join([*parts, re.escape(log_format[position:])]))

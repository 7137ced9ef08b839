"""Terraform's functions over texts and addresses, in time linear in the text."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from novamodel.importers.terraform.values import Unknown, bounded, number, plain, text_of

_FORMAT = re.compile(r"%(?:\[(\d+)\])?([-+0 #]*)(\d*)(?:\.(\d*))?([vdsqtfgeGEbxXo%])")
_SIMPLE = re.compile(r"[^()|*+?{}\\]*(?:\\[wdsWDS.\-/]|\[[^\[\]]*\])?[*+?]?[^()|*+?{}\\]*\$?")


def filled(spec: str, *args: Any) -> str:
    position = 0

    def put(match: re.Match[str]) -> str:
        nonlocal position
        verb = match[5]
        if verb == "%":
            return "%"
        position = int(match[1]) if match[1] else position + 1
        value = args[position - 1]
        width = min(int(match[3] or 0), 200)
        if verb in "dbxXo":
            shown = f"{int(number(value)):{'+' if '+' in match[2] else ''}{verb}}"
        elif verb in "fgeGE":
            shown = f"{float(number(value)):.{min(int(match[4] or 6), 30)}{verb}}"
        else:
            shown = json.dumps(text_of(value)) if verb == "q" else text_of(value)
        if "-" in match[2]:
            return shown.ljust(width)
        return shown.rjust(width, "0" if "0" in match[2] and verb not in "sqvt" else " ")

    return bounded(_FORMAT.sub(put, spec))


def filled_or_open(spec: Any, *args: Any) -> Any:
    """A format whose arguments may be unknown: they stand as ``${...}`` in what is known of the text."""
    gaps = [arg for arg in (spec, *args) if isinstance(arg, Unknown)]
    if not gaps:
        return filled(spec, *args)
    text = spec.text if isinstance(spec, Unknown) else filled(spec, *[plain(arg) for arg in args])
    return Unknown(text, tuple(ref for gap in gaps for ref in gap.refs), gaps[0].why)


def replaced(text: str, old: str, new: str) -> str:
    if len(old) > 1 and old[0] == old[-1] == "/":
        return linear(old[1:-1], text).sub(re.sub(r"\$\{?(\d)\}?", r"\\\1", new), text)
    return bounded(text.replace(old, new)) if len(text) * max(1, len(new)) < 10_000_000 else text


def linear(pattern: str, text: str) -> re.Pattern[str]:
    """A pattern that takes time linear in the text: one repetition at most, no group; else ``ValueError``."""
    if len(pattern) > 100 or len(text) > 5000 or not _SIMPLE.fullmatch(pattern):
        raise ValueError(pattern)
    return re.compile(pattern)


def part_of(text: str, start: Any, length: Any) -> str:
    start, length = int(start), int(length)
    begin = start if start >= 0 else len(text) + start
    return text[begin:] if length < 0 else text[begin : begin + length]


def subnet(prefix: str, bits: Any, index: Any) -> str:
    network = ipaddress.ip_network(prefix, strict=False)
    size = network.prefixlen + int(bits)
    step = 1 << (network.max_prefixlen - size)
    return f"{ipaddress.ip_address(int(network.network_address) + int(index) * step)}/{size}"

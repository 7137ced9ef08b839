"""Terraform's built-in functions that need no state, no network and no clock, with bounded results."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import math
import re
from collections.abc import Callable
from typing import Any

from novamodel.importers.terraform.texts import filled, filled_or_open, linear, part_of, replaced, subnet
from novamodel.importers.terraform.values import (
    MAX_ITEMS,
    Encoded,
    TooMuch,
    Unknown,
    bounded,
    bounded_items,
    canonical,
    number,
    plain,
    text_of,
    whole_number,
)


def call(name: str, args: list[Any]) -> Any:
    """The result of a function; ``Unknown`` where it or an argument is not known, or the arguments do not fit."""
    text = f"{name}(...)"
    function = _LAZY.get(name)
    if function is None:
        gaps = [arg for arg in args if isinstance(arg, Unknown)]
        if gaps:
            return Unknown(text, tuple(ref for gap in gaps for ref in gap.refs), gaps[0].why or gaps[0].text)
        function = _STRICT.get(name)
    if function is None:
        return Unknown(text, (), f"function {name} is not worked out")
    try:
        return whole_number(function(*args))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, StopIteration):
        return Unknown(text, (), f"{name} does not take these values")


def _lookup(values: Any, key: Any, *default: Any) -> Any:
    if isinstance(values, Unknown) or isinstance(key, Unknown):
        gap = values if isinstance(values, Unknown) else key
        return Unknown("lookup(...)", gap.refs, gap.why or gap.text)
    return values.get(text_of(key), default[0]) if default else values[text_of(key)]


def _merge(*parts: Any) -> Any:
    result: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Unknown):
            continue  # what is known is still of use
        result |= part or {}
    return bounded_items(result)


def _concat(*parts: Any) -> Any:
    result: list[Any] = []
    for part in parts:
        result += [part] if isinstance(part, Unknown) else _items(part)
        bounded_items(result)
    return result


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise TypeError(value)


def _coalesce(*parts: Any) -> Any:
    for part in parts:
        if isinstance(part, Unknown) or part not in (None, ""):
            return part
    raise ValueError


def _try(*parts: Any) -> Any:
    for part in parts:
        if not isinstance(part, Unknown):
            return part
    return parts[0]


def _flatten(value: Any) -> list[Any]:
    result: list[Any] = []
    waiting = list(reversed(_items(value)))
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += reversed(one)
        else:
            result.append(one)
        bounded_items(waiting)
        bounded_items(result)
    return result


def _distinct(values: list[Any]) -> list[Any]:
    seen: dict[str, Any] = {}
    for one in values:
        seen.setdefault(canonical(one), one)
    return list(seen.values())


def _encode(value: Any) -> Encoded:
    return Encoded(bounded(json.dumps(plain(value))), value)


def _decode(text: str) -> Any:
    return text.value if isinstance(text, Encoded) else json.loads(bounded(text))


def _slice(values: Any, start: Any, end: Any) -> Any:
    return _items(values)[int(start) : int(end)]


def _range(*limits: Any) -> list[Any]:
    start, end, step = {1: (0, limits[0], 1), 2: (*limits, 1), 3: limits}[len(limits)]
    made = range(int(number(start)), int(number(end)), int(number(step)))
    if len(made) > 1024:
        raise ValueError("Terraform makes ranges of 1024 items at most")
    return list(made)


def _product(*sets: Any) -> list[Any]:
    result: list[Any] = [[]]
    for one in sets:
        items = _items(one)
        if len(result) * len(items) > MAX_ITEMS:
            raise TooMuch("a product of more than 20,000 items")
        result = [[*head, item] for head in result for item in items]
    return result


def _length(value: Any) -> Any:
    if isinstance(value, Unknown):
        return Unknown("length(...)", value.refs, value.why or value.text)
    return len(value)


def _element(values: Any, index: Any) -> Any:
    if isinstance(values, Unknown) or isinstance(index, Unknown):
        gap = values if isinstance(values, Unknown) else index
        return Unknown(gap.text, gap.refs, gap.why)
    return _items(values)[int(index) % len(values)]


def _bool(value: Any) -> bool:
    return {"true": True, "false": False}[text_of(value)]


def _sorted(values: Any) -> list[str]:
    return sorted(text_of(value) for value in _items(values))


def _numbers(values: tuple[Any, ...]) -> list[int | float]:
    flat = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return [number(value) for value in flat]


def _keep(value: Any) -> Any:
    return value


def _in_set(value: Any) -> list[Any]:
    return _distinct(_items(value))


# Functions that do something sensible with arguments that are not known.
_LAZY: dict[str, Callable[..., Any]] = {
    "lookup": _lookup,
    "merge": _merge,
    "concat": _concat,
    "coalesce": _coalesce,
    "try": _try,
    "can": lambda value: not isinstance(value, Unknown),
    "jsonencode": _encode,
    "yamlencode": _encode,
    "format": filled_or_open,
    "length": _length,
    "element": _element,
    "tolist": _keep,
    "toset": lambda value: value if isinstance(value, Unknown) else _in_set(value),
    "tomap": _keep,
    "sensitive": _keep,
    "nonsensitive": _keep,
    "ephemeralasnull": _keep,
    "tostring": lambda value: value if isinstance(value, Unknown | type(None)) else text_of(value),
    "compact": lambda values: [one for one in values if isinstance(one, Unknown) or one not in ("", None)],
    "flatten": _flatten,
    "list": lambda *values: list(values),
    "map": lambda *values: dict(zip(map(text_of, values[::2]), values[1::2], strict=False)),
}
_STRICT: dict[str, Callable[..., Any]] = {
    "tonumber": lambda value: None if value is None else number(value),
    "tobool": lambda value: None if value is None else _bool(value),
    "max": lambda *values: max(_numbers(values)),
    "min": lambda *values: min(_numbers(values)),
    "sum": lambda values: sum(number(value) for value in values),
    "abs": lambda value: abs(number(value)),
    "ceil": lambda value: math.ceil(number(value)),
    "floor": lambda value: math.floor(number(value)),
    "pow": lambda base, power: float(number(base)) ** float(number(power)),
    "log": lambda value, base: math.log(number(value)) / math.log(number(base)),
    "signum": lambda value: (number(value) > 0) - (number(value) < 0),
    "parseint": lambda text, base: int(bounded(text)[:100], int(base)),
    "range": _range,
    "coalescelist": lambda *lists: next(one for one in lists if one),
    "lower": str.lower,
    "upper": str.upper,
    "title": lambda text: re.sub(r"(^|\s)(\w)", lambda m: m[1] + m[2].upper(), text),
    "trimspace": str.strip,
    "chomp": lambda text: text.rstrip("\r\n"),
    "trim": lambda text, signs: text.strip(signs),
    "trimprefix": lambda text, head: text.removeprefix(head),
    "trimsuffix": lambda text, tail: text.removesuffix(tail),
    "startswith": lambda text, head: text.startswith(head),
    "endswith": lambda text, tail: text.endswith(tail),
    "strcontains": lambda text, part: part in text,
    "strrev": lambda text: text[::-1],
    "replace": replaced,
    "regex": lambda pattern, text: (linear(pattern, text).search(text) or [])[0],
    "regexall": lambda pattern, text: [match[0] for match in linear(pattern, text).finditer(text)],
    "substr": part_of,
    "split": lambda sign, text: bounded_items(text.split(sign)),
    "join": lambda sign, *lists: bounded(sign.join(text_of(one) for part in lists for one in part)),
    "formatlist": lambda spec, values: [filled(spec, value) for value in values],
    "indent": lambda size, text: bounded(text.replace("\n", "\n" + " " * min(int(size), 100))),
    "keys": lambda values: sorted(values),
    "values": lambda values: [values[key] for key in sorted(values)],
    "contains": lambda values, one: one in _items(values),
    "index": lambda values, one: _items(values).index(one),
    "reverse": lambda values: list(reversed(values)),
    "sort": _sorted,
    "distinct": lambda values: _distinct(_items(values)),
    "slice": _slice,
    "zipmap": lambda keys, values: dict(zip(map(text_of, keys), values, strict=True)),
    "chunklist": lambda values, size: [values[at : at + int(size)] for at in range(0, len(values), max(1, int(size)))],
    "setproduct": _product,
    "setunion": lambda *sets: _distinct(_concat(*sets)),
    "setintersection": lambda first, *sets: [one for one in first if all(one in other for other in sets)],
    "setsubtract": lambda first, second: [one for one in first if one not in second],
    "one": lambda values: values[0] if values else None,
    "alltrue": lambda values: all(value is True or value == "true" for value in values),
    "anytrue": lambda values: any(value is True or value == "true" for value in values),
    "jsondecode": _decode,
    "yamldecode": _decode,
    "base64encode": lambda text: bounded(base64.b64encode(text.encode()).decode()),
    "base64decode": lambda text: base64.b64decode(text).decode(),
    "md5": lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
    "sha1": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "cidrsubnet": subnet,
    "cidrhost": lambda prefix, index: str(ipaddress.ip_network(prefix, strict=False)[int(index)]),
}

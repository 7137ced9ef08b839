"""Reads nginx's text: sizes of zones, and the parameters of a `server` line of an upstream block."""

from __future__ import annotations

import re
from typing import NamedTuple

from novamodel.components.nginx.upstream.round_robin import Peer
from novamodel.errors import UserError

_TIME = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_SECONDS = (86400, 3600, 60, 1)
_SIZE = re.compile(r"(\d+)([kKmM]?)")
_LEAST_ZONE_BYTES = 8 * 4096
_NUMBERS = ("weight", "max_fails", "max_conns")


class ServerLine(NamedTuple):
    """Address as written, parameters, and whether it is a backup."""

    name: str
    peer: Peer
    backup: bool


def whole_seconds(text: str) -> int:
    """nginx time such as "10", "3s" or "1m30s" in whole seconds; UserError otherwise."""
    match = _TIME.fullmatch(text.replace(" ", ""))
    if match is None or not any(match.groups()):
        raise UserError(f'invalid time "{text}"', valid="whole seconds, or such as 10s, 1m or 1m30s")
    return sum(int(number or 0) * factor for number, factor in zip(match.groups(), _SECONDS, strict=True))


def parse_server(line: str) -> ServerLine:
    """`127.0.0.1:8080 weight=3 max_fails=2 fail_timeout=5s max_conns=9 backup down` with nginx's defaults."""
    name, *parameters = line.rstrip(";").split()
    numbers = {"weight": 1, "max_fails": 1, "max_conns": 0, "fail_timeout": 10}
    flags = set()
    for parameter in parameters:
        key, equals, value = parameter.partition("=")
        if equals and key in _NUMBERS and value.isdigit():
            numbers[key] = int(value)
        elif equals and key == "fail_timeout":
            numbers[key] = whole_seconds(value)
        elif not equals and key in ("backup", "down"):
            flags.add(key)
        elif parameter != "resolve":
            raise UserError(
                f'invalid server parameter "{parameter}"',
                valid="weight=, max_fails=, fail_timeout=, max_conns=, backup, down, resolve",
            )
    if numbers["weight"] < 1:
        raise UserError("weight must be at least 1", valid="a whole number from 1")
    peer = Peer(
        numbers["weight"],
        numbers["max_fails"],
        numbers["fail_timeout"],
        numbers["max_conns"],
        "down" in flags,
    )
    return ServerLine(name, peer, "backup" in flags)


def zone_bytes(size: str) -> int:
    """Zone size such as "64k" or "10m" in bytes; UserError for what nginx refuses (least: 32k)."""
    match = _SIZE.fullmatch(size)
    factor = {"": 1, "k": 1024, "m": 1024 * 1024}[match.group(2).lower()] if match else 0
    number = int(match.group(1)) * factor if match else 0
    if number < _LEAST_ZONE_BYTES:
        raise UserError(f'invalid zone size "{size}"', valid="32k or more, such as 64k or 10m")
    return number

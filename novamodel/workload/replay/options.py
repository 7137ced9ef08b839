"""What a user says about a recording beside its files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from novamodel.errors import UserError

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
"""nginx's predefined log_format (ngx_http_log_module)."""
FORMATS = ("auto", "nginx", "json", "csv", "parquet")
UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""How many are a second: divided by, so that full seconds stay full."""
ROLES = {
    "time": ("time", "time_s", "timestamp", "ts", "@timestamp", "msec", "time_iso8601", "time_local"),
    "route": ("route", "request", "path", "uri", "request_uri", "url"),
    "method": ("method", "request_method"),
    "client": ("client", "client_ip", "remote_addr", "ip"),
    "hit": ("hit",),
    "demand": ("demand", "demand_s"),
    "duration": (),
}
"""What a column is for, and the names under which it is looked for."""
NEEDED = ("time", "route", "client")


@dataclass(frozen=True)
class ReplayOptions:
    """How files are read, and what is made of them.

    ``columns``: role (see ROLES) -> column, key or log_format variable; those left out are looked for by name.
    ``routes``: pattern -> route, None for requests to leave out; the first that matches wins; None: the files hold
    names of routes. ``names``: every route of the model, in its order.
    """

    names: Sequence[str]
    routes: Mapping[str, str | None] | None = None
    other: str | None = None  # route of requests that match no pattern; None: they are an error
    format: Literal["auto", "nginx", "json", "csv", "parquet"] = "auto"
    log_format: str = COMBINED
    columns: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"  # of times that say none, and of the recording's clock
    time_unit: Literal["s", "ms", "us", "ns"] = "s"  # of times that are numbers
    going_back_s: float = 1.0  # several nginx workers write a log almost in order; more than this is an error
    skip_broken: bool = False
    spread: bool = True  # spread requests over the second where times are full seconds
    start_s: float = 0.0  # begin this long after the first request
    time_factor: float = 1.0  # 2: takes twice as long
    load_factor: float = 1.0  # 2: every client twice; 0.5: half of them
    load_by: Literal["client", "request"] = "client"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        _one_of("format", self.format, FORMATS)
        _one_of("time_unit", self.time_unit, tuple(UNITS))
        _one_of("load_by", self.load_by, ("client", "request"))
        for role in self.columns:
            _one_of("column for", role, tuple(ROLES))
        known = [name for name in (*(self.routes or {}).values(), self.other) if name is not None]
        for name in known:
            if name not in self.names:
                raise UserError(f"replay: route {name!r} is unknown", valid=self.names, given=name)
        for what, value, least, most in (
            ("going_back_s", self.going_back_s, 0.0, 86400.0),
            ("start_s", self.start_s, 0.0, 1e9),
            ("time_factor", self.time_factor, 1e-3, 1e3),
            ("load_factor", self.load_factor, 1e-3, 1e3),
        ):
            if not (math.isfinite(value) and least <= value <= most):
                raise UserError(f"replay: {what} is {value:g}", valid=f"{least:g} to {most:g}")
        zone_of(self.zone)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"replay: time zone {name!r} is unknown", valid="a name such as Europe/Berlin") from error


def _one_of(what: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise UserError(f"replay: {what} {value!r} is unknown", valid=valid, given=value)

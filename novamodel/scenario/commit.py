"""What a commit waits for: `synchronous_commit` and `synchronous_standby_names`.

PostgreSQL documentation, Write Ahead Log settings (synchronous_commit) and Log-Shipping Standby Servers: without names
of standbys the remote levels act as `local`. With names a commit waits for the standby's write, flush or replay, and
for ever when no standby is there.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from novamodel.scenario.fields import Part, Seconds, given

Level = Literal["off", "local", "remote_write", "on", "remote_apply"]
Paths = Literal["parallel", "serial"]

REMOTE = {"remote_write": "standby_write", "on": "standby_flush", "remote_apply": "standby_apply"}


class Standby(NamedTuple):
    """Times of a synchronous standby, in any one unit."""

    rtt: float  # there and back
    write: float
    flush: float
    apply: float


def commit_waits_for(level: Level, names_set: bool) -> str:
    """nothing, local_flush, standby_write, standby_flush or standby_apply."""
    if level == "off":
        return "nothing"
    return REMOTE.get(level, "local_flush") if names_set else "local_flush"


def commit_blocks(level: Level, names_set: bool) -> bool:
    """Whether a commit waits for ever while every synchronous standby is gone."""
    return commit_waits_for(level, names_set).startswith("standby")


def commit_wait(level: Level, local_flush: float, standby: Standby | None, paths: Paths = "parallel") -> float:
    """Time that a commit waits. The way to the standby runs beside the local flush, or (`serial`) after it."""
    waits_for = commit_waits_for(level, standby is not None)
    if waits_for == "nothing":
        return 0.0
    if standby is None or waits_for == "local_flush":
        return local_flush
    remote = standby.rtt + standby.write
    if waits_for != "standby_write":
        remote += standby.flush
    if waits_for == "standby_apply":
        remote += standby.apply
    return local_flush + remote if paths == "serial" else max(local_flush, remote)


class SynchronousReplication(Part):
    """Commits that wait for a standby (synchronous_standby_names is set)."""

    simplified = "the standby is always there, and its times are constant"

    commit: Level = given("on", "synchronous_commit: what a commit waits for", "documented: PostgreSQL default")
    paths: Paths = given("parallel", "the standby is asked beside the local flush, or after it", "assumed")
    local_flush: Seconds = given("0 s", "local flush, beyond the commit's own storage operations", "assumed")
    round_trip: Seconds = given("1 ms", "network to the standby and back", "assumed: another zone")
    write: Seconds = given("50 us", "the standby's write", "assumed")
    flush: Seconds = given("1 ms", "the standby's flush", "assumed: gp3 single-digit milliseconds")
    apply: Seconds = given("0.3 ms", "the standby's replay", "assumed")

    @property
    def wait_s(self) -> float:
        """Seconds that a commit of a transaction that writes waits."""
        standby = Standby(self.round_trip, self.write, self.flush, self.apply)
        return commit_wait(self.commit, self.local_flush, standby, self.paths)

"""Circuit breakers: a caller that sends no calls for a while after too many have failed.

Closed: all calls pass. It opens at so many failures in a row (go-resiliency, sony/gobreaker), or when the share of
failures among the last calls reaches a threshold and at least so many calls are counted (resilience4j's count-based
window; a ring of outcomes, judged after each result). Open: no call passes, until `open_s` is over. Half-open, from
the first call at or after that moment: so many probes pass and no more. On failures in a row, one failed probe opens
it again and all probes must succeed to close it; with a window, it is judged when all probes have answered, by the
same share. Closing forgets what was counted before.

Results come in any order. While it is open they are ignored; half-open, the result of a call that had started before
cannot be told from a probe's (so with resilience4j) unless the caller says in which generation it started, as gobreaker
does: `breaker_result_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import handler, rule

KINDS = ("none", "consecutive", "window")
NO_BREAKER, CONSECUTIVE, WINDOW = range(3)
STATES = ("closed", "open", "half-open")
CLOSED, OPEN, HALF_OPEN = range(3)

NEVER = 1e300


class BreakerPolicy(NamedTuple):
    """One row; kind is of KINDS. `open_s` may be NEVER: once open it stays so."""

    kind: str = "none"
    open_s: float = NEVER
    half_open_probes: int = 1
    failure_threshold: int = 1  # consecutive: failures in a row that open it
    window_calls: int = 1  # window: calls that are looked at
    failure_share: float = 1.0  # window: share of them that opens it
    min_calls: int = 1  # window: not judged with fewer calls; no more than window_calls


class Breaker(NamedTuple):
    """Columns by policy; `ring` by policy * depth + place."""

    depth: Column  # one entry: places in the ring of each policy
    kind: Column
    threshold: Column
    window: Column
    share: Column
    least: Column
    open_s: Column
    probes: Column
    state: Column
    generation: Column  # how often the state has changed
    until: Column  # when open: end of that
    calls: Column  # closed: results in the window; half-open: probes that have answered
    failures: Column  # closed: in a row, or in the window; half-open: failed probes
    place: Column  # next place in the ring
    granted: Column  # half-open: probes let through
    rejected: Column  # calls not let through so far
    ring: Column  # 1 = that call failed


def breaker_state(policies: Sequence[BreakerPolicy]) -> Breaker:
    """State in lists: closed. Counts below 1, a share outside (0, 1] and an unknown kind are a ``ValueError``."""
    for policy in policies:
        counts = (policy.half_open_probes, policy.failure_threshold, policy.window_calls, policy.min_calls)
        if min(counts) < 1 or not 0.0 < policy.failure_share <= 1.0 or policy.open_s < 0:
            raise ValueError("a breaker needs counts of at least 1, a share above 0 and up to 1, a time not negative")
    rows = len(policies)
    depth = max((policy.window_calls for policy in policies if policy.kind == "window"), default=1)
    return Breaker(
        depth=[depth],
        kind=[KINDS.index(policy.kind) for policy in policies],
        threshold=[policy.failure_threshold for policy in policies],
        window=[policy.window_calls for policy in policies],
        share=[float(policy.failure_share) for policy in policies],
        least=[min(policy.min_calls, policy.window_calls) for policy in policies],
        open_s=[float(policy.open_s) for policy in policies],
        probes=[policy.half_open_probes for policy in policies],
        state=[CLOSED] * rows,
        generation=[0] * rows,
        until=[0.0] * rows,
        calls=[0] * rows,
        failures=[0] * rows,
        place=[0] * rows,
        granted=[0] * rows,
        rejected=[0] * rows,
        ring=[0] * (rows * depth),
    )


@rule
def breaker_would_allow(s: Breaker, row: int, now: float) -> bool:
    """Whether a call would pass at this time, as things stand; changes nothing."""
    if s.kind[row] == NO_BREAKER or s.state[row] == CLOSED:
        return True
    if s.state[row] == OPEN:
        return now >= s.until[row]
    return s.granted[row] < s.probes[row]


@rule
def breaker_allows(s: Breaker, row: int, now: float) -> bool:
    """Ask for a call that starts now: whether it passes. One that does owes a result, or `breaker_forget`."""
    if not breaker_would_allow(s, row, now):
        s.rejected[row] += 1
        return False
    if s.state[row] == OPEN:
        _change(s, row, HALF_OPEN)
    if s.state[row] == HALF_OPEN:
        s.granted[row] += 1
    return True


@handler
def breaker_forget(s: Breaker, row: int) -> None:
    """A call that had passed ends without a verdict (its caller is gone): its place as a probe is free again."""
    if s.state[row] == HALF_OPEN and s.granted[row] > s.calls[row]:
        s.granted[row] -= 1


@rule
def breaker_result(s: Breaker, row: int, ok: bool, now: float) -> None:
    """A call that had passed has ended well or not."""
    if s.kind[row] == NO_BREAKER or s.state[row] == OPEN:
        return
    if s.state[row] == HALF_OPEN:
        _probe_result(s, row, ok, now)
    elif s.kind[row] == CONSECUTIVE:
        s.failures[row] = 0 if ok else s.failures[row] + 1
        if s.failures[row] >= s.threshold[row]:
            _open(s, row, now)
    else:
        _window_result(s, row, ok, now)


@rule
def breaker_result_of(s: Breaker, row: int, generation: int, ok: bool, now: float) -> None:
    """As `breaker_result`, but ignored when the state has changed since the call passed in this generation."""
    if generation == s.generation[row]:
        breaker_result(s, row, ok, now)


@handler
def _change(s: Breaker, row: int, state: int) -> None:
    s.state[row] = state
    s.generation[row] += 1
    s.calls[row] = 0
    s.failures[row] = 0
    s.granted[row] = 0


@handler
def _open(s: Breaker, row: int, now: float) -> None:
    _change(s, row, OPEN)
    s.until[row] = now + s.open_s[row]


@handler
def _probe_result(s: Breaker, row: int, ok: bool, now: float) -> None:
    s.calls[row] += 1
    s.failures[row] += 0 if ok else 1
    if s.kind[row] == CONSECUTIVE and not ok:
        _open(s, row, now)
    elif s.calls[row] >= s.probes[row]:
        if s.failures[row] > 0 and s.failures[row] / s.calls[row] >= s.share[row]:
            _open(s, row, now)
        else:
            _change(s, row, CLOSED)


@handler
def _window_result(s: Breaker, row: int, ok: bool, now: float) -> None:
    spot = row * s.depth[0] + s.place[row]
    if s.calls[row] == s.window[row]:
        s.failures[row] -= s.ring[spot]
    else:
        s.calls[row] += 1
    s.ring[spot] = 0 if ok else 1
    s.failures[row] += s.ring[spot]
    s.place[row] += 1
    if s.place[row] == s.window[row]:
        s.place[row] = 0
    if s.calls[row] >= s.least[row] and s.failures[row] / s.calls[row] >= s.share[row]:
        _open(s, row, now)

"""nginx's upstream servers and their choice by smooth weighted round robin, exact.

After src/http/ngx_http_upstream_round_robin.c (github.com/nginx/nginx, release-1.22.1). Failures are seen only by
live requests; the clock of `fail_timeout` counts whole seconds. `upstream` holds the other rules.

One row a peer (server line); a group is a run of rows and may point to its backup group. A worker
without a shared `zone` has groups of its own. The caller keeps, for each request, the group it is now in and the
peers of it that it has tried, as bits of `words` integers of a column: those from `tried[at]` on.

Every choice looks at every peer. But while all are in health a round of as many choices as there are peers brings the
weights back to where they were, so that the next round is the same again: it is repeated without looking, until
something changes.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import handler, rule

NO_PEER = -1
LEAST_WEIGHT = -(1 << 60)
BITS = 62
"""Peers whose tried ones fit one integer."""


class Upstream(NamedTuple):
    """Columns by peer: configuration, then state; and columns by group."""

    weight: Column
    max_fails: Column  # 0 = failures never count
    fail_timeout_s: Column  # whole seconds
    max_conns: Column  # 0 = no limit
    down: Column  # 1 = marked down
    absent: Column  # 1 = no server line at all (a replica that is not there): ways that hash do not count it
    effective_weight: Column
    current_weight: Column
    fails: Column
    accessed_s: Column  # last failure
    checked_s: Column  # last failure, or last time it was let through again
    conns: Column  # requests in progress
    first: Column  # by group: first row
    end: Column  # by group: one past the last row
    backup: Column  # by group: group to use when all are out, or -1
    single: Column  # by group: 1 = the only server, whose failures are ignored
    round: Column  # by row from the group's first on: peers in the order in which a round chose them
    before: Column  # by peer: current_weight when the round began
    length: Column  # by group: choices of a round, 0 = not all are in health
    picked: Column  # by group: choices of the present round so far
    repeats: Column  # by group: 1 = rounds repeat, and current_weight stays as it is when one begins
    words: Column  # one entry: integers that hold the tried peers of a request


class Peer(NamedTuple):
    """One server line with nginx's defaults."""

    weight: int = 1
    max_fails: int = 1
    fail_timeout_s: int = 10
    max_conns: int = 0
    down: bool = False
    absent: bool = False


def upstream_state(groups: list[tuple[list[Peer], list[Peer]]]) -> Upstream:
    """State in lists for upstreams of (primary peers, backup peers).

    Group numbers: upstream i has its primaries in group 2 * i and its backups in 2 * i + 1 (which is empty
    and unused when there are none); an upstream with one server and no backup is `single`.
    """
    peers: list[Peer] = []
    first, end, backup, single = [], [], [], []
    for number, (primaries, backups) in enumerate(groups):
        for role, members in enumerate((primaries, backups)):
            first.append(len(peers))
            peers.extend(members)
            end.append(len(peers))
            backup.append(2 * number + 1 if role == 0 and backups else -1)
            single.append(1 if role == 0 and len(members) == 1 and not backups else 0)
    zeros = [0] * len(peers)
    return Upstream(
        weight=[p.weight for p in peers],
        max_fails=[p.max_fails for p in peers],
        fail_timeout_s=[p.fail_timeout_s for p in peers],
        max_conns=[p.max_conns for p in peers],
        down=[int(p.down or p.absent) for p in peers],
        absent=[int(p.absent) for p in peers],
        effective_weight=[p.weight for p in peers],
        current_weight=list(zeros),
        fails=list(zeros),
        accessed_s=list(zeros),
        checked_s=list(zeros),
        conns=list(zeros),
        first=first,
        end=end,
        backup=backup,
        single=single,
        round=list(zeros),
        before=list(zeros),
        length=[0] * len(first),
        picked=[0] * len(first),
        repeats=[0] * len(first),
        words=[max([1, *((b - a + BITS - 1) // BITS for a, b in zip(first, end, strict=True))])],
    )


@rule
def none_tried(s: Upstream, tried: Column, at: int) -> None:
    """A request that has tried nobody yet, or has come to another group."""
    for word in range(s.words[0]):
        tried[at + word] = 0


@rule
def any_tried(s: Upstream, tried: Column, at: int) -> bool:
    """Whether a request has tried some peer of its group."""
    for word in range(s.words[0]):  # noqa: SIM110 - numba compiles no generators here
        if tried[at + word] != 0:
            return True
    return False


@rule
def peer_tried(tried: Column, at: int, bit: int) -> bool:
    """Whether a request has tried the peer in that place of its group."""
    return bool((tried[at + bit // BITS] >> (bit % BITS)) & 1)


@rule
def mark_tried(s: Upstream, group: int, peer: int, tried: Column, at: int) -> None:
    """Add a peer to those that a request has tried."""
    bit = peer - s.first[group]
    tried[at + bit // BITS] |= 1 << (bit % BITS)


@rule
def peer_full_or_down(s: Upstream, peer: int) -> bool:
    """Whether a peer is marked down or has reached max_conns."""
    return bool(s.down[peer] != 0 or (s.max_conns[peer] > 0 and s.conns[peer] >= s.max_conns[peer]))


@rule
def peer_open(s: Upstream, peer: int, now_s: int) -> bool:
    """Whether a peer takes requests at whole second now_s."""
    if peer_full_or_down(s, peer):
        return False
    if s.max_fails[peer] == 0 or s.fails[peer] < s.max_fails[peer]:
        return True
    return bool(now_s - s.checked_s[peer] > s.fail_timeout_s[peer])


@rule
def peer_usable(s: Upstream, group: int, peer: int, tried: Column, at: int, now_s: int) -> bool:
    """Whether a request that has tried those peers may choose this one at whole second now_s."""
    return peer_open(s, peer, now_s) and not peer_tried(tried, at, peer - s.first[group])


@rule
def raise_weight(s: Upstream, peer: int) -> int:
    """One peer's turn in smooth weighted round robin: adds its weight, heals it by one; the added weight."""
    added = s.effective_weight[peer]
    s.current_weight[peer] += added
    if added < s.weight[peer]:
        s.effective_weight[peer] = added + 1
    return int(added)


@rule
def peer_taken(s: Upstream, peer: int, now_s: int) -> None:
    """Book a request on the chosen peer."""
    if now_s - s.checked_s[peer] > s.fail_timeout_s[peer]:
        s.checked_s[peer] = now_s
    s.conns[peer] += 1


@handler
def weigh_peers(s: Upstream, group: int, again: bool, tried: Column, at: int, now_s: int) -> int:
    """Smooth weighted round robin: the peer whose turn it is in one group, or NO_PEER.

    again: the request has tried some of the peers, which `tried` tells.
    """
    first = s.first[group]
    best, most, total = NO_PEER, LEAST_WEIGHT, 0
    down, fails, most_conns = s.down, s.fails, s.max_conns
    weight, effective, current = s.weight, s.effective_weight, s.current_weight
    for peer in range(first, s.end[group]):  # as `raise_weight` does; without its calls plain Python is twice as fast
        if down[peer]:
            continue
        if again and peer_tried(tried, at, peer - first):
            continue
        if (fails[peer] or most_conns[peer]) and not peer_open(s, peer, now_s):
            continue
        added = effective[peer]
        level = current[peer] + added
        current[peer] = level
        total += added
        if added < weight[peer]:
            effective[peer] = added + 1
        if level > most:
            best = peer
            most = level
    if best >= 0:
        current[best] -= total
    return best


@rule
def round_begin(s: Upstream, group: int) -> None:
    """Remember the weights: when all are in health and as many choices as peers lead back to them, rounds repeat."""
    count = 0
    healthy = True
    for peer in range(s.first[group], s.end[group]):
        s.before[peer] = s.current_weight[peer]
        if s.down[peer] == 0:
            count += 1
            if s.fails[peer] != 0 or s.max_conns[peer] != 0 or s.effective_weight[peer] != s.weight[peer]:
                healthy = False
    s.length[group] = count if healthy else 0


@rule
def round_note(s: Upstream, group: int, best: int) -> None:
    """Note a choice of the round."""
    first, at = s.first[group], s.picked[group]
    if best < 0 or s.length[group] == 0:
        return
    s.round[first + at] = best
    s.picked[group] = at + 1
    if at + 1 == s.length[group]:
        s.picked[group] = 0
        s.repeats[group] = 1
        for peer in range(first, s.end[group]):
            if s.current_weight[peer] != s.before[peer]:
                s.repeats[group] = 0


@rule
def round_forget(s: Upstream, group: int) -> None:
    """To be called before anything changes that a choice depends on: bring the weights to where they would be."""
    if s.repeats[group] != 0:
        s.repeats[group] = 0
        for _ in range(s.picked[group]):
            weigh_peers(s, group, False, s.round, 0, 0)
    s.picked[group] = 0


@rule
def upstream_set_down(s: Upstream, group: int, peer: int, down: int) -> None:
    """Mark a peer of a group as down (1) or not (0)."""
    if s.down[peer] != down:
        round_forget(s, group)
        s.down[peer] = down


@rule
def upstream_list(s: Upstream, group: int, peer: int, listed: bool) -> None:
    """Add the server line of a peer, or take it away."""
    upstream_set_down(s, group, peer, 0 if listed else 1)
    s.absent[peer] = 0 if listed else 1


@handler
def round_robin_in_group(s: Upstream, group: int, tried: Column, at: int, now_s: int) -> int:
    """Peer (row) chosen in one group by smooth weighted round robin and booked, or NO_PEER."""
    first = s.first[group]
    if s.single[group] != 0:
        if peer_full_or_down(s, first):
            return NO_PEER
        s.conns[first] += 1
        return int(first)
    if any_tried(s, tried, at):
        round_forget(s, group)
        best = weigh_peers(s, group, True, tried, at, now_s)
    elif s.repeats[group] != 0:
        at = s.picked[group]
        best = s.round[first + at]
        s.picked[group] = at + 1 if at + 1 < s.length[group] else 0
    else:
        if s.picked[group] == 0:
            round_begin(s, group)
        best = weigh_peers(s, group, False, tried, at, now_s)
        round_note(s, group, best)
    if best >= 0:
        peer_taken(s, best, now_s)
    return int(best)

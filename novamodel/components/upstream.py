"""nginx's choice of an upstream server: smooth weighted round robin and least_conn, exact.

After src/http/ngx_http_upstream_round_robin.c and modules/ngx_http_upstream_least_conn_module.c
(github.com/nginx/nginx, release-1.22.1). Failures are seen only by live requests; the clock of
`fail_timeout` counts whole seconds. `upstream_hash` holds the methods that hash.

One row a peer (server line); a group is a run of rows and may point to its backup group. A worker
without a shared `zone` has groups of its own. The caller keeps, for each request, the peers it has tried as
the bits of one integer (bit = row - first row of the group) and the group it is now in.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule
from novamodel.errors import UserError

ROUND_ROBIN = 0
LEAST_CONN = 1
NO_PEER = -1
LEAST_WEIGHT = -(1 << 60)
MOST_PEERS = 62
"""Peers of one group, so that the tried ones fit the bits of an int64."""


class Upstream(NamedTuple):
    """Columns by peer: configuration, then state; and columns by group."""

    weight: Column
    max_fails: Column  # 0 = failures never count
    fail_timeout_s: Column  # whole seconds
    max_conns: Column  # 0 = no limit
    down: Column  # 1 = marked down
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


class Peer(NamedTuple):
    """One server line with nginx's defaults."""

    weight: int = 1
    max_fails: int = 1
    fail_timeout_s: int = 10
    max_conns: int = 0
    down: bool = False


def upstream_state(groups: list[tuple[list[Peer], list[Peer]]]) -> Upstream:
    """State in lists for upstreams of (primary peers, backup peers).

    Group numbers: upstream i has its primaries in group 2 * i and its backups in 2 * i + 1 (which is empty
    and unused when there are none); an upstream with one server and no backup is `single`.
    """
    peers: list[Peer] = []
    first, end, backup, single = [], [], [], []
    for number, (primaries, backups) in enumerate(groups):
        for role, members in enumerate((primaries, backups)):
            if len(members) > MOST_PEERS:
                raise UserError(f"{len(members)} servers in one upstream", valid=f"at most {MOST_PEERS}")
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
        down=[int(p.down) for p in peers],
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
    )


@rule
def peer_full_or_down(s: Upstream, peer: int) -> bool:
    """Whether a peer is marked down or has reached max_conns."""
    return bool(s.down[peer] != 0 or (s.max_conns[peer] > 0 and s.conns[peer] >= s.max_conns[peer]))


@rule
def peer_usable(s: Upstream, peer: int, bit: int, tried: int, now_s: int) -> bool:
    """Whether a request that has tried those peers may choose this one at whole second now_s."""
    if (tried >> bit) & 1 or peer_full_or_down(s, peer):
        return False
    if s.max_fails[peer] == 0 or s.fails[peer] < s.max_fails[peer]:
        return True
    return bool(now_s - s.checked_s[peer] > s.fail_timeout_s[peer])


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


@rule
def round_robin_in_group(s: Upstream, group: int, tried: int, now_s: int) -> int:
    """Peer (row) chosen in one group by smooth weighted round robin and booked, or NO_PEER."""
    first = s.first[group]
    if s.single[group] != 0:
        if peer_full_or_down(s, first):
            return NO_PEER
        s.conns[first] += 1
        return int(first)
    best, most, total = NO_PEER, LEAST_WEIGHT, 0
    down, fails, most_conns = s.down, s.fails, s.max_conns
    weight, effective, current = s.weight, s.effective_weight, s.current_weight
    for peer in range(first, s.end[group]):  # as `raise_weight` does; without its calls plain Python is twice as fast
        if down[peer]:
            continue
        if (tried or fails[peer] or most_conns[peer]) and not peer_usable(s, peer, peer - first, tried, now_s):
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
        s.current_weight[best] -= total
        peer_taken(s, best, now_s)
    return best


@rule
def least_conn_in_group(s: Upstream, group: int, tried: int, now_s: int) -> int:
    """Peer with the fewest requests in progress by weight, ties by round robin, booked; or NO_PEER."""
    if s.single[group] != 0:
        return round_robin_in_group(s, group, tried, now_s)
    first, end = s.first[group], s.end[group]
    best = NO_PEER
    tied = False
    for peer in range(first, end):
        if peer_usable(s, peer, peer - first, tried, now_s):
            if best < 0 or s.conns[peer] * s.weight[best] < s.conns[best] * s.weight[peer]:
                best = peer
                tied = False
            elif s.conns[peer] * s.weight[best] == s.conns[best] * s.weight[peer]:
                tied = True
    if best < 0:
        return NO_PEER
    total = 0
    if tied:
        for peer in range(best, end):
            level = s.conns[peer] * s.weight[best] == s.conns[best] * s.weight[peer]
            if level and peer_usable(s, peer, peer - first, tried, now_s):
                total += raise_weight(s, peer)
                if s.current_weight[peer] > s.current_weight[best]:
                    best = peer
    s.current_weight[best] -= total
    peer_taken(s, best, now_s)
    return best


@rule
def round_robin_pick(s: Upstream, group: int, tried: int, now_s: int) -> tuple[int, int]:
    """(peer or NO_PEER, group it is in): the group given or, when all of it is out, its backup.

    NO_PEER means 502 at once. The caller adds bit peer - first[group] to the tried peers, which start at 0
    for a group the request has newly come to.
    """
    peer = round_robin_in_group(s, group, tried, now_s)
    if peer < 0 and s.backup[group] >= 0:
        group = s.backup[group]
        peer = round_robin_in_group(s, group, 0, now_s)
    return peer, group


@rule
def least_conn_pick(s: Upstream, group: int, tried: int, now_s: int) -> tuple[int, int]:
    """As round_robin_pick, by least_conn."""
    peer = least_conn_in_group(s, group, tried, now_s)
    if peer < 0 and s.backup[group] >= 0:
        group = s.backup[group]
        peer = least_conn_in_group(s, group, 0, now_s)
    return peer, group


@rule
def upstream_pick(s: Upstream, method: int, group: int, tried: int, now_s: int) -> tuple[int, int]:
    """Pick by ROUND_ROBIN or LEAST_CONN."""
    if method == LEAST_CONN:
        return least_conn_pick(s, group, tried, now_s)
    return round_robin_pick(s, group, tried, now_s)


@rule
def mark_tried(s: Upstream, group: int, peer: int, tried: int) -> int:
    """The tried peers of a request with this one added."""
    return int(tried | (1 << (peer - s.first[group])))


@rule
def upstream_release(s: Upstream, group: int, peer: int, failed: bool, now_s: int) -> None:
    """A request leaves its peer. failed: the connection or the answer failed in nginx's sense
    (refused, timed out, closed early, bad header, or a status listed in proxy_next_upstream)."""
    s.conns[peer] -= 1
    if s.single[group] != 0:
        return
    if failed:
        s.fails[peer] += 1
        s.accessed_s[peer] = now_s
        s.checked_s[peer] = now_s
        if s.max_fails[peer] > 0:
            s.effective_weight[peer] -= s.weight[peer] // s.max_fails[peer]
        if s.effective_weight[peer] < 0:
            s.effective_weight[peer] = 0
    elif s.accessed_s[peer] < s.checked_s[peer]:
        s.fails[peer] = 0

"""nginx's choice of an upstream server: least_conn, backups, and what a request leaves behind, exact.

After src/http/ngx_http_upstream_round_robin.c and modules/ngx_http_upstream_least_conn_module.c
(github.com/nginx/nginx, release-1.22.1). `round_robin` holds the peers' state and round robin itself,
`hashes` and `numbers` the methods that hash or draw.
"""

from __future__ import annotations

from novamodel.components.columns import Column
from novamodel.components.nginx.upstream.round_robin import (
    NO_PEER,
    Upstream,
    none_tried,
    peer_taken,
    peer_usable,
    raise_weight,
    round_forget,
    round_robin_in_group,
)
from novamodel.components.rule import handler, rule


@handler
def least_conn_in_group(s: Upstream, group: int, tried: Column, at: int, now_s: int) -> int:
    """Peer with the fewest requests in progress by weight, ties by round robin, booked; or NO_PEER."""
    if s.single[group] != 0:
        return round_robin_in_group(s, group, tried, at, now_s)
    first, end = s.first[group], s.end[group]
    best = NO_PEER
    tied = False
    for peer in range(first, end):
        if peer_usable(s, group, peer, tried, at, now_s):
            if best < 0 or s.conns[peer] * s.weight[best] < s.conns[best] * s.weight[peer]:
                best = peer
                tied = False
            elif s.conns[peer] * s.weight[best] == s.conns[best] * s.weight[peer]:
                tied = True
    if best < 0:
        return NO_PEER
    total = 0
    if tied:
        round_forget(s, group)
        for peer in range(best, end):
            level = s.conns[peer] * s.weight[best] == s.conns[best] * s.weight[peer]
            if level and peer_usable(s, group, peer, tried, at, now_s):
                total += raise_weight(s, peer)
                if s.current_weight[peer] > s.current_weight[best]:
                    best = peer
    s.current_weight[best] -= total
    peer_taken(s, best, now_s)
    return best


@rule
def round_robin_pick(s: Upstream, group: int, tried: Column, at: int, now_s: int) -> tuple[int, int]:
    """(peer or NO_PEER, group it is in): the group given or, when all of it is out, its backup.

    NO_PEER means 502 at once. The caller marks the peer as tried; nobody is in a group the request newly comes to.
    """
    peer = round_robin_in_group(s, group, tried, at, now_s)
    if peer < 0 and s.backup[group] >= 0:
        group = s.backup[group]
        none_tried(s, tried, at)
        peer = round_robin_in_group(s, group, tried, at, now_s)
    return peer, group


@rule
def least_conn_pick(s: Upstream, group: int, tried: Column, at: int, now_s: int) -> tuple[int, int]:
    """As round_robin_pick, by least_conn."""
    peer = least_conn_in_group(s, group, tried, at, now_s)
    if peer < 0 and s.backup[group] >= 0:
        group = s.backup[group]
        none_tried(s, tried, at)
        peer = least_conn_in_group(s, group, tried, at, now_s)
    return peer, group


@rule
def upstream_release(s: Upstream, group: int, peer: int, failed: bool, now_s: int) -> None:
    """A request leaves its peer. failed: the connection or the answer failed in nginx's sense
    (refused, timed out, closed early, bad header, or a status listed in proxy_next_upstream)."""
    s.conns[peer] -= 1
    if s.single[group] != 0:
        return
    if failed:
        round_forget(s, group)
        s.fails[peer] += 1
        s.accessed_s[peer] = now_s
        s.checked_s[peer] = now_s
        if s.max_fails[peer] > 0:
            s.effective_weight[peer] -= s.weight[peer] // s.max_fails[peer]
        if s.effective_weight[peer] < 0:
            s.effective_weight[peer] = 0
    elif s.fails[peer] != 0 and s.accessed_s[peer] < s.checked_s[peer]:
        round_forget(s, group)
        s.fails[peer] = 0

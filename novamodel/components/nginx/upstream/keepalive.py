"""nginx's cache of idle connections to upstream servers (`keepalive N`).

After src/http/modules/ngx_http_upstream_keepalive_module.c (github.com/nginx/nginx, release-1.22.1): each worker keeps
at most N idle connections for an upstream. A request takes the one to its peer that was put back last; when the cache
is full, the one that was put back first is closed. N bounds the idle ones, not those in use.

One row a cache (an upstream in a worker); a cache's places are neighbours, the one put back first in front.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column
from novamodel.components.rule import rule


class Keepalive(NamedTuple):
    """Columns by cache; `peer` by cache's first place + place."""

    first: Column
    size: Column  # N; 0 = nothing is kept
    count: Column  # idle connections
    peer: Column  # whose connection it is


def keepalive_state(sizes: list[int]) -> Keepalive:
    """Empty caches in lists."""
    firsts = [sum(sizes[:n]) for n in range(len(sizes))]
    return Keepalive(firsts, list(sizes), [0] * len(sizes), [0] * max(1, sum(sizes)))


@rule
def keepalive_drop(s: Keepalive, cache: int, place: int) -> None:
    """Take a connection out; those behind it move up."""
    s.count[cache] -= 1
    for n in range(place, s.first[cache] + s.count[cache]):
        s.peer[n] = s.peer[n + 1]


@rule
def keepalive_take(s: Keepalive, cache: int, peer: int) -> bool:
    """Take an idle connection to a peer, the one put back last; false if there is none."""
    first = s.first[cache]
    for place in range(first + s.count[cache] - 1, first - 1, -1):
        if s.peer[place] == peer:
            keepalive_drop(s, cache, place)
            return True
    return False


@rule
def keepalive_put(s: Keepalive, cache: int, peer: int) -> None:
    """Put a connection back."""
    if s.size[cache] == 0:
        return
    if s.count[cache] == s.size[cache]:
        keepalive_drop(s, cache, s.first[cache])
    s.peer[s.first[cache] + s.count[cache]] = peer
    s.count[cache] += 1


@rule
def keepalive_forget(s: Keepalive, cache: int, peer: int) -> None:
    """A peer is gone: its idle connections are closed."""
    for place in range(s.first[cache] + s.count[cache] - 1, s.first[cache] - 1, -1):
        if s.peer[place] == peer:
            keepalive_drop(s, cache, place)

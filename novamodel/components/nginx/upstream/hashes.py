"""nginx's hashing ways to choose an upstream server: hash, hash consistent; and what a request remembers.

After src/http/modules/ngx_http_upstream_hash_module.c (github.com/nginx/nginx, release-1.22.1). Plain Python on the
state of `round_robin`; `numbers` has ip_hash and random. After 20 vain tries both fall back to round robin. A `Walk` is
what one request remembers between its tries.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from novamodel.components.nginx.upstream.least_conn import round_robin_pick
from novamodel.components.nginx.upstream.numbers import MOST_TRIES, peer_at
from novamodel.components.nginx.upstream.round_robin import (
    NO_PEER,
    Upstream,
    mark_tried,
    peer_taken,
    peer_usable,
    raise_weight,
    round_forget,
)

_POINTS_BY_WEIGHT = 160


@dataclass
class Walk:
    """One request's way through an upstream: group, tried peers (bits) and the state of its hash."""

    group: int
    tried: list[int] = field(default_factory=lambda: [0] * 8)
    hash: int = 0
    rehash: int = 0
    tries: int = 0  # in vain
    asked: int = 0  # peers that it has been given


Step = Callable[[Walk], int]
"""Advances the walk's hash and returns its new value."""


def hash_step(key: bytes) -> Step:
    """One round of `hash KEY` (Cache::Memcached's way)."""

    def step(walk: Walk) -> int:
        salt = str(walk.rehash).encode() if walk.rehash > 0 else b""
        walk.hash += (zlib.crc32(salt + key) >> 16) & 0x7FFF
        walk.rehash += 1
        return walk.hash

    return step


def pick_by_walk(s: Upstream, walk: Walk, step: Step, now_s: int) -> int:
    """Peer chosen by repeated hashing over the weights and booked, or NO_PEER. Updates the walk."""
    if walk.tries > MOST_TRIES or s.single[walk.group]:
        return fall_back(s, walk, now_s)
    while True:
        peer = peer_at(s, walk.group, step(walk))
        if _book(s, walk, peer, now_s):
            return peer
        walk.tries += 1
        if walk.tries > MOST_TRIES:
            return fall_back(s, walk, now_s)


def ring_points(servers: Sequence[str], weights: Sequence[int]) -> list[tuple[int, str]]:
    """Points (hash, server) of the consistent ring, in order; 160 a unit of weight."""
    points: dict[int, str] = {}
    for server, weight in zip(servers, weights, strict=True):
        host, port = _host_and_port(server)
        base = zlib.crc32(host + b"\0" + port)
        previous = 0
        for _ in range(weight * _POINTS_BY_WEIGHT):
            previous = zlib.crc32(previous.to_bytes(4, "little"), base)
            points.setdefault(previous, server)
    return sorted(points.items())


def ring_walk(group: int, points: list[tuple[int, str]], key: bytes) -> Walk:
    """Start of a request under `hash KEY consistent`: the first point at or after the key's hash."""
    return Walk(group, hash=bisect_left(points, (zlib.crc32(key), "")))


def pick_on_ring(s: Upstream, walk: Walk, points: list[tuple[int, str]], servers: Sequence[str], now_s: int) -> int:
    """Peer chosen on the ring and booked, or NO_PEER. servers[row] names each peer. Updates the walk."""
    if walk.tries > MOST_TRIES or s.single[walk.group]:
        return fall_back(s, walk, now_s)
    first, end = s.first[walk.group], s.end[walk.group]
    while True:
        server = points[walk.hash % len(points)][1]
        round_forget(s, walk.group)
        best, total = NO_PEER, 0
        for peer in range(first, end):
            if servers[peer] == server and peer_usable(s, walk.group, peer, walk.tried, 0, now_s):
                total += raise_weight(s, peer)
                if best < 0 or s.current_weight[peer] > s.current_weight[best]:
                    best = peer
        if best >= 0:
            s.current_weight[best] -= total
            _book(s, walk, best, now_s)
            return best
        walk.hash += 1
        walk.tries += 1
        if walk.tries > MOST_TRIES:
            return fall_back(s, walk, now_s)


def move_to(s: Upstream, walk: Walk, peer: int, group: int) -> int:
    """Record in the walk the outcome of a pick that may have moved to the backup group."""
    walk.group = group
    if peer >= 0:
        mark_tried(s, group, peer, walk.tried, 0)
        walk.asked += 1
    return peer


def fall_back(s: Upstream, walk: Walk, now_s: int) -> int:
    peer, group = round_robin_pick(s, walk.group, walk.tried, 0, now_s)
    return move_to(s, walk, peer, group)


def _book(s: Upstream, walk: Walk, peer: int, now_s: int) -> bool:
    if not peer_usable(s, walk.group, peer, walk.tried, 0, now_s):
        return False
    peer_taken(s, peer, now_s)
    move_to(s, walk, peer, walk.group)
    return True


def _host_and_port(server: str) -> tuple[bytes, bytes]:
    if server[:5].lower() == "unix:":
        return server[5:].encode(), b""
    host, colon, port = server.rpartition(":")
    if colon and all("0" <= c <= "9" for c in port):
        return host.encode(), port.encode()
    return server.encode(), b""

"""The rules of nginx's upstream methods asked by a recorded request: its address as text, its tries in a `Walk`."""

from __future__ import annotations

import ipaddress

from novamodel.components.nginx.upstream.hashes import Walk, fall_back, move_to
from novamodel.components.nginx.upstream.numbers import ip_hash_pick, random_pick, random_two_pick
from novamodel.components.nginx.upstream.round_robin import Upstream


def ip_hash_octets(address: str) -> bytes:
    """Bytes that ip_hash uses: the first three of an IPv4 address, all of an IPv6 one."""
    parsed = ipaddress.ip_address(address)
    return parsed.packed[:3] if parsed.version == 4 else parsed.packed


def pick_by_ip(s: Upstream, walk: Walk, octets: bytes, now_s: int) -> int:
    """Peer chosen by ip_hash and booked, or NO_PEER. Updates the walk."""
    address = int.from_bytes(octets, "big")
    peer, group, walk.tries = ip_hash_pick(
        s, walk.group, walk.tried, 0, address, len(octets), walk.asked, walk.tries, now_s
    )
    return move_to(s, walk, peer, group)


def pick_random(s: Upstream, walk: Walk, seed: int, key: int, now_s: int) -> int:
    """Peer of `random`: drawn by weight, booked; or NO_PEER. Draws are made from the seed and the request's key."""
    peer, group, walk.tries = random_pick(s, walk.group, walk.tried, 0, seed, 0, key, walk.asked, walk.tries, now_s)
    return move_to(s, walk, peer, group)


def pick_random_two(s: Upstream, walk: Walk, seed: int, key: int, now_s: int) -> int:
    """Peer of `random two least_conn`: of two drawn, the one with fewer requests by weight, booked."""
    peer, group, walk.tries = random_two_pick(s, walk.group, walk.tried, 0, seed, 0, key, walk.asked, walk.tries, now_s)
    return move_to(s, walk, peer, group)


def pick_round_robin(s: Upstream, walk: Walk, now_s: int) -> int:
    """Peer of plain round robin in the form of the other methods here."""
    return fall_back(s, walk, now_s)

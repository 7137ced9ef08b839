"""nginx's choice of an upstream server by a number: ip_hash, random, random two; and kube-proxy's.

After src/http/modules/ngx_http_upstream_{ip_hash,random}_module.c (github.com/nginx/nginx, release-1.22.1): the
weights of all server lines are laid end to end, and a number falls on one of them. After 20 vain tries all fall back
to round robin. Random numbers are drawn by counter from a request's key, so that both engines draw the same.

kube-proxy's rules for iptables give each ready endpoint of a service the same probability (kubernetes.io, "Virtual IPs
and Service Proxies", iptables proxy mode).
"""

from __future__ import annotations

from novamodel.components.columns import Column
from novamodel.components.nginx.upstream.least_conn import round_robin_pick
from novamodel.components.nginx.upstream.round_robin import NO_PEER, Upstream, peer_taken, peer_usable
from novamodel.components.philox import uniform
from novamodel.components.rule import rule

MOST_TRIES = 20
_HASH_START = 89
_HASH_MODULUS = 6271
_DRAWS = 64  # by one request for one choice: two, and 21 vain ones at most


@rule
def ip_hash_round(hash_before: int, address: int, octets: int) -> int:
    """One round of ip_hash over the last ``octets`` bytes of an address, the highest first."""
    for n in range(octets - 1, -1, -1):
        hash_before = (hash_before * 113 + ((address >> (8 * n)) & 255)) % _HASH_MODULUS
    return hash_before


@rule
def total_weight(s: Upstream, group: int) -> int:
    """Weights of all server lines of a group."""
    total = 0
    for peer in range(s.first[group], s.end[group]):
        if s.absent[peer] == 0:
            total += s.weight[peer]
    return total


@rule
def peer_at(s: Upstream, group: int, number: int) -> int:
    """Peer on which a number falls when the weights are laid end to end, again and again; NO_PEER without any."""
    total = total_weight(s, group)
    if total == 0:
        return NO_PEER
    rest = number % total
    for peer in range(s.first[group], s.end[group]):
        if s.absent[peer] == 0:
            if rest < s.weight[peer]:
                return peer
            rest -= s.weight[peer]
    return NO_PEER


@rule
def peer_drawn(s: Upstream, group: int, u: float) -> int:
    """Peer on which a number u in [0, 1) falls; NO_PEER without any."""
    total = total_weight(s, group)
    return peer_at(s, group, min(int(u * total), total - 1)) if total > 0 else NO_PEER


@rule
def number_usable(s: Upstream, group: int, peer: int, tried: Column, at: int, now_s: int) -> bool:
    """Whether the peer on which a number fell may be chosen."""
    return peer >= 0 and peer_usable(s, group, peer, tried, at, now_s)


@rule
def ip_hash_pick(
    s: Upstream, group: int, tried: Column, at: int, address: int, octets: int, asked: int, vain: int, now_s: int
) -> tuple[int, int, int]:
    """(peer or NO_PEER, group, vain tries) of ip_hash, booked.

    asked: peers that the request has been given before; vain: tries in vain before. The hash goes on from there.
    """
    if vain <= MOST_TRIES and s.single[group] == 0:
        hashed = _HASH_START
        for _ in range(asked + vain):
            hashed = ip_hash_round(hashed, address, octets)
        while vain <= MOST_TRIES:
            hashed = ip_hash_round(hashed, address, octets)
            peer = peer_at(s, group, hashed)
            if number_usable(s, group, peer, tried, at, now_s):
                peer_taken(s, peer, now_s)
                return peer, group, vain
            vain += 1
    peer, group = round_robin_pick(s, group, tried, at, now_s)
    return peer, group, vain


@rule
def random_pick(
    s: Upstream,
    group: int,
    tried: Column,
    at: int,
    seed: int,
    stream: int,
    key: int,
    asked: int,
    vain: int,
    now_s: int,
) -> tuple[int, int, int]:
    """The same by `random`: drawn by weight. Draws are numbers of (seed, stream, key), 64 for each choice."""
    draw = asked * _DRAWS
    if s.single[group] == 0:
        while vain <= MOST_TRIES:
            peer = peer_drawn(s, group, uniform(seed, stream, key, draw))
            draw += 1
            if number_usable(s, group, peer, tried, at, now_s):
                peer_taken(s, peer, now_s)
                return peer, group, vain
            vain += 1
    peer, group = round_robin_pick(s, group, tried, at, now_s)
    return peer, group, vain


@rule
def random_two_pick(
    s: Upstream,
    group: int,
    tried: Column,
    at: int,
    seed: int,
    stream: int,
    key: int,
    asked: int,
    vain: int,
    now_s: int,
) -> tuple[int, int, int]:
    """The same by `random two least_conn`: of two drawn, the one with fewer requests by weight."""
    draw = asked * _DRAWS
    previous = NO_PEER
    if s.single[group] == 0 and s.end[group] - s.first[group] >= 2:
        while vain <= MOST_TRIES:
            peer = peer_drawn(s, group, uniform(seed, stream, key, draw))
            draw += 1
            if peer != previous and number_usable(s, group, peer, tried, at, now_s):
                if previous >= 0:
                    if s.conns[peer] * s.weight[previous] > s.conns[previous] * s.weight[peer]:
                        peer = previous
                    peer_taken(s, peer, now_s)
                    return peer, group, vain
                previous = peer
            else:
                vain += 1
    peer, group = round_robin_pick(s, group, tried, at, now_s)
    return peer, group, vain


@rule
def anyone_pick(s: Upstream, group: int, u: float, now_s: int) -> int:
    """Peer that kube-proxy draws with u in [0, 1): each ready one is as likely; booked; or NO_PEER."""
    ready = 0
    for peer in range(s.first[group], s.end[group]):
        ready += 1 - s.down[peer]
    left = int(u * ready)
    for peer in range(s.first[group], s.end[group]):
        if s.down[peer] == 0:
            if left == 0:
                peer_taken(s, peer, now_s)
                return peer
            left -= 1
    return NO_PEER

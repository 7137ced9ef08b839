"""Upstream choice: nginx's documented sequences and its own tests as facts, and plain = compiled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.nginx.upstream import hashes as hashing
from novamodel.components.nginx.upstream import keepalive as ka
from novamodel.components.nginx.upstream import least_conn as up
from novamodel.components.nginx.upstream import numbers as numbers_
from novamodel.components.nginx.upstream import round_robin as rr
from novamodel.components.rule import entry
from novamodel.errors import UserError
from novamodel.verify import nginx_walks as walks
from novamodel.verify.nginx_server_lines import parse_server, whole_seconds


def _state(*lines):
    parsed = [parse_server(line) for line in lines]
    primaries = [line.peer for line in parsed if not line.backup]
    return rr.upstream_state([(primaries, [line.peer for line in parsed if line.backup])])


def _pick_round_robin(state, tried=(), now_s=100):
    return up.round_robin_pick(state, 0, _tried(tried), 0, now_s)


def _tried(peers, words=1):
    column = [0] * words
    for peer in peers:
        column[peer // rr.BITS] |= 1 << peer % rr.BITS
    return column


def _sequence(state, count, now_s=100):
    chosen = []
    for _ in range(count):
        peer, group = up.round_robin_pick(state, 0, [0], 0, now_s)
        chosen.append(peer)
        up.upstream_release(state, group, peer, False, now_s)
    return chosen


def test_smooth_weighted_round_robin_sequences():
    assert _sequence(_state("a weight=5", "b", "c"), 7) == [0, 0, 1, 0, 2, 0, 0]
    assert _sequence(_state("a weight=3", "b weight=2", "c"), 6) == [0, 1, 0, 2, 1, 0]
    assert _sequence(_state("a", "b down", "c"), 4) == [0, 2, 0, 2]


def test_one_failure_takes_a_server_out_for_ten_to_eleven_seconds():
    state = _state("a", "b")
    peer, group = _pick_round_robin(state)
    up.upstream_release(state, group, peer, True, 100)
    tried = [0]
    rr.mark_tried(state, group, peer, tried, 0)
    assert tried == [1]
    assert _sequence(state, 4, 110) == [1, 1, 1, 1]
    assert 0 in _sequence(state, 4, 111)
    assert state.fails[0] == 0  # it answered after its penalty


def test_successes_do_not_clear_failures_before_fail_timeout():
    state = _state("a max_fails=3", "b")
    state.conns[0] += 1
    up.upstream_release(state, 0, 0, True, 100)
    _sequence(state, 4, 110)
    assert state.fails[0] == 1
    _sequence(state, 4, 111)
    assert state.fails[0] == 0


def test_a_server_back_from_its_penalty_is_out_again_at_its_next_failure():
    state = _state("a max_fails=2 fail_timeout=3s", "b")
    for _ in range(2):
        state.conns[0] += 1
        up.upstream_release(state, 0, 0, True, 100)
    assert state.effective_weight[0] == 1  # 1 // 2 of the weight is lost at each failure
    assert _sequence(state, 3, 103) == [1, 1, 1]
    while _pick_round_robin(state, now_s=104)[0] != 0:
        pass
    up.upstream_release(state, 0, 0, True, 104)
    assert set(_sequence(state, 4, 105)) == {1}


def test_a_single_server_is_never_taken_out_but_max_conns_holds():
    state = _state("a max_conns=2")
    for _ in range(5):
        peer, group = _pick_round_robin(state)
        up.upstream_release(state, group, peer, True, 100)
    assert state.fails == [0]
    assert [_pick_round_robin(state)[0] for _ in range(3)] == [0, 0, rr.NO_PEER]


@pytest.mark.parametrize("pick", [up.round_robin_pick, up.least_conn_pick])
def test_backups_serve_when_all_primaries_are_out(pick):
    state = _state("a max_conns=1", "b max_conns=1", "c backup")
    assert [pick(state, 0, [0], 0, 100) for _ in range(3)] == [(0, 0), (1, 0), (2, 1)]
    assert pick(state, 0, _tried([0, 1]), 0, 100) == (2, 1)
    rr.upstream_set_down(state, 1, 2, 1)
    assert pick(state, 0, [0], 0, 100)[0] == rr.NO_PEER


def test_least_conn_goes_to_the_free_server_and_shares_ties():
    state = _state("a", "b")
    state.conns[0] = 1
    chosen = []
    for _ in range(10):
        peer, group = up.least_conn_pick(state, 0, [0], 0, 100)
        chosen.append(peer)
        up.upstream_release(state, group, peer, False, 100)
    assert chosen == [1] * 10
    state.conns[0] = 0
    both = [up.least_conn_pick(state, 0, [0], 0, 100)[0] for _ in range(6)]
    assert [sorted(both[i : i + 2]) for i in (0, 2, 4)] == [[0, 1]] * 3
    weighted = _state("a weight=2", "b")
    assert [up.least_conn_pick(weighted, 0, [0], 0, 100)[0] for _ in range(6)].count(0) == 4


def _ring_choice(names, key):
    state = _state(*names)
    points = hashing.ring_points(names, [1] * len(names))
    walk = hashing.ring_walk(0, points, key.encode())
    return names[hashing.pick_on_ring(state, walk, points, names, 100)]


def test_removing_a_server_from_the_ring_moves_its_keys_only():
    names = [f"127.0.0.1:{port}" for port in range(8081, 8085)]
    before = {f"key{i}": _ring_choice(names, f"key{i}") for i in range(200)}
    after = {key: _ring_choice(names[:-1], key) for key in before}
    assert {before[key] for key in before if before[key] != after[key]} == {names[-1]}
    assert len(hashing.ring_points(names, [1, 1, 1, 2])) == pytest.approx(800, abs=2)


def test_ip_hash_keeps_a_network_on_one_server_and_spreads_networks():
    def choice(address):
        state = _state("a", "b", "c")
        return walks.pick_by_ip(state, hashing.Walk(0), walks.ip_hash_octets(address), 100)

    assert len({choice(f"10.1.2.{i}") for i in range(20)}) == 1
    shares = [sum(choice(f"127.0.{i}.1") == peer for i in range(30)) for peer in range(3)]
    assert shares == [10, 10, 10]  # upstream_ip_hash.t of nginx-tests
    assert len(walks.ip_hash_octets("2001:db8::1")) == 16


def test_hashing_falls_back_to_round_robin_when_its_server_is_out():
    for address in ("10.0.0.1", "10.0.1.1", "10.0.2.1"):
        state = _state("a down", "b down", "c")
        walk, octets = hashing.Walk(0), walks.ip_hash_octets(address)
        assert walks.pick_by_ip(state, walk, octets, 100) == 2
        assert walks.pick_by_ip(state, walk, octets, 100) == rr.NO_PEER
    state = _state("a down", "b down")
    walk = hashing.Walk(0)
    assert hashing.pick_by_walk(state, walk, hashing.hash_step(b"k"), 100) == rr.NO_PEER
    assert walk.tries == 21


def test_random_follows_the_weights():
    state = _state("a weight=3", "b")
    numbers = (np.arange(4000) + 0.5) / 4000
    assert [numbers_.peer_drawn(state, 0, float(u)) for u in numbers].count(0) == 3000
    chosen = [walks.pick_random(state, hashing.Walk(0), 1, key, 100) for key in range(4000)]
    assert chosen.count(0) == pytest.approx(3000, abs=110)  # 4 standard errors
    busy = _state("a", "b")
    busy.conns[0] = 50
    assert {walks.pick_random_two(busy, hashing.Walk(0), 1, key, 100) for key in range(20)} == {1}


def test_what_is_no_server_line_has_no_weight():
    """A replica that is not there: the others share the numbers; a server that is `down` keeps its own."""
    state = _state("a", "b", "c")
    rr.upstream_list(state, 0, 1, False)
    assert [numbers_.peer_at(state, 0, n) for n in range(4)] == [0, 2, 0, 2]
    rr.upstream_list(state, 0, 1, True)
    rr.upstream_set_down(state, 0, 1, 1)
    assert [numbers_.peer_at(state, 0, n) for n in range(4)] == [0, 1, 2, 0]


def test_anyone_is_as_likely_as_every_other_one():
    state = _state("a", "b down", "c", "d")
    chosen = [numbers_.anyone_pick(state, 0, (n + 0.5) / 300, 100) for n in range(300)]
    assert [chosen.count(peer) for peer in range(4)] == [100, 0, 100, 100]
    assert numbers_.anyone_pick(_state("a down", "b down"), 0, 0.5, 100) == rr.NO_PEER


@given(st.sets(st.integers(0, 149)), st.integers(1, 3))
def test_any_number_of_tried_peers(tried, factor):
    """150 peers need three integers: round robin gives each of the others once, then nobody."""
    state = rr.upstream_state([([rr.Peer(weight=factor)] * 150, [])])
    assert state.words == [3]
    asked = _tried(tried, 3)
    chosen = []
    while (peer := up.round_robin_pick(state, 0, asked, 0, 100)[0]) != rr.NO_PEER:
        rr.mark_tried(state, 0, peer, asked, 0)
        chosen.append(peer)
    assert sorted(chosen) == sorted(set(range(150)) - tried)


def test_the_cache_of_connections_as_recorded():
    """data/conformance/nginx.md: bursts of 12 with `keepalive 2` used 32 connections, 30 one by one with 4 used 3."""

    def opened(size, bursts, burst):
        cache, peers = ka.keepalive_state([size]), _state("a", "b", "c")
        made = 0
        for _ in range(bursts):
            asked = [_pick_round_robin(peers)[0] for _ in range(burst)]
            made += sum(not ka.keepalive_take(cache, 0, peer) for peer in asked)
            for peer in asked:
                ka.keepalive_put(cache, 0, peer)
        return made

    assert opened(2, 3, 12) == 32
    assert opened(4, 30, 1) == 3
    assert opened(0, 30, 1) == 30


def test_the_oldest_connection_is_closed_and_a_lost_peer_forgotten():
    cache = ka.keepalive_state([1, 3])
    for peer in (5, 6, 5, 7):
        ka.keepalive_put(cache, 1, peer)
    assert cache.peer[1:] == [6, 5, 7]
    ka.keepalive_forget(cache, 1, 5)
    assert not ka.keepalive_take(cache, 1, 5)
    assert ka.keepalive_take(cache, 1, 6)
    assert ka.keepalive_take(cache, 1, 7)
    assert cache.count == [0, 0]


def test_server_lines():
    line = parse_server("10.0.0.1:80 weight=3 max_fails=0 fail_timeout=1m30s max_conns=7 backup;")
    assert line == ("10.0.0.1:80", rr.Peer(3, 0, 90, 7, False), True)
    assert parse_server("a").peer == rr.Peer()
    assert whole_seconds("10") == 10
    for wrong in ("a weight=x", "a weight=0", "a fail_timeout=soon", "a fast"):
        with pytest.raises(UserError):
            parse_server(wrong)


@entry
def _pick(s, least_conn, group, tried, now_s):
    if least_conn:
        return up.least_conn_pick(s, group, tried, 0, now_s)
    return up.round_robin_pick(s, group, tried, 0, now_s)


@entry
def _release(s, group, peer, failed, now_s):
    up.upstream_release(s, group, peer, failed, now_s)


_EVENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=60)
_PEERS = st.lists(
    st.builds(rr.Peer, st.integers(1, 4), st.integers(0, 3), st.integers(1, 5), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(_PEERS, _PEERS, st.booleans(), st.booleans(), _EVENTS)
def test_plain_and_compiled_agree(primaries, backups, with_backup, least_conn, events):
    plain = rr.upstream_state([(primaries, backups if with_backup else [])])
    compiled = as_arrays(plain)
    now_s = 100
    held: list[tuple[int, int]] = []
    for take, what, step in events:
        now_s += step
        if take or not held:
            pick = up.least_conn_pick if least_conn else up.round_robin_pick
            picked = pick(plain, 0, [what], 0, now_s)
            assert _pick(compiled, least_conn, 0, np.array([what]), now_s) == picked
            if picked[0] >= 0:
                held.append(picked)
        else:
            peer, group = held.pop(what % len(held))
            up.upstream_release(plain, group, peer, what == 0, now_s)
            _release(compiled, group, peer, what == 0, now_s)
        assert as_lists(compiled) == plain
    assert sum(plain.conns) == len(held)


@given(
    st.lists(st.tuples(st.sampled_from("ppppppppppdufsrt"), st.integers(0, 4)), min_size=20, max_size=150), st.data()
)
@settings(max_examples=200, deadline=None)
def test_repeated_rounds_choose_as_weighing_every_time_does(steps, data):
    weights = data.draw(st.lists(st.sampled_from([1, 1, 1, 2]), min_size=5, max_size=5))
    repeating, weighing = (rr.upstream_state([([rr.Peer(weight=w, max_fails=3) for w in weights], [])]) for _ in "ab")
    repeated = 0
    for now_s, (step, peer) in enumerate(steps):
        for state in (repeating, weighing):
            if step in "du":
                rr.upstream_set_down(state, 0, peer, int(step == "d"))
            elif step in "fs":
                up.upstream_release(state, 0, peer, step == "f", now_s)
        if step in "prt":
            rr.round_forget(weighing, 0)  # so that it has to look at every peer
            tried = _tried([peer] if step == "t" else [])
            repeated += repeating.repeats[0]
            chosen = [rr.round_robin_in_group(state, 0, tried, 0, now_s) for state in (repeating, weighing)]
            assert chosen[0] == chosen[1]
    rr.round_forget(repeating, 0)
    assert repeating.current_weight == weighing.current_weight


def test_rounds_do_repeat():
    state = _state("a", "b", "c")
    _sequence(state, 3)
    assert state.repeats[0] == 1
    rr.upstream_set_down(state, 0, 1, 1)
    assert _sequence(state, 4) == [0, 2, 0, 2]
    assert state.repeats[0] == 1

"""limit_req and limit_conn: nginx's own tests as facts, zone memory, and plain = compiled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.nginx import limit_conn as conn
from novamodel.components.nginx import limit_req as req
from novamodel.components.nginx.limit_zone import LimitedLocation, zone_capacity
from novamodel.components.nginx.slab import Slab, zone_pages
from novamodel.components.rule import entry
from novamodel.errors import UserError
from novamodel.verify.nginx_server_lines import zone_bytes


def _limit(rate, burst=0, mode="delay"):
    return req.rate_milli(rate), req.burst_milli(burst), req.delay_milli(mode)


def _decide(state, row, now_ms):
    """One request under a single limit."""
    return req.limit_decide_all(state, 0, 1, [row], now_ms)


def _statuses(limit, times_ms):
    state = req.limit_req_state(1, [limit])
    return [req.STATUS_NAMES[_decide(state, 0, t)[0]] for t in times_ms]


def test_rates_are_truncated_as_nginx_truncates():
    rates = {"10r/s": 10_000, "10r/m": 166, "7r/m": 116, "1r/m": 16, "1": 1000, "100r/m": 1666}
    assert {text: req.rate_milli(text) for text in rates} == rates


@pytest.mark.parametrize("rate", ["", "0r/s", "10r/h", "1.5r/s", "-1r/s", "r/s", "10 r/s"])
def test_bad_rates_are_the_users_mistake(rate):
    with pytest.raises(UserError, match="invalid rate"):
        req.rate_milli(rate)


def test_bad_bursts_and_modes_are_the_users_mistake():
    for call, value in ((req.burst_milli, -1), (req.delay_milli, "delay=0"), (req.delay_milli, "slow")):
        with pytest.raises(UserError, match="invalid"):
            call(value)
    with pytest.raises(UserError, match="zone size"):
        zone_bytes("8k")


def test_a_fresh_key_admits_one_more_than_the_burst():
    assert _statuses(_limit("10r/s", 20, "nodelay"), [0] * 40).count("PASSED") == 21


def test_facts_of_nginx_own_tests():
    # limit_req.t (2r/s burst 1 nodelay) and limit_req_delay.t (30r/m delay=1 burst=2) of nginx-tests
    assert _statuses(_limit("2r/s", 1, "nodelay"), [0, 0, 0]) == ["PASSED", "PASSED", "REJECTED"]
    delayed = ["PASSED", "PASSED", "DELAYED", "REJECTED"]
    assert _statuses(_limit("30r/m", 2, "delay=1"), [0, 1, 2, 3]) == delayed
    assert _statuses(_limit("1000r/s"), [0, 100]) == ["PASSED", "PASSED"]


def test_rejected_requests_cost_nothing_and_an_idle_key_restarts_at_zero():
    state = req.limit_req_state(1, [_limit("1r/s")])
    answers = [_decide(state, 0, t)[0] for t in (0, 500, 999, 1000)]
    assert answers == [req.PASSED, req.REJECTED, req.REJECTED, req.PASSED]
    assert _decide(state, 0, 50_000)[0] == req.PASSED
    assert (state.excess[0], state.last_ms[0]) == (0, 50_000)


def test_two_requests_in_one_millisecond_differ_from_two_in_a_row():
    assert _statuses(_limit("5000r/s"), [7, 7, 8]) == ["PASSED", "REJECTED", "PASSED"]


def test_a_clock_that_goes_back_counts_as_no_time_or_one_millisecond():
    state = req.limit_req_state(1, [_limit("1000r/s", 5, "nodelay")])
    _decide(state, 0, 100_000)
    assert req.elapsed_ms(state, 0, 99_000) == 0
    assert req.elapsed_ms(state, 0, 30_000) == 1


def test_delay_is_the_excess_over_the_rate():
    state = req.limit_req_state(1, [_limit("10r/s", 20)])
    assert [_decide(state, 0, 0) for _ in range(3)] == [
        (req.PASSED, 0),
        (req.DELAYED, 100),
        (req.DELAYED, 200),
    ]


def test_empty_key_and_dry_run():
    state = req.limit_req_state(1, [_limit("1r/s")])
    assert _decide(state, -1, 0) == (req.NOT_LIMITED, 0)
    assert req.limit_decide_all(state, 0, 1, [-1], 0) == (req.NOT_LIMITED, 0)
    assert req.as_dry_run(req.REJECTED) == req.REJECTED_DRY_RUN
    assert req.as_dry_run(req.DELAYED) == req.DELAYED_DRY_RUN
    assert req.as_dry_run(req.PASSED) == req.PASSED


def test_a_full_zone_rejects_and_no_zone_is_charged():
    state = req.limit_req_state(2, [_limit("1r/s", 5, "nodelay"), _limit("1r/s")])
    assert req.limit_decide_all(state, 0, 2, [0, 1], 0)[0] == req.PASSED
    assert state.code == [req.AGAIN, req.OK]
    before = (list(state.excess), list(state.last_ms))
    assert req.limit_decide_all(state, 0, 2, [0, 1], 1)[0] == req.REJECTED
    assert state.code == [req.AGAIN, req.BUSY]
    assert (state.excess, state.last_ms) == before
    assert req.limit_decide_all(state, 0, 2, [0, -1], 1)[0] == req.PASSED
    assert state.excess[0] == 999


# capacity of a zone in IPv4 addresses: nginx 1.22.1, 32k and 64k measured
@pytest.mark.parametrize(("size", "keys"), [("32k", 191), ("64k", 447), ("1m", 8095), ("5m", 40_671), ("10m", 81_375)])
def test_zone_capacity(size, keys):
    assert zone_capacity(zone_bytes(size), 4) == keys


def test_capacity_is_what_the_allocator_really_gives():
    for key_bytes in (4, 48, 49, 400, 1900, 5000):
        slab = Slab(65536)
        slab.take(80)
        slab.take(27)
        taken = 0
        while slab.take(80 + key_bytes) >= 0:
            taken += 1
        assert taken == zone_capacity(65536, key_bytes), key_bytes


def test_freed_pages_join_again():
    slab = Slab(65536)
    pages = [slab.take(4096) for _ in range(zone_pages(65536))]
    assert slab.take(4096) == -1
    for page in pages[::2] + pages[1::2]:
        slab.give_back(page, 4096)
    assert slab.take(4096 * len(pages)) == 0


def test_an_evicted_key_starts_afresh():
    location = LimitedLocation([_limit("1r/m")], [zone_bytes("32k")])
    keys = [f"u{i:03d}" for i in range(300)]
    first = [location.decide([(key, 4)], 0)[0] for key in keys]
    assert first == [req.PASSED] * 300
    assert location.decide([("u299", 4)], 1)[0] == req.REJECTED
    assert location.decide([("u000", 4)], 1)[0] == req.PASSED


def test_idle_drained_keys_make_room_before_others_are_forced_out():
    location = LimitedLocation([_limit("1r/s")], [zone_bytes("32k")])
    for i in range(10):
        location.decide([(f"k{i}", 2)], 0)
    location.decide([("new", 3)], 60_000)
    assert list(location.zones[0].rows) == [*(f"k{i}" for i in range(2, 10)), "new"]


def test_limit_conn_counts_requests_in_progress():
    state = conn.limit_conn_state(2, [2, 3])
    assert [conn.conn_take(state, 0, 0) for _ in range(3)] == [req.PASSED, req.PASSED, req.REJECTED]
    assert conn.conn_take(state, 0, -1) == req.NOT_LIMITED
    conn.conn_release(state, 0)
    conn.conn_release(state, -1)
    assert conn.conn_take_all(state, 0, 2, [0, 1]) == req.PASSED
    assert state.held == [2, 1]
    assert conn.conn_take_all(state, 0, 2, [0, 1]) == req.REJECTED
    state.held[0] = 0
    state.held[1] = 3
    assert conn.conn_take_all(state, 0, 2, [0, 1]) == req.REJECTED
    assert state.held == [0, 3]
    assert conn.conn_take_all(state, 0, 2, [-1, -1]) == req.NOT_LIMITED


@entry
def _replay(s, rows, times, status, held):
    for i in range(len(times)):
        status[i], held[i] = req.limit_decide_all(s, 0, 1, rows[i : i + 1], times[i])


@entry
def _replay_two(s, pairs, times, status, held):
    for i in range(len(times)):
        status[i], held[i] = req.limit_decide_all(s, 0, 2, pairs[i], times[i])


_STREAM = st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 2), st.integers(-1, 1)), max_size=80)


@settings(max_examples=60, deadline=None)
@given(_STREAM, st.integers(1, 60), st.integers(0, 4), st.sampled_from(["delay", "nodelay", "delay=2"]))
def test_plain_and_compiled_agree(stream, rate, burst, mode):
    limits = [(rate * 1000, burst * 1000, req.delay_milli(mode)), (4000, 2000, 0)]
    times = np.cumsum([step for step, _, _ in stream], dtype=np.int64)
    rows = np.array([row for _, row, _ in stream], dtype=np.int64)
    pairs = np.array([(row, 3 + second if second >= 0 else -1) for _, row, second in stream], dtype=np.int64)
    plain_one, plain_two = req.limit_req_state(3, limits), req.limit_req_state(5, limits)
    one, two = as_arrays(plain_one), as_arrays(plain_two)
    status, held = np.zeros(len(stream), np.int64), np.zeros(len(stream), np.int64)
    _replay(one, rows, times, status, held)
    expected = [_decide(plain_one, int(r), int(t)) for r, t in zip(rows, times, strict=True)]
    assert list(zip(status, held, strict=True)) == expected
    if stream:
        _replay_two(two, pairs, times, status, held)
        expected = [
            req.limit_decide_all(plain_two, 0, 2, [int(p) for p in pair], int(t))
            for pair, t in zip(pairs, times, strict=True)
        ]
        assert list(zip(status, held, strict=True)) == expected
    assert as_lists(one) == plain_one
    assert as_lists(two) == plain_two

"""The limit of an API gateway: worked cases, and what holds for every stream of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel import bill
from novamodel.components.gateway.gateway import bucket_admits, gateway_state, window_admits
from novamodel.errors import UserError
from novamodel.scenario import Tree, build

TIMES = st.lists(st.floats(0.0, 300.0), max_size=80).map(sorted)


def test_twice_the_limit_passes_across_a_windows_edge():
    state = gateway_state(1, 1.0)
    times = [59.0 + i / 10 for i in range(21)]  # 59.0 .. 61.0: ten before the minute, eleven from it on
    admitted = [t for t in times if window_admits(state, 0, 3, 60.0, t)]
    assert admitted == pytest.approx([59.0, 59.1, 59.2, 60.0, 60.1, 60.2])


def test_windows_follow_the_clock_not_the_first_request():
    state = gateway_state(1, 1.0)
    assert [window_admits(state, 0, 1, 60.0, t) for t in (-0.5, 0.0, 59.9, 60.0)] == [True, True, False, True]


def test_keys_have_counters_of_their_own():
    state = gateway_state(2, 1.0)
    assert [window_admits(state, key, 1, 60.0, 1.0) for key in (0, 1, 0, 1)] == [True, True, False, False]


def test_bucket_by_hand():
    """Burst 2, 1/s: two at once, then one a second; a rejected one takes nothing; it never holds more than 2."""
    state = gateway_state(1, 2.0)
    times = [0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 100.0, 100.0, 100.0]
    admitted = [bucket_admits(state, 1.0, 2.0, t) for t in times]
    assert admitted == [True, True, False, False, True, False, True, True, True, False]


@given(TIMES, st.integers(1, 5), st.sampled_from([1.0, 60.0]))
def test_no_window_lets_more_in_and_none_rejects_below_the_limit(times, limit, length):
    state = gateway_state(1, 1.0)
    admitted: dict[int, int] = {}
    asked: dict[int, int] = {}
    for t in times:
        window = int(t // length)
        asked[window] = asked.get(window, 0) + 1
        admitted[window] = admitted.get(window, 0) + window_admits(state, 0, limit, length, t)
    assert admitted == {window: min(count, limit) for window, count in asked.items()}


@given(TIMES, st.integers(1, 5), st.sampled_from([0.1, 1.0, 7.0]))
def test_bucket_never_lets_more_in_than_burst_and_refill(times, burst, rate):
    state = gateway_state(1, float(burst))
    admitted = [t for t in times if bucket_admits(state, rate, float(burst), t)]
    for i, begin in enumerate(admitted):
        for j in range(i, len(admitted)):
            assert j - i + 1 <= burst + rate * (admitted[j] - begin) + 1e-6


SMALL = {
    "name": "small",
    "traffic": {"peak": "100 requests/s", "shape": "constant", "mix": {"read": "100 %"}},
    "services": {"api": {"routes": {"read": [{"cpu": "1 ms"}]}, "response_bytes": {"read": 1000}}},
    "platform": {"kind": "eks"},
}


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        ({"kind": "kong"}, "needs a limit"),
        ({"kind": "kong", "limit": 5, "window": "7 s"}, "none of Kong's"),
        ({"kind": "kong", "limit": 5, "burst": 3}, "burst is not for kind kong"),
        ({"kind": "aws", "limit": 5}, "limit is not for kind aws"),
        ({"kind": "aws", "rate": "0 requests/s"}, "above 0"),
    ],
)
def test_mistakes(gateway, words):
    with pytest.raises(UserError, match=words):
        build(Tree(SMALL | {"gateway": gateway}))


def gateway_usd(gateway):
    found = bill(build(Tree(SMALL | {"gateway": gateway}))).mid
    return sum(float(line.amount) for line in found.lines if line.service == "Amazon API Gateway"), found


def test_bill_has_every_request_of_api_gateway():
    """100/s for 730 h are 262.8 million: HTTP APIs at 1.00 USD a million."""
    assert gateway_usd({"kind": "aws"})[0] == pytest.approx(262.8, rel=1e-3)
    assert gateway_usd({"kind": "aws", "api": "rest"})[0] == pytest.approx(262.8 * 3.5, rel=1e-3)


def test_kong_is_said_to_be_unpriced():
    usd, found = gateway_usd({"kind": "kong", "limit": 10})
    assert usd == 0
    assert any(item.startswith("Kong:") for item in found.not_priced)

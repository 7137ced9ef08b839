"""An external's rate limit admits what a token bucket of its rate and burst admits, and not a call more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novamodel.components.external.external import ExternalPolicy, external_admits, external_state

RATE, BURST = 4.0, 3.0
"""A rate whose multiples by quarters of a second are exact."""


def admitted(times: list[float], rate: float = RATE, burst: float = BURST) -> list[bool]:
    """Which of the calls at these times (s, ascending) the rate lets in."""
    state = external_state([ExternalPolicy(rate, burst)])
    return [external_admits(state, 0, time) for time in times]


@given(st.lists(st.integers(min_value=0, max_value=200), min_size=1, max_size=60))
def test_no_interval_has_more_than_the_burst_and_what_the_rate_brings(quarters: list[int]):
    times = [quarter / 4 for quarter in sorted(quarters)]
    passed = [time for time, let_in in zip(times, admitted(times), strict=True) if let_in]
    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= BURST + RATE * (end - begin)


@given(st.lists(st.integers(min_value=0, max_value=200), min_size=1, max_size=60))
def test_a_call_is_refused_only_when_the_bucket_has_less_than_a_token(quarters: list[int]):
    times = [quarter / 4 for quarter in sorted(quarters)]
    tokens, before = BURST, 0.0
    for time, let_in in zip(times, admitted(times), strict=True):
        tokens, before = min(BURST, tokens + RATE * (time - before)), time
        assert let_in == (tokens >= 1.0)
        tokens -= let_in


def test_without_a_rate_every_call_is_let_in():
    assert all(admitted([0.0] * 1000, rate=0.0))


def test_calls_are_counted_by_external():
    state = external_state([ExternalPolicy(), ExternalPolicy(RATE, 1.0)])
    for time in (0.0, 0.0, 0.1):
        external_admits(state, 1, time)
    assert state.calls == [0, 3]
    assert (state.tokens[0], state.tokens[1]) == (1.0, 0.1 * RATE)

"""Callers: retry decision, back-off, budget, breaker and throttle; plain = compiled."""

import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.analytic.retries import amplification, attempts, metastable_region, retry_load
from novamodel.components.callers import backoff as bo
from novamodel.components.callers import breaker as br
from novamodel.components.callers import budget as bu
from novamodel.components.callers import retry as re
from novamodel.components.callers.throttle import reject_probability
from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.rule import entry

UNIT = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)

# Back-off


def _delays(kind, jitter, attempts, u=0.5):
    state = bo.backoff_state([bo.BackoffPolicy(kind, jitter, 0.1, 1.0)])
    delays, previous = [], 0.0
    for attempt in range(attempts):
        previous = bo.backoff_delay(state, 0, attempt, previous, u)
        delays.append(previous)
    return delays


def test_delays_as_published():
    assert _delays("none", "full", 2) == [0.0, 0.0]
    assert _delays("none", "decorrelated", 2) == [0.0, 0.0]
    assert _delays("fixed", "none", 3) == [0.1, 0.1, 0.1]
    assert _delays("exponential", "none", 6) == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    assert _delays("exponential", "full", 5) == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.5])
    assert _delays("exponential", "equal", 5, 0.25) == pytest.approx([0.0625, 0.125, 0.25, 0.5, 0.625])
    # sleep = min(cap, uniform(base, 3 * sleep)), sleep = base before the first
    assert _delays("exponential", "decorrelated", 4) == pytest.approx([0.2, 0.35, 0.575, 0.9125])
    assert _delays("exponential", "decorrelated", 5)[-1] == 1.0


@given(
    st.sampled_from(bo.KINDS),
    st.sampled_from(bo.JITTERS),
    st.floats(0.0, 10.0),
    st.floats(0.0, 100.0),
    st.integers(0, 2000),
    st.floats(0.0, 100.0),
    UNIT,
)
def test_a_delay_is_within_its_bounds(kind, jitter, base, cap, attempt, previous, u):
    state = bo.backoff_state([bo.BackoffPolicy(kind, jitter, base, cap)])
    delay = bo.backoff_delay(state, 0, attempt, previous, u)
    ceiling = bo.backoff_ceiling(state, 0, attempt)
    assert ceiling <= bo.backoff_ceiling(state, 0, attempt + 1) <= cap or kind == "none"
    if jitter == "decorrelated" and kind != "none":
        assert min(base, cap) <= delay <= min(cap, 3 * max(previous, base) * (1 + sys.float_info.epsilon))
    else:
        least = {"none": ceiling, "full": 0.0, "equal": ceiling / 2, "decorrelated": 0.0}[jitter]
        assert least <= delay <= ceiling


def test_an_unknown_word_is_refused():
    for policy in (bo.BackoffPolicy("linear"), bo.BackoffPolicy("fixed", "some")):
        with pytest.raises(ValueError):
            bo.backoff_state([policy])


# Budget


@given(st.integers(0, 100), st.lists(st.booleans(), max_size=300))
def test_the_ratio_form_never_exceeds_its_share(percent, steps):
    state = bu.budget_state([bu.BudgetPolicy(percent / 100)])
    firsts = retries = 0
    for first in steps:
        if first:
            bu.budget_deposit(state, 0)
            firsts += 1
        else:
            allowed = bu.budget_withdraw(state, 0)
            assert allowed == (100 * (retries + 1) <= percent * firsts)
            retries += allowed


@given(st.floats(0.0, 2.0), st.floats(0.0, 20.0), st.floats(0.0, 40.0), st.lists(st.integers(0, 30), max_size=20))
def test_a_burst_of_retries_is_no_longer_than_the_reserve(share, most, start, calms):
    state = bu.budget_state([bu.BudgetPolicy(share, most, start)])
    for calm in calms:
        for _ in range(calm):
            bu.budget_deposit(state, 0)
        before = state.balance[0]
        burst = sum(bu.budget_withdraw(state, 0) for _ in range(50))
        assert burst == before // bu.TOKEN <= most + 1e-6
        assert 0 <= state.balance[0] < bu.TOKEN


def test_without_a_budget_retries_are_free():
    state = bu.budget_state([bu.BudgetPolicy(), bu.BudgetPolicy(0.0)])
    assert [bu.budget_withdraw(state, 0) for _ in range(3)] == [True] * 3
    assert not bu.budget_withdraw(state, 1)
    with pytest.raises(ValueError, match="not negative"):
        bu.budget_state([bu.BudgetPolicy(-0.1)])


# Breaker


def _walk(policy, calls):
    """Calls (time, ok) one after the other: what passes as 'p', what is rejected as '-', and states after as words."""
    state = br.breaker_state([policy])
    passed, after = "", []
    for now, ok in calls:
        allowed = br.breaker_allows(state, 0, now)
        if allowed:
            br.breaker_result(state, 0, ok, now)
        passed += "p" if allowed else "-"
        after.append(br.STATES[state.state[0]])
    return passed, after


def test_failures_in_a_row_call_by_call():
    policy = br.BreakerPolicy("consecutive", 10.0, 2, failure_threshold=3)
    calls = [(0, False), (1, False), (2, True), (3, False), (4, False), (5, False)]  # the third in a row opens it
    calls += [(6, True), (14.9, True), (15, True), (16, False)]  # open until 15; the second probe fails
    calls += [(17, True), (26, True), (27, True), (28, False)]  # open until 26; two probes succeed
    passed, after = _walk(policy, calls)
    assert passed == "pppppp--pp-ppp"
    assert after == ["closed"] * 5 + ["open"] * 3 + ["half-open"] + ["open"] * 2 + ["half-open"] + ["closed"] * 2


def test_share_in_a_window_call_by_call():
    policy = br.BreakerPolicy("window", 10.0, 4, window_calls=4, failure_share=0.5, min_calls=3)
    calls = [(0, False), (0, True), (0, True), (0, True), (0, False)]  # 1 of 3, 1 of 4, then the oldest falls out
    calls += [(1, True), (2, False)]  # the ring holds T F T F: half of four
    calls += [(11.9, True)]
    calls += [(12, False), (12, True), (12, True), (12, True)]  # 1 of 4 probes failed: closed, and all forgotten
    calls += [(13, False), (13, True), (13, False)]  # 2 of 3
    passed, after = _walk(policy, calls)
    assert passed == "ppppppp-ppppppp"
    assert after == ["closed"] * 6 + ["open"] * 2 + ["half-open"] * 3 + ["closed"] * 3 + ["open"]


def test_a_success_opens_it_when_it_makes_the_window_long_enough():
    policy = br.BreakerPolicy("window", window_calls=10, failure_share=0.5, min_calls=4)
    assert _walk(policy, [(0, False)] * 3 + [(0, True)])[1] == ["closed"] * 3 + ["open"]


def test_min_calls_beyond_the_window_means_a_full_window():
    policy = br.BreakerPolicy("window", window_calls=3, failure_share=0.5, min_calls=100)
    assert _walk(policy, [(0, False)] * 3)[1] == ["closed", "closed", "open"]


def test_half_failed_probes_open_a_window_breaker_again():
    policy = br.BreakerPolicy("window", 1.0, 2, window_calls=1)
    assert _walk(policy, [(0, False), (1, True), (1, False)])[1] == ["open", "half-open", "closed"]  # 0.5 below 1
    policy = policy._replace(failure_share=0.5)
    assert _walk(policy, [(0, False), (1, True), (1, False), (1.5, True)]) == (
        "ppp-",
        ["open", "half-open", "open", "open"],
    )


def test_half_open_lets_no_more_than_its_probes_through():
    state = br.breaker_state([br.BreakerPolicy("consecutive", 5.0, 2)])
    br.breaker_result(state, 0, False, 0.0)
    assert not br.breaker_would_allow(state, 0, 4.0)
    assert br.breaker_would_allow(state, 0, 5.0)
    assert state.state[0] == br.OPEN  # asking without a call changes nothing
    assert [br.breaker_allows(state, 0, 5.0) for _ in range(3)] == [True, True, False]
    br.breaker_forget(state, 0)  # one caller is gone without an answer
    assert [br.breaker_allows(state, 0, 6.0) for _ in range(2)] == [True, False]
    br.breaker_result(state, 0, True, 7.0)
    br.breaker_forget(state, 0)
    br.breaker_forget(state, 0)  # the place of a probe that has answered is not given twice
    assert [br.breaker_allows(state, 0, 7.0) for _ in range(2)] == [True, False]
    br.breaker_result(state, 0, True, 8.0)
    assert (state.state[0], state.generation[0], state.rejected[0]) == (br.CLOSED, 3, 3)


def test_a_late_result_counts_only_in_its_own_generation():
    state = br.breaker_state([br.BreakerPolicy("consecutive", 5.0)])
    late = state.generation[0]
    br.breaker_result_of(state, 0, late, False, 0.0)
    assert state.state[0] == br.OPEN
    br.breaker_result(state, 0, True, 1.0)
    assert state.state[0] == br.OPEN
    assert br.breaker_allows(state, 0, 5.0)
    br.breaker_result_of(state, 0, late, False, 6.0)
    assert state.state[0] == br.HALF_OPEN
    br.breaker_result_of(state, 0, state.generation[0], True, 7.0)
    assert state.state[0] == br.CLOSED


@given(st.integers(1, 12), st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0]), st.integers(1, 12), st.lists(st.booleans()))
def test_the_ring_counts_as_a_list_of_outcomes_does(window, share, least, outcomes):
    state = br.breaker_state([br.BreakerPolicy("window", 1.0, 1, 1, window, share, least)] * 2)
    seen = []
    for ok in outcomes:
        br.breaker_result(state, 1, ok, 0.0)
        seen.append(ok)
        last = seen[-window:]
        opens = len(last) >= min(least, window) and 10 * last.count(False) >= round(10 * share) * len(last)
        assert (state.state[1] == br.OPEN) == opens
        if opens:
            break
    assert state.state[0] == br.CLOSED


def test_bad_breakers_are_refused():
    policies = (
        br.BreakerPolicy("window", window_calls=0),
        br.BreakerPolicy("window", failure_share=0.0),
        br.BreakerPolicy("consecutive", half_open_probes=0),
        br.BreakerPolicy("sometimes"),
    )
    for policy in policies:
        with pytest.raises(ValueError):
            br.breaker_state([policy])


# Decision


def _caller(most_retries=2, retry_on=(1, 5), budget=None, breaker=None):
    retries = re.retries_state([re.RetryPolicy(most_retries, retry_on)])
    return (
        retries,
        bu.budget_state([budget or bu.BudgetPolicy()]),
        br.breaker_state([breaker or br.BreakerPolicy()]),
    )


def test_reasons_to_give_up_in_their_order():
    caller = _caller(budget=bu.BudgetPolicy(0.0, 1.0, 1.0), breaker=br.BreakerPolicy("consecutive", 10.0))
    assert re.retry_decide(*caller, 0, 1, 0, 0.0) == re.NOT_RETRIED
    assert re.retry_decide(*caller, 0, 3, 5, 0.0) == re.NO_ATTEMPTS_LEFT
    br.breaker_result(caller[2], 0, False, 0.0)
    assert re.retry_decide(*caller, 0, 1, 1, 9.9) == re.BREAKER_OPEN
    assert caller[1].balance == [bu.TOKEN]  # nothing is taken for a retry that is not made
    assert re.retry_decide(*caller, 0, 2, 1, 10.0) == re.RETRY
    assert re.retry_decide(*caller, 0, 2, 1, 10.0) == re.BUDGET_SPENT
    assert caller[0].decided == [1] * 5


def test_every_outcome_has_its_bit():
    caller = _caller(1, (0, 31, 62))
    retried = [code for code in range(63) if re.retry_decide(*caller, 0, 1, code, 0.0) == re.RETRY]
    assert retried == [0, 31, 62]
    for policy in (re.RetryPolicy(-1), re.RetryPolicy(1, (63,))):
        with pytest.raises(ValueError, match="codes"):
            re.retries_state([policy])


def _attempts(caller, chance, failing, deposit=False):
    """Attempts of one call whose attempts fail independently, and whether the last failed."""
    made = 0
    if deposit:
        bu.budget_deposit(caller[1], 0)
    while True:
        made += 1
        outcome = int(chance.random() < failing)
        if re.retry_decide(*caller, 0, made, outcome, 0.0) != re.RETRY:
            return made, outcome


def test_rules_make_as_many_attempts_as_the_closed_form_says():
    chance, caller, calls = random.Random(1), _caller(3), 40_000
    found = [_attempts(caller, chance, 0.5) for _ in range(calls)]
    made, failed = sum(row[0] for row in found) / calls, sum(row[1] for row in found) / calls
    expected = attempts(0.5, 4)
    assert made == pytest.approx(float(expected.mean_attempts), abs=4 * 1.06 / calls**0.5)
    assert failed == pytest.approx(float(expected.final_failure_probability), abs=4 * 0.242 / calls**0.5)


def test_a_budget_bounds_amplification_when_everything_fails():
    chance, caller = random.Random(1), _caller(3, budget=bu.BudgetPolicy(0.2, 10.0))
    made = sum(_attempts(caller, chance, 1.1, deposit=True)[0] for _ in range(1000))
    assert made == 1200


def test_throttling_keeps_twice_what_is_accepted():
    assert reject_probability(2.0, 0.0, 0.0) == 0.0
    assert reject_probability(2.0, 100.0, 50.0) == 0.0
    assert reject_probability(2.0, 999.0, 0.0) == 0.999


# Closed forms


@given(st.floats(0.0, 1.0), st.integers(1, 30))
def test_mean_attempts_is_the_sum_of_the_powers(failing, most):
    found = attempts(failing, most)
    assert float(found.mean_attempts) == pytest.approx(sum(failing**k for k in range(most)), rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 8), st.integers(0, 12), st.floats(0.05, 3.0), st.integers(1, 8))
def test_retry_load_is_a_fixed_point(servers, waiting, load, most):
    found = retry_load(servers, servers + waiting, 1.0, load * servers, most)
    again = load * servers * float(attempts(found.blocking_probability, most).mean_attempts)
    assert float(found.attempt_rate_per_s) == pytest.approx(again, rel=1e-9)
    accepted = found.attempt_rate_per_s * (1 - found.blocking_probability)
    assert float(found.goodput_per_s) == pytest.approx(float(accepted), rel=1e-9)


def test_closed_forms_broadcast_and_refuse():
    assert amplification([3, 2], [5, 3]).tolist() == [243.0, 8.0]
    found = metastable_region(300, [99.9, 100, 300, 300.1], 3)
    assert found.state.tolist() == ["stable", "metastable-prone", "metastable-prone", "overloaded"]
    assert retry_load(20, 40, 1.0, [18.0, 22.0], 3).goodput_per_s.shape == (2,)
    for call in (
        lambda: attempts(1.1, 2),
        lambda: attempts(0.5, 0),
        lambda: amplification(2.5, 2),
        lambda: retry_load(1, 2, 1.0, 0.0, 3),
        lambda: metastable_region(0, 1, 1),
    ):
        with pytest.raises(ValueError):
            call()


# Plain and compiled


@entry
def _step(backoff, budget, breaker, retries, row, what, attempt, ok, now, u):
    """One step of a caller, by number; what it answers as a float."""
    if what == 0:
        bu.budget_deposit(budget, row)
        return 1.0 if br.breaker_allows(breaker, row, now) else 0.0
    if what == 1:
        br.breaker_result(breaker, row, ok, now)
        return 0.0
    if what == 2:
        br.breaker_forget(breaker, row)
        return 0.0
    if what == 3:
        br.breaker_result_of(breaker, row, attempt, ok, now)
        return reject_probability(2.0, float(attempt), u)
    if what == 4:
        return bo.backoff_delay(backoff, row, attempt, now, u)
    return float(re.retry_decide(retries, budget, breaker, row, attempt, attempt, now))


def _plain_step(*given):
    return getattr(_step, "py_func", _step)(*given)


_STEPS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 5), st.integers(0, 6), st.booleans(), st.sampled_from([0.0, 0.5, 3.0]), UNIT
    ),
    min_size=1,
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(bo.JITTERS), st.integers(1, 4), st.integers(1, 3), _STEPS)
def test_plain_and_compiled_agree(jitter, window, probes, steps):
    kinds = ("none", "fixed", "exponential")
    plain = (
        bo.backoff_state([bo.BackoffPolicy(kind, jitter, 0.1, 2.0) for kind in kinds]),
        bu.budget_state([bu.BudgetPolicy(), bu.BudgetPolicy(0.3), bu.BudgetPolicy(0.5, 2.0, 1.0)]),
        br.breaker_state(
            [
                br.BreakerPolicy(),
                br.BreakerPolicy("consecutive", 2.0, probes, window),
                br.BreakerPolicy("window", 2.0, probes, 1, window, 0.5, 2),
            ]
        ),
        re.retries_state([re.RetryPolicy(count, (1, 2, 4)) for count in (0, 2, 9)]),
    )
    compiled = tuple(as_arrays(state) for state in plain)
    now = 0.0
    for row, what, attempt, ok, passed, u in steps:
        now += passed
        assert _step(*compiled, row, what, attempt, ok, now, u) == _plain_step(*plain, row, what, attempt, ok, now, u)
        assert tuple(as_lists(state) for state in compiled) == plain

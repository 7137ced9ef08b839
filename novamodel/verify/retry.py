"""Answers to the recorded questions about retries, by the callers' rules and the closed forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from novamodel.analytic.closed import littles_law
from novamodel.analytic.retries import amplification, attempts, metastable_region, retry_load
from novamodel.components.callers.backoff import BackoffPolicy, backoff_ceiling, backoff_delay, backoff_state
from novamodel.components.callers.breaker import STATES, BreakerPolicy, breaker_allows, breaker_result, breaker_state
from novamodel.components.callers.budget import BudgetPolicy, budget_deposit, budget_state, budget_withdraw
from novamodel.components.callers.throttle import reject_probability
from novamodel.verify.fields import check_names


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _plain(found: Any) -> dict[str, Any]:
    return {name: value.item() for name, value in found._asdict().items()}


def _backoff(base_ms: float, cap_ms: float, attempt: int) -> dict[str, Any]:
    """The mean of a delay that is linear in the uniform number is the delay at one half."""
    full, equal = (BackoffPolicy("exponential", jitter, base_ms, cap_ms) for jitter in ("full", "equal"))
    state = backoff_state([full, equal])
    return {
        "ceiling_ms": backoff_ceiling(state, 0, attempt),
        "full_jitter_mean_ms": backoff_delay(state, 0, attempt, 0.0, 0.5),
        "equal_jitter_mean_ms": backoff_delay(state, 1, attempt, 0.0, 0.5),
    }


def _budget(budget_pct: float, first_attempts: int, wanted_retries: int) -> dict[str, Any]:
    state = budget_state([BudgetPolicy(budget_pct / 100)])
    for _ in range(first_attempts):
        budget_deposit(state, 0)
    allowed = sum(budget_withdraw(state, 0) for _ in range(wanted_retries))
    return {"allowed_retries": allowed, "total_attempts": first_attempts + allowed}


def _breaker(policy: BreakerPolicy, calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    state = breaker_state([policy])
    passed, after = [], []
    for call in calls:
        check_names("calls[]", call, ("t_s", "succeeds"))
        passed.append(breaker_allows(state, 0, call["t_s"]))
        if passed[-1]:
            breaker_result(state, 0, call["succeeds"], call["t_s"])
        after.append(STATES[state.state[0]])
    return {"passed": passed, "state_after": after}


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "attempts": lambda **given: _plain(attempts(**given)),
    "layers": lambda **given: {"amplification": amplification(**given).item()},
    "adaptive_throttle": lambda **given: {"reject_probability": reject_probability(**given)},
    "backoff": _backoff,
    "budget": _budget,
    "retry_fixed_point": lambda **given: _plain(retry_load(**given)),
    "metastable_region": lambda **given: _plain(metastable_region(**given)),
    "littles_law": lambda **given: {"in_flight": littles_law(**given).item()},
    "breaker_consecutive": lambda calls, **given: _breaker(BreakerPolicy("consecutive", **given), calls),
    "breaker_window": lambda calls, **given: _breaker(BreakerPolicy("window", **given), calls),
}

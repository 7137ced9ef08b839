"""Queueing theory of graphs through the real components: networks, retries, externals, bursts and queues.

Eight independent runs each, as in `test_theory`: the mean over them lies within 4.5 of its own standard errors of the
theory and within a few percent.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from against_theory import agrees, mean_latency, mean_spent, runs_of

from novamodel.analytic import closed_network, erlang_b, mm1, mmc, retry_load
from novamodel.simulation import codes

SECONDS = 800
FREE = {"readiness": None, "health": "0 s", "runtime": {"scrape": "0 s", "boot": "0 s"}, "network": "0 s"}


@pytest.fixture(scope="module")
def graph(plain):
    """A service `front` that is asked directly for `ask`, with others beside it."""

    def make(ask, traffic, seconds=SECONDS, services=None, **parts):
        front = {**FREE, "routes": {"ask": ask, **parts.pop("routes", {})}, "consumers": parts.pop("consumers", {})}
        scenario = plain(
            {
                "traffic": {"via": "direct", "mix": {"ask": "100 %"}, **traffic},
                "services": {"front": front, **(services or {})},
                "run": {"duration": f"{seconds} s", "warm_up": "100 s", "interval": "5 s"},
                **parts,
            }
        )
        return scenario, runs_of(scenario)

    return make


def served_per_s(run, seconds=SECONDS):
    return run.outcome[:, codes.SERVED].sum() / seconds


# --- networks of queues -----------------------------------------------------------------------------------------


def test_calls_with_feedback_are_a_jackson_network(graph):
    """Two event loops; after the second a request goes back to the first with probability 0.4 (Jackson 1957)."""
    rate, again = 60.0, 0.4
    back = {**FREE, "routes": {"work": [{"cpu": "8 ms exponential"}, {"call": "front.ask", "chance": again}]}}
    _, found = graph(
        [{"cpu": "5 ms exponential"}, {"call": "back.work"}],
        {"peak": f"{rate:g} requests/s"},
        services={"back": back},
    )
    stations = mm1(rate / (1 - again), np.array([200.0, 125.0]))
    assert agrees([mean_latency(run) for run in found], float(stations.mean_in_system.sum()) / rate, 0.03)
    waits = float((stations.mean_wait_s * rate / (1 - again)).sum()) / rate
    assert agrees([mean_spent(run, codes.LOOP_WAIT) for run in found], waits, 0.04)


def test_users_who_think_are_a_closed_network(graph):
    """Twelve users, two event loops with feedback, a delay: exact mean-value analysis."""
    back = {
        **FREE,
        "routes": {"work": [{"cpu": "15 ms exponential"}, {"wait": "20 ms"}, {"call": "front.ask", "chance": 0.25}]},
    }
    scenario, found = graph(
        [{"cpu": "10 ms exponential"}, {"call": "back.work"}],
        {"loop": "closed", "users": 12, "think": "400 ms exponential"},
        services={"back": back},
    )
    theory = closed_network(scenario)
    assert agrees([served_per_s(run) for run in found], theory.throughput_per_s, 0.01)
    assert agrees([mean_latency(run) for run in found], theory.response_s, 0.02)


# --- externals ---------------------------------------------------------------------------------------------------


def test_an_external_with_lines_is_mmc(graph):
    external = {"latency": "10 ms exponential", "concurrency": 3, "over_limit": "wait"}
    _, found = graph([{"call": "bank"}], {"peak": "240 requests/s"}, seconds=400, externals={"bank": external})
    theory = float(mmc(3, 240, 100).mean_time_in_system_s)
    assert agrees([mean_spent(run, codes.EXTERNAL_TIME) for run in found], theory, 0.04)
    assert agrees([mean_latency(run) for run in found], theory, 0.04)


def test_an_external_without_limits_is_mg_infinity(graph):
    """The number inside is Poisson with mean rate x latency, whatever the law: mean and variance."""
    external = {"latency": "200 ms lognormal 1.0"}
    _, found = graph([{"call": "bank"}], {"peak": "100 requests/s"}, externals={"bank": external})
    inside = [np.array([row["in_flight"] for row in run.intervals]) for run in found]
    assert agrees([mean_latency(run) for run in found], 0.2, 0.01)
    assert agrees([one.mean() for one in inside], 20.0, 0.03)
    assert agrees([one.var(ddof=1) / one.mean() for one in inside], 1.0, 0.15)


def test_an_external_that_refuses_is_erlangs_loss(graph):
    external = {"latency": "100 ms lognormal 0.7", "concurrency": 3}
    _, found = graph([{"call": "bank"}], {"peak": "30 requests/s"}, externals={"bank": external})
    lost = [run.outcome[0, codes.CALL_FAILED] / run.outcome.sum() for run in found]
    assert agrees(lost, float(erlang_b(3, 3.0)), 0.02)


# --- retries -----------------------------------------------------------------------------------------------------


def test_retries_raise_the_load_to_the_fixed_point(graph):
    """Long back-off: an attempt finds the external as if it were the first; all attempts are one Poisson stream."""
    caller = {"timeout": "0 s", "retries": 2, "backoff": "fixed", "base": "20 s", "jitter": "full"}
    call = {"call": {"to": "bank", "caller": caller | {"retry_on": ["rejected"]}}}
    external = {"latency": "100 ms exponential", "concurrency": 3}
    patient = {"peak": "30 requests/s", "caller": {"timeout": "10000 s"}}
    _, found = graph([call], patient, externals={"bank": external})
    theory = retry_load(3, 3, 0.1, 30.0, 3)
    lost = [run.outcome[0, codes.CALL_FAILED] / run.outcome.sum() for run in found]
    assert agrees(lost, float(theory.final_failure_probability), 0.04)
    tried = [sum(row["attempts"] for row in run.calls) / SECONDS for run in found]
    assert agrees(tried, float(theory.attempt_rate_per_s), 0.02)


def test_an_orbit_holds_those_who_found_the_server_busy(graph):
    """M/M/1 without a queue, retried until served: busy with probability rho, rho / (1 - rho) retries a request.

    Falin and Templeton, Retrial Queues (1997): rho / (1 - rho) x (rate x delay + rho) in orbit; here 0.4 % of it is the
    second term, and without it the figure holds for every law of the delay.
    """
    rate, service, delay = 25.0, 0.02, 5.0
    caller = {"timeout": "0 s", "retries": 100, "backoff": "fixed", "base": f"{2 * delay:g} s", "jitter": "full"}
    call = {"call": {"to": "bank", "caller": caller | {"retry_on": ["rejected"]}}}
    external = {"latency": f"{service:g} s exponential", "concurrency": 1}
    patient = {"peak": f"{rate:g} requests/s", "caller": {"timeout": "10000 s"}}
    _, found = graph([call], patient, externals={"bank": external})
    rho = rate * service
    assert all(run.outcome[0, codes.CALL_FAILED] == 0 for run in found)
    orbit = rho / (1 - rho) * (rate * delay + rho)
    assert agrees([mean_spent(run, codes.BACKOFF) for run in found], orbit / rate, 0.05)


# --- arrivals and messages ---------------------------------------------------------------------------------------


def test_bursts_have_the_dispersion_of_an_on_off_source(graph):
    """Counts over t of a Poisson rate that is on and off: 1 + 2 r V h (1 - (1 - exp(-s)) / s), s = t / h.

    V = off / on is the variance of the rate over its mean, h = on off / (on + off) its correlation time.
    """
    rate, on, off, window = 100.0, 2.0, 3.0, 5.0
    _, found = graph([{"cpu": "0 s"}], {"peak": f"{rate:g} requests/s", "bursts": {"on": f"{on} s", "off": f"{off} s"}})
    hold = on * off / (on + off)
    s = window / hold
    theory = 1.0 + 2.0 * rate * (off / on) * hold * (1.0 - (1.0 - math.exp(-s)) / s)
    counts = [np.array([row["arrived"] for row in run.intervals]) for run in found]
    assert agrees([one.mean() / window for one in counts], rate, 0.05)
    assert agrees([one.var(ddof=1) / one.mean() for one in counts], theory, 0.15)


def test_messages_come_again_when_work_outlasts_their_visibility(graph):
    """Consumers enough for all: work of an exponential law outlasts the time-out with p = exp(-time-out / mean).

    Each delivery is a new try, and only the latest receipt deletes: p + p^2 repeated ones a message, p^3 dead.
    """
    queue = {"latency": "0 s", "visibility_timeout": "100 ms", "most_receives": 3}
    consumer = {"queue": "jobs", "route": "work", "concurrency": 1000}
    _, found = graph(
        [{"publish": "jobs"}],
        {"peak": "50 requests/s"},
        routes={"work": [{"wait": "120 ms exponential"}]},
        consumers={"jobs": consumer},
        queues={"jobs": queue},
    )
    p = math.exp(-100 / 120)
    rows = [run.queues[0] for run in found]
    assert agrees([row["redelivered"] / row["published"] for row in rows], p + p * p, 0.02)
    assert agrees([row["dead"] / row["published"] for row in rows], p**3, 0.05)

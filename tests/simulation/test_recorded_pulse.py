"""A recorded pulse of four seconds at twice the capacity: callers who ask once let the system recover, retries do not.

Recorded on a real stack (`data/conformance/measured_stack.md`, E7), where the same pulse with retries did not end.
"""

import pytest

from novamodel.verify import measured_figures
from tools.measured_stack import cases, figures

ENGINES = ("simpy", "compiled")


def pulse(**client):
    """The recorded pulse with other callers."""
    case = cases()["E7-pulse_noretry"]
    topology = case["topology"]
    return {**case, "topology": {**topology, "client": {**topology["client"], **client}}}


@pytest.mark.parametrize("engine", ENGINES)
def test_without_retries_the_pulse_is_over_when_its_queue_is(engine):
    case = pulse()
    found = figures(case, replayed=True, engine=engine)[0]
    measured = case["expected"]
    assert found["success_share"] == pytest.approx(measured["success_share"], abs=0.05)
    assert found["success_by_1s"] == pytest.approx(measured["success_by_1s"], abs=0.06)
    assert found["success_share_after_15s"] == 1.0
    assert found["attempts_per_request"] == 1.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("backoff_s", [0.0, 0.1])
def test_with_two_retries_the_same_pulse_leaves_the_system_down(engine, backoff_s):
    """20 s after the pulse nobody is answered in time: each caller's three attempts keep the pool full."""
    found = figures(pulse(retries=2, backoff_s=backoff_s), replayed=True, engine=engine)[0]
    assert min(found["success_by_1s"][:5]) > 0.99
    assert max(found["success_by_1s"][10:]) < 0.02
    assert found["attempts_per_request"] > 2.0


@pytest.mark.parametrize("engine", ENGINES)
def test_retries_do_no_harm_below_capacity(engine):
    case = cases()["E7-retry2_rho0.80_rep1"]
    assert measured_figures.outside(case, figures(case, replayed=True, engine=engine)[0]) == []

"""No handler reads or writes outside its columns: the reference with checked columns, which Python's lists are not.

The compiled engine has no bounds at all: what is found here would be other memory there.
"""

from __future__ import annotations

import made_up
import pytest
from checked import CheckedColumn, checked, replicate_checked
from hypothesis import HealthCheck, given, settings

from novamodel.simulation import calls, codes
from novamodel.simulation.build import build

NAMES = ["novabank", "novabank-ecs", "novabank-compose", "novabank-mail", "shop"]
SHORT = {"run.duration": "3 s", "run.warm_up": "2 s"}


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_in_params_stays_in_its_columns(name, params, both):
    scenario = params[name].override(SHORT)
    run = replicate_checked(scenario)
    assert len(run.requests) > 500
    assert run.digest == both(scenario).digest


@pytest.mark.filterwarnings("ignore::RuntimeWarning:novamodel.analytic")
@settings(
    settings.get_profile("novamodel"), max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=made_up.scenarios())
def test_scenarios_made_up_stay_in_their_columns(changes, plain, tmp_path):
    assert replicate_checked(plain(made_up.with_recordings(changes, tmp_path))).conserved


WIDE = [[{"parallel": [[{"wait": "100 ms exponential"}]] * 10}]] * 40
"""Branches of branches, all in one instant."""
MESSAGES = [{"publish": "jobs"}] * 12
WORK = {"jobs": {"queue": "jobs", "route": "work", "concurrency": 1000, "batch": 10}}


@pytest.mark.parametrize(
    "api",
    [
        {"routes": {"read": [{"parallel": [[{"wait": "1 s exponential"}]] * 300}]}},
        {"routes": {"read": [{"parallel": WIDE}]}},
        {"routes": {"read": MESSAGES, "work": [{"wait": "1 s exponential"}]}, "consumers": WORK},
    ],
    ids=["300 branches", "branches of branches", "messages in no time"],
)
def test_an_instant_that_takes_many_rows_finds_room(api, plain, both):
    queues = {"jobs": {"latency": "0 s"}}
    scenario = plain({"services": {"api": api}, "queues": queues, "run": {"duration": "250 ms"}})
    assert replicate_checked(scenario).digest == both(scenario).digest


# --- the check itself -----------------------------------------------------------------------------------------


def test_a_checked_column_refuses_what_a_pointer_would_take():
    column = CheckedColumn([1, 2, 3])
    column.name, column.whole = "pool.idle", True
    assert column[2] == 3
    for index in (-1, 3):
        with pytest.raises(IndexError, match=rf"pool\.idle\[{index}\] is outside its 3 entries"):
            column[index]
        with pytest.raises(IndexError, match=r"pool\.idle"):
            column[index] = 0
    with pytest.raises(IndexError):
        column[1:4]
    with pytest.raises(TypeError):
        column[1.0]
    with pytest.raises(TypeError):
        column[1] = 0.5


def test_every_column_of_a_state_is_checked(plain):
    def columns(part):
        if isinstance(part, tuple):
            return [column for inner in part for column in columns(inner)]
        return [part] if isinstance(part, list) else []

    found = columns(checked(build(plain(), arrays=False).model))
    assert len(found) > 300
    assert all(isinstance(column, CheckedColumn) and column.name.count(".") == 1 for column in found)


def test_a_handler_that_leaves_its_column_is_found(plain, monkeypatch):
    """The row of nobody, -1, is the last one of a list; a checked column says which it is."""
    rule = calls.do_join
    monkeypatch.setattr(
        "novamodel.simulation.advance.do_join",
        lambda m, q, i, now: rule(m, q, i if m.requests.pending[i] else codes.NONE, now),
    )
    api = {"routes": {"read": [{"parallel": [[{"wait": "1 ms"}], [{"wait": "2 ms"}]]}]}}
    with pytest.raises(IndexError, match=r"requests\.pending\[-1\] is outside"):
        replicate_checked(plain({"services": {"api": api}, "run": {"duration": "1 s"}}))

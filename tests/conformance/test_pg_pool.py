"""Every recorded case of node-postgres pools is reproduced, for both recorded versions."""

import copy
import json

import pytest

from novamodel.components.pg_pool import rules
from novamodel.resources import data_dir
from novamodel.verify.pg_pool import NEWEST, OLD, answer, disagreements, recorded

CASES = json.loads((data_dir() / "conformance" / "pg_pool.json").read_text(encoding="utf-8"))["cases"]
BY_ID = {case["id"]: case for case in CASES}
SAME_INSTANT = "rand-seed-overload"
"""A connection comes back in the very microsecond in which the first waiter gives up (4665.316 ms)."""


def test_the_record_is_whole():
    assert len(BY_ID) == len(CASES) == 24
    assert sum(op["op"] in ("acquire", "query") for case in CASES for op in case["ops"]) == 3351
    assert sum("expected_pg_pool_3_6_1" in case for case in CASES) == 8


@pytest.mark.parametrize("version", [NEWEST, OLD])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_pg_pool(case, version):
    assert disagreements(case, version) == []


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] != SAME_INSTANT], ids=lambda case: case["id"])
def test_one_event_for_all_timers_is_enough(case):
    assert disagreements(case, one_timer=True) == []


def test_one_event_differs_only_where_two_things_fall_on_one_instant():
    """Half a microsecond between the two, and both ways to play the case agree again."""
    case = copy.deepcopy(BY_ID[SAME_INSTANT])
    assert disagreements(case, one_timer=True)
    late = next(op for op in case["ops"] if op["id"] == "r1056")
    late["t"] += 0.0005
    assert answer(case, one_timer=True) == answer(case)


def test_answers_do_not_look_at_the_record():
    for case in CASES:
        blind = {name: value for name, value in case.items() if not name.startswith("expected")}
        assert answer(blind) == answer(case)
    assert recorded(BY_ID["min-keeps"], OLD) != recorded(BY_ID["min-keeps"])


def test_whoever_is_never_answered_is_named_once():
    ops = [{"op": "acquire", "id": name, "t": 0} for name in "ab"] + [{"op": "release", "id": "b", "t": 50}]
    answered = answer({"options": {"max": 1}, "connect_ms": 5, "ops": ops})
    assert (answered["summary"]["got_client"], answered["summary"]["unanswered"]) == (1, ["b"])


def test_a_connection_released_by_an_op_closes_if_its_caller_met_an_error():
    ops = [{"op": "acquire", "id": "a", "t": 0, "release_error": True}, {"op": "release", "id": "a", "t": 50}]
    answered = answer({"options": {"max": 1}, "connect_ms": 5, "ops": ops})
    assert answered["clients"] == {"c1": {"created": 0, "connected": 5, "end_called": 50}}


def test_a_changed_record_is_noticed():
    case = copy.deepcopy(BY_ID["queue-timeout"])
    case["expected"]["results"]["b"]["t"] += 0.003
    case["expected"]["results"]["c"]["client"] = "c2"
    del case["expected"]["clients"]["c1"]["end_called"]
    case["expected"]["snapshots"][0]["waiting"] += 1
    assert len(disagreements(case)) == 4


@pytest.mark.parametrize(
    ("case", "option", "value"),
    [
        ("min-keeps", "min", 1),
        ("queue-timeout", "connectionTimeoutMillis", 101),
        ("idle-default-10s", "idleTimeoutMillis", 9999),
        ("maxLifetime-idle", "maxLifetimeSeconds", 2),
        ("rand-maxuses", "maxUses", 8),
        ("double-pulse", "max", 3),
    ],
)
def test_another_option_changes_the_answer(case, option, value):
    changed = copy.deepcopy(BY_ID[case])
    changed["options"][option] = value
    assert disagreements(changed)


def test_the_oldest_idle_connection_first_is_noticed(monkeypatch):
    take = rules.pool_acquire

    def take_oldest(s, p, waiter, now):
        s.stack[: s.idle[p]] = s.stack[: s.idle[p]][::-1]
        return take(s, p, waiter, now)

    monkeypatch.setattr(rules, "pool_acquire", take_oldest)
    assert disagreements(BY_ID["lifo-order-depends-on-release"])

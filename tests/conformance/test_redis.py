"""Redis and its hit ratios against the recorded cases, by the rules that runs call."""

import json

import pytest

from novamodel.resources import data_dir
from novamodel.verify import analytic, redis

CASES = [
    case
    for file in ("redis", "cache")
    for case in json.loads((data_dir() / "conformance" / f"{file}.json").read_text(encoding="utf-8"))["cases"]
]
GRADED = [case for case in CASES if case["graded"] and case["kind"] in redis.kinds()]


def agrees(expected, got, tolerance):
    """Whether an answer is what was recorded: equal, in its range, or within the tolerance."""
    if isinstance(expected, dict):
        return expected["min"] <= got <= expected["max"]
    if tolerance == "exact":
        return got == expected
    return abs(got - expected) <= max(tolerance["abs"], tolerance["rel"] * abs(expected))


def test_the_record_is_whole():
    assert [sum(case["id"].startswith(name) for case in CASES) for name in ("redis/", "cache/")] == [56, 26]
    assert len(GRADED) == 54 + 7
    assert {case["kind"] for case in CASES} <= {*redis.kinds(), *analytic.kinds()}


@pytest.mark.parametrize("case", GRADED, ids=lambda case: case["id"])
def test_agrees_with_the_record(case):
    answered = redis.answer(case["kind"], case["input"])
    for key, expected in case["expected"].items():
        assert agrees(expected, answered[key], case["tolerance"][key]), (key, answered[key], expected)


def test_what_has_no_formula_is_not_answered():
    hashes = next(case for case in CASES if case["input"].get("type") == "hash of 5 fields")
    assert redis.answer("memory_per_key", hashes["input"]) == {}


def test_without_a_majority_nobody_takes_over():
    sentinel = next(case for case in CASES if case["kind"] == "sentinel_failover")["input"]
    cluster = next(case for case in CASES if case["kind"] == "cluster_failover")["input"]
    assert redis.answer("sentinel_failover", sentinel | {"quorum": 4}) == {"promoted_s": None}
    assert redis.answer("cluster_failover", cluster | {"masters_killed": 2}) == {"slots_served_again_s": None}


@pytest.mark.parametrize("policy", ["volatile-lru", "volatile-ttl", "noeviction", "allkeys-lru"])
def test_below_maxmemory_every_policy_writes(policy):
    given = {"policy": policy, "over_maxmemory": False, "operation": "write", "keys_with_ttl_left": False}
    assert redis.answer("eviction_decision", given) == {"result": "served"}

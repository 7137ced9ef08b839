"""Every recorded nginx experiment is reproduced: each outcome, delay, excess and upstream choice."""

import copy
import gzip
import json

import pytest

from novamodel.errors import UserError
from novamodel.resources import data_dir
from novamodel.verify.nginx import answer, disagreements


def _load(name):
    text = gzip.decompress((data_dir() / "conformance" / f"{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


LIMITS = _load("nginx_limit_req")
UPSTREAMS = _load("nginx_upstream")
RECORDED_ONLY = ("outcome", "delay_s", "zones", "slots_after", "upstream_addr", "upstream_status", "status")


def test_the_record_is_whole():
    assert len(LIMITS) == 37
    assert len(UPSTREAMS) == 29
    assert sum(len(case["requests"]) for case in LIMITS) == 6165
    assert sum(len(case["requests"]) for case in UPSTREAMS) > 2000


@pytest.mark.parametrize("case", LIMITS + UPSTREAMS, ids=lambda case: case["name"])
def test_agrees_with_nginx(case):
    assert disagreements(case) == []


def test_answers_do_not_look_at_the_record():
    for case in LIMITS + UPSTREAMS:
        blind = copy.deepcopy(case)
        for request in blind["requests"]:
            for name in RECORDED_ONLY:
                request.pop(name, None)
        servers = [line.split()[0] for line in case.get("servers", [])]
        for event in blind.get("events", []):
            if event.get("server") in servers:
                del event["server"]
        assert answer(blind) == answer(case), case["name"]


def test_a_changed_record_is_noticed():
    case = copy.deepcopy(LIMITS[0])
    case["requests"][5]["zones"][0][2] += 1
    case["requests"][6]["outcome"] = "REJECTED"
    assert len(disagreements(case)) == 2
    case = copy.deepcopy(UPSTREAMS[1])
    case["events"][0]["server"] = "127.0.0.1:1"
    assert len(disagreements(case)) == 1
    case = next(copy.deepcopy(c) for c in UPSTREAMS if c["method"].startswith("random"))
    for request in case["requests"]:
        request["upstream_addr"] = "127.0.0.1:19101"
    assert len(disagreements(case)) == 3


def test_shorter_rate_changes_the_answer():
    case = copy.deepcopy(LIMITS[1])
    case["limits"][0]["rate"] = "11r/s"
    assert disagreements(case)


def test_dry_run_serves_at_once_and_keeps_the_counts():
    case = copy.deepcopy(next(c for c in LIMITS if c["name"] == "delay_10_b20_burst40"))
    case["extra"] = "limit_req_dry_run on;"
    got = answer(case)["requests"]
    assert {r["delay_s"] for r in got} == {0.0}
    names = [r["outcome"] for r in got]
    assert names.count("REJECTED_DRY_RUN") == 19
    assert names.count("DELAYED_DRY_RUN") == 20


def test_other_cases_are_refused():
    with pytest.raises(UserError, match="not a recorded nginx case"):
        answer({"kind": "mmc"})

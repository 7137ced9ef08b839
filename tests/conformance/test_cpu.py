"""The CPU quota's gate, the event loop behind it and the restart delay against the recorded cases."""

import json

import numpy as np
import pytest

from novamodel.components.columns import as_arrays
from novamodel.components.cpu.cpu_gate import gate_state
from novamodel.components.cpu.host import container_used
from novamodel.components.cpu.host_state import Host, host_state
from novamodel.components.node.node import node_state
from novamodel.resources import data_dir
from novamodel.verify.cpu import _serve as serve_by_gate
from novamodel.verify.cpu import answer, kinds
from novamodel.verify.host_run import serve
from novamodel.verify.judging import AGREED, judged

CASES = json.loads((data_dir() / "conformance" / "cfs_node.json").read_text(encoding="utf-8"))["cases"]
ANSWERED = [case for case in CASES if case["kind"] in kinds() and case["graded"]]


def test_the_record_is_whole():
    assert len(CASES) == 278
    assert len(ANSWERED) == 206 + 35 + 7 + 7 + 1 + 11 + 5 + 2
    assert {case["kind"] for case in CASES} == set(kinds())


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case["id"])
def test_agrees_with_the_record(case):
    verdict = judged(case, answer(case["kind"], case["input"]))
    assert verdict.outcome == AGREED, verdict


def test_a_burst_that_just_fits_the_quota_is_not_held_up():
    given = {"quota_ms": 50, "period_ms": 100, "start_phase_ms": 0}
    assert answer("burst_wall_time", {"cpu_ms": 50, **given}) == {"wall_ms": 50}
    assert answer("burst_wall_time", {"cpu_ms": 50.001, **given})["wall_ms"] == pytest.approx(100.001)


def limited_host(cores: int, threads: int, quota_ms: float, period_ms: float) -> Host:
    """A machine with one container."""
    host = host_state([cores], [0] * threads, 1)
    host.quota[0] = host.left[0] = quota_ms / 1e3
    host.period[0] = period_ms / 1e3
    return host


def test_a_machine_to_itself_has_the_recorded_wall_times():
    """The shared machine's quota is the gate's when nobody else is there."""
    for case in [case for case in ANSWERED if case["kind"] == "burst_wall_time"]:
        given = case["input"]
        start = given["start_phase_ms"] / 1e3
        end, _ = serve(
            limited_host(1, 1, given["quota_ms"], given["period_ms"]), [1], [0], [start], [given["cpu_ms"] / 1e3]
        )
        wall_ms = 1e3 * (end[0] - start)
        assert wall_ms == pytest.approx(case["expected"]["wall_ms"], rel=1e-9, abs=1e-9), case["id"]


def test_threads_use_a_quota_up_together_on_a_machine():
    for case in [case for case in ANSWERED if case["kind"] == "threads_exhaust_quota"]:
        threads, period = case["input"]["threads"], case["input"]["period_ms"] / 1e3
        host = limited_host(threads, threads, case["input"]["quota_ms"], case["input"]["period_ms"])
        jobs = np.arange(threads)
        _, after = serve(host, [1] * threads, jobs, np.zeros(threads), np.full(threads, 2 * period))
        periods = after.throttled[0]
        assert container_used(after, 0, after.last[0]) == pytest.approx(2 * period * threads)
        if case["expected"]["stalled_ms"] > 0:
            assert periods >= 1
            assert 1e3 * after.stalled[0] / periods == pytest.approx(case["expected"]["stalled_ms"], rel=1e-6)
        else:
            assert (periods, after.stalled[0]) == (0, 0.0)


@pytest.mark.parametrize(("quota_s", "load"), [(0.05, 0.4), (0.05, 0.85), (0.02, 0.7)])
def test_a_machine_to_itself_serves_job_by_job_as_the_gate(quota_s, load):
    rng = np.random.default_rng(3)
    arrival = np.cumsum(rng.exponential(0.005 / (10 * quota_s * load), 20_000))
    work = rng.exponential(0.005, 20_000)
    by_gate = np.zeros(len(work))
    serve_by_gate(
        as_arrays(node_state(1, 1, len(work))), as_arrays(gate_state(1, quota_s, 0.1)), arrival, work, by_gate
    )
    end, host = serve(limited_host(1, 1, 1e3 * quota_s, 100), [1], np.zeros(len(work)), arrival, work)
    assert end - arrival == pytest.approx(by_gate, abs=1e-7)
    assert host.throttled[0] > 50

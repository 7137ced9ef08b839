"""Commits that wait for a standby, volumes behind an instance, storage that fills, and V8's heap, in a run."""

from __future__ import annotations

import numpy as np
import pytest

from novamodel.scenario.storage_growth import StorageGrowth
from novamodel.simulation import codes

WRITE = [{"sql": ["book"]}]
STATEMENTS = {"book": {"cpu": "1 ms", "writes": 1}, "look": {"cpu": "1 ms", "reads": 1}}


def served_s(run):
    served = run.requests[run.requests[:, 2] == codes.SERVED]
    return served[:, 5] - served[:, 4]


def writing(plain, database, rate=20, steps=WRITE, **more):
    return plain(
        {
            "traffic": {"peak": f"{rate} requests/s"},
            "services": {"api": {"routes": {"read": steps}}},
            "database": {"cores": 8, "statements": STATEMENTS, "storage_latency": "1 ms", "iops": 1000} | database,
            "run": {"duration": "20 s"} | more,
        }
    )


@pytest.mark.parametrize(
    ("commit", "paths", "wait_ms"),
    [("off", "parallel", 0.0), ("local", "serial", 2.0), ("remote_write", "parallel", 2.0), ("on", "parallel", 4.0),
     ("on", "serial", 6.0), ("remote_apply", "parallel", 9.0)],
)  # fmt: skip
def test_a_commit_waits_for_its_standby(plain, both, commit, paths, wait_ms):
    """2 ms locally; 1 ms there and back, 1 ms written, 2 ms flushed, 5 ms replayed."""
    times = {"local_flush": "2 ms", "round_trip": "1 ms", "write": "1 ms", "flush": "2 ms", "apply": "5 ms"}
    waits = {"synchronous": {"commit": commit, "paths": paths, **times}}
    plainly, run = both(writing(plain, {})), both(writing(plain, waits))
    assert np.median(served_s(run)) - np.median(served_s(plainly)) == pytest.approx(wait_ms / 1000, abs=1e-9)
    reads = both(writing(plain, waits, steps=[{"sql": ["look"]}]))
    assert np.median(served_s(reads)) == pytest.approx(np.median(served_s(plainly)), abs=1e-9)


def test_the_instance_lets_less_through_than_its_volume(plain, both):
    """Half the operations: each takes 2 ms of the volume in place of 1."""
    limited = {"instance_storage": {"baseline_iops": 500, "most_iops": 4000, "baseline_mb_s": 1000}}
    plainly, run = both(writing(plain, {}, rate=5)), both(writing(plain, limited, rate=5))
    assert np.median(served_s(run)) - np.median(served_s(plainly)) == pytest.approx(0.001, abs=1e-9)
    bursting = both(writing(plain, {"instance_storage": limited["instance_storage"] | {"bursts": True}}, rate=5))
    assert np.median(served_s(bursting)) == pytest.approx(np.median(served_s(plainly)), abs=1e-9)
    slow = {"instance_storage": {"baseline_iops": 100_000, "baseline_mb_s": 4.096}}  # 500 pages of 8 KiB a second
    assert np.median(served_s(both(writing(plain, slow, rate=5)))) == pytest.approx(np.median(served_s(run)), abs=1e-9)


def filling(plain, duration="2 h", **growth):
    return writing(plain, {"storage": "100 GiB", "growth": growth}, rate=0.05, duration=duration)


def events(run):
    return [(event["kind"], round(event["time_s"] / 60)) for event in run.events if "storage" in event["kind"]]


def test_a_full_disk_takes_no_statement(plain, both):
    run = both(filling(plain, used="99 GiB", per_hour="2 GiB"))
    assert events(run) == [("storage full", 29)] or events(run) == [("storage full", 30)]
    late = run.requests[run.requests[:, 4] > 31 * 60]
    assert set(late[:, 2].astype(int)) == {codes.NO_DATABASE}


def test_autoscaling_adds_once_and_then_not_for_six_hours(plain, both):
    """From 90 % on, five minutes later: max(10 GiB, a tenth, seven hours of growth); the next step six hours after."""
    run = both(filling(plain, used="89 GiB", per_hour="4 GiB", max_allocated="300 GiB", duration="12 h"))
    found = events(run)
    assert [kind for kind, _ in found] == ["storage scaled"] * 2
    assert found[0][1] == pytest.approx(15 + 5, abs=2)  # 1 GiB takes 15 minutes
    assert (found[1][1] - 5) / 60 * 4 == pytest.approx(128 * 0.9 - 89, abs=0.3)
    assert "-> 128 GiB" in run.events[0]["message"]


def test_a_burst_fills_the_disk_within_the_pause_and_the_2026_rule_does_not_wait(plain, both):
    growth = {"used": "89 GiB", "per_hour": "120 GiB", "max_allocated": "300 GiB"}
    first = events(both(filling(plain, duration="7 h", **growth)))
    assert [kind for kind, _ in first] == ["storage scaled", "storage full"]
    soon = events(both(filling(plain, duration="7 h", rule="2026", optimisation="5 min", **growth)))
    assert [kind for kind, _ in soon][:1] == ["storage scaled"]


def test_storage_does_not_grow_unless_said():
    assert StorageGrowth().per_hour == 0


# --- V8's heap ---------------------------------------------------------------------------------------------


def leaking(plain, **runtime):
    """Requests that pile up, each with a MiB of its own, in a container of 1 GiB."""
    return plain(
        {
            "traffic": {"peak": "30 requests/s"},
            "services": {
                "api": {
                    "runtime": {"resting_memory": "100 MiB", "memory_per_request": "1 MiB", "outside_heap": "60 MiB",
                                "boot": "10 ms", "start_delay": "0 s"} | runtime,
                    "resources": {"memory_request": "128 MiB", "memory_limit": "1 GiB"},
                    "routes": {"read": [{"wait": "100 s"}]},
                }
            },
            "run": {"duration": "60 s"},
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("runtime", "at", "words"),
    [
        ({}, (524 - 40) / 30, "V8's heap of 524 MiB"),
        ({"max_old_space": "200 MiB"}, (212 - 40) / 30, "V8's heap of 212 MiB"),
        ({"max_old_space": "2000 MiB"}, (1024 - 100) / 30, "out of memory"),
        ({"version": "18"}, (1024 - 100) / 30, "out of memory"),
    ],
)
def test_a_process_dies_by_its_heap_or_its_container(plain, both, runtime, at, words):
    run = both(leaking(plain, **runtime))
    killed = [event for event in run.events if event["kind"] == "killed"]
    assert killed[0]["time_s"] == pytest.approx(at, rel=0.15)
    assert words in killed[0]["message"]
    assert ("exit 134" in killed[0]["message"]) == ("heap" in words)

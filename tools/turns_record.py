"""Make the recorded cases of `data/conformance/turns.json.gz` from what `measure_turns` wrote.

Use: ``python -m tools.turns_record MEASURED.json OUT.json.gz``.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

TICK_US = 4000
MOST_OTHERS = 0.02
"""Share of the core that others may have used."""
GRADED_LOAD = 0.8
"""From here on a percent of work changes the mean by five."""
META = {
    "what": "How Linux gives one core by turns to an event loop and to CPU-bound threads beside it: "
    "response times of short requests",
    "source": "measured",
    "method": "tools/measure_turns.py",
    "config": "HZ=250, PREEMPT_DYNAMIC (none), 2 CPUs: base slice 1.4 ms",
    "inputs": {
        "place": "CPU-bound threads in the same container as the loop, or in another one",
        "weight": "of the loop's container against the other (cpu.shares)",
        "threads": "CPU-bound threads",
        "burst_ms": "CPU asked for by a request",
        "tick_us": "an instant of the timer's tick, found from the starts of those that waited",
        "others_us": "visits of other processes to the core: from, to, CPU; "
        "all count as one thread of a container of weight 1 against 32",
        "gap_us": "between the requests sent",
        "work_us": "CPU of each request: its time where it was not interrupted, else its neighbours', "
        "scaled to the thread's CPU clock",
    },
    "left_out": f"runs in which others used more than {MOST_OTHERS} of the core; "
    f"not graded: loops that use {GRADED_LOAD} of their fair share and more, as a percent of work then changes the "
    "mean by five",
}


def tick(sent: np.ndarray, wait: np.ndarray, response: np.ndarray) -> float:
    """Instant of a tick (microseconds): most threads that waited were let in by one."""
    before = np.concatenate(([-np.inf], (sent + response)[:-1]))
    begun = (sent + wait)[(wait > 300) & (sent > before)] % TICK_US
    if len(begun) < 5:
        return 0.0
    counts = np.histogram(np.concatenate((begun, begun + TICK_US)), np.arange(0, 2 * TICK_US + 1, 10))[0]
    peak = 10 * int(np.convolve(counts, np.ones(3), "same")[: TICK_US // 10].argmax()) + 5
    off = (begun - peak + TICK_US / 2) % TICK_US - TICK_US / 2
    return float((peak + np.median(off[np.abs(off) < 30]) - 6) % TICK_US)  # 6 us from the tick to the loop's clock


def works(took: np.ndarray, mean: float) -> np.ndarray:
    """CPU of each request (microseconds), from the time it took and the mean of the thread's CPU clock."""
    plain = np.flatnonzero(took < 1.15 * mean)
    if len(plain) == 0:
        return np.full(len(took), mean)
    found = np.interp(np.arange(len(took)), plain, took[plain])
    return found * (mean / found.mean())


def recorded(number: int, run: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """A measured run as a case; None if others used too much of the core."""
    if sum(visit[2] for visit in run["others_us"]) / 1e6 > MOST_OTHERS * seconds:
        return None
    sent, wait, response = (np.array(run[name], float) for name in ("sent_us", "wait_us", "response_us"))
    share = 1 / (1 + run["threads"]) if run["place"] == "same" else run["weight"] / (1 + run["weight"])
    load = run["work_us"] * len(sent) / 1e6 / seconds / share
    percentiles = {f"p{q}_ms": round(float(np.percentile(response, q)) / 1e3, 4) for q in (50, 95, 99)}
    given = {name: run[name] for name in ("loop", "place", "weight", "threads", "burst_ms")} | {
        "tick_us": round(tick(sent, wait, response), 1),
        "others_us": [visit for visit in run["others_us"] if visit[2] > 0],
        "gap_us": np.diff(sent, prepend=0).astype(int).tolist(),
        "work_us": np.round(works(response - wait, run["work_us"])).astype(int).tolist(),
    }
    seen = {name: run[name] for name in ("thread_slice_ms", "run_delay_s", "loop_slices")}
    limits = {"mean_ms": 0.05, "p95_ms": 0.15, "p99_ms": 0.2}
    tolerance = dict.fromkeys(("p50_ms", *seen)) | {name: {"rel": rel, "abs": 0} for name, rel in limits.items()}
    return {
        "id": f"turns/{number:04d}",
        "kind": "turns",
        "input": given,
        "expected": {"mean_ms": round(float(response.mean()) / 1e3, 4)} | percentiles | seen,
        "tolerance": tolerance,
        "graded": load < GRADED_LOAD,
        "note": "" if load < GRADED_LOAD else f"{load:.2f} of the fair share is used",
    }


def main(measured: str, out: str) -> None:
    """Read what was measured, write the cases."""
    found = json.loads(Path(measured).read_text())
    runs = enumerate(found["cases"])
    cases = [recorded(number, run, run.get("seconds", found["seconds"])) for number, run in runs]
    meta = META | {name: found[name] for name in ("kernel", "cpu", "date")}
    text = json.dumps({"meta": meta, "cases": [case for case in cases if case]}, separators=(",", ":"))
    Path(out).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])

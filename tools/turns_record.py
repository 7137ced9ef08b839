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
BRIEF_MS = 0.1
"""Bursts from which the cost of a wake-up is found."""
TURN_US = 700
"""Nobody who takes the core by turns has it for less (the kernel's base slice)."""
TOLERANCE = {"mean_ms": 0.05, "p95_ms": 0.15, "p99_ms": 0.2}
TAIL = 0.1
"""Part of a percentile's tail: where that much more or less moves it by more than its tolerance, the case says so."""
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
        "wake_us": "CPU that a request costs more which finds the loop asleep (a switch of threads, the wait for "
        "events): what the thread's CPU clock has over the times of the requests, by wake-up; median of the runs of "
        "brief bursts",
        "work_us": "other CPU of each request: its time where it was not interrupted, else its neighbours', "
        "scaled to the rest of the thread's CPU clock",
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


def plain_works(took: np.ndarray, mean: float) -> np.ndarray:
    """Time that each request took (microseconds); of those that were interrupted what their neighbours did.

    ``mean``: of the requests' CPU. A core may become slower by half; who gives it up for a turn is away for longer.
    """
    plain = np.flatnonzero(took < mean + min(mean / 2, TURN_US))
    if len(plain) == 0:
        return np.full(len(took), mean)
    return np.interp(np.arange(len(took)), plain, took[plain])


def times(run: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When each request was sent, how long it waited, and when it was answered after that (microseconds)."""
    sent, wait, response = (np.array(run[name], float) for name in ("sent_us", "wait_us", "response_us"))
    return sent, wait, response


def wake_ups(sent: np.ndarray, response: np.ndarray) -> int:
    """How many requests found the loop asleep: all before them were answered."""
    return 1 + int(np.count_nonzero(sent[1:] >= (sent + response)[:-1]))


def wake_cost(run: dict[str, Any]) -> float:
    """CPU of a wake-up (microseconds): what is left of the CPU clock; between two requests in line passes some, too."""
    sent, wait, response = times(run)
    took = plain_works(response - wait, run["work_us"])
    between = (sent + wait)[1:] - (sent + response)[:-1]
    in_line = np.median(between[sent[1:] < (sent + response)[:-1]])
    return float(len(sent) * (run["work_us"] - took.mean() - in_line) / wake_ups(sent, response))


def at_an_edge(response: np.ndarray, percent: int, tolerance: float) -> bool:
    """Whether a percentile moves by more than its tolerance if its tail is a little larger or smaller."""
    off = TAIL * (100 - percent)
    low, middle, high = np.percentile(response, (percent - off, percent, percent + off))
    return bool(max(middle - low, high - middle) > tolerance * middle)


def alone(run: dict[str, Any], seconds: float) -> bool:
    """Whether others have used little of the core."""
    return bool(sum(visit[2] for visit in run["others_us"]) / 1e6 <= MOST_OTHERS * seconds)


def recorded(number: int, run: dict[str, Any], seconds: float, wake_us: float) -> dict[str, Any]:
    """A measured run as a case."""
    sent, wait, response = times(run)
    share = 1 / (1 + run["threads"]) if run["place"] == "same" else run["weight"] / (1 + run["weight"])
    load = run["work_us"] * len(sent) / 1e6 / seconds / share
    percentiles = {f"p{q}_ms": round(float(np.percentile(response, q)) / 1e3, 4) for q in (50, 95, 99)}
    took = plain_works(response - wait, run["work_us"])
    work = took * (run["work_us"] - wake_us * wake_ups(sent, response) / len(sent)) / took.mean()
    given = {name: run[name] for name in ("loop", "place", "weight", "threads", "burst_ms")} | {
        "tick_us": round(tick(sent, wait, response), 1),
        "others_us": [visit for visit in run["others_us"] if visit[2] > 0],
        "gap_us": np.diff(sent, prepend=0).astype(int).tolist(),
        "wake_us": wake_us,
        "work_us": np.round(work).astype(int).tolist(),
    }
    seen = {name: run[name] for name in ("thread_slice_ms", "run_delay_s", "loop_slices")}
    limits: dict[str, Any] = {name: {"rel": rel, "abs": 0} for name, rel in TOLERANCE.items()}
    edges = [f"p{q}" for q in (95, 99) if at_an_edge(response, q, TOLERANCE[f"p{q}_ms"])]
    tolerance = dict.fromkeys(("p50_ms", *seen)) | limits
    notes = [f"{load:.2f} of the fair share is used"] if load >= GRADED_LOAD else []
    notes += [f"{name} moves by more than its tolerance with a tenth more or less of its tail" for name in edges]
    return {
        "id": f"turns/{number:04d}",
        "kind": "turns",
        "input": given,
        "expected": {"mean_ms": round(float(response.mean()) / 1e3, 4)} | percentiles | seen,
        "tolerance": tolerance,
        "graded": load < GRADED_LOAD,
        "note": "; ".join(notes),
    }


def main(measured: str, out: str) -> None:
    """Read what was measured, write the cases."""
    found = json.loads(Path(measured).read_text())
    runs = [(number, run, run.get("seconds", found["seconds"])) for number, run in enumerate(found["cases"])]
    runs = [one for one in runs if one[1]["threads"] and alone(one[1], one[2])]
    wake_us = round(float(np.median([wake_cost(run) for _, run, _ in runs if run["burst_ms"] == BRIEF_MS])), 1)
    cases = [recorded(number, run, seconds, wake_us) for number, run, seconds in runs]
    meta = META | {name: found[name] for name in ("kernel", "cpu", "date")}
    text = json.dumps({"meta": meta, "cases": cases}, separators=(",", ":"))
    Path(out).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])

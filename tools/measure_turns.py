"""Measure how Linux gives a core by turns to an event loop and to CPU-bound threads beside it.

An event loop (Python epoll or Node; one request = a fixed CPU burst) and CPU-bound threads (PBKDF2, as a libuv pool
runs it) share one core; requests come from a process on another core at random (Poisson) instants that are part of
the request, so a late sender does no harm. Of each request the loop records: sent, begun, ended (CLOCK_MONOTONIC); of
each case also its CPU, run delay and time slices (schedstat of the threads). Neither side asks the CPU clock
meanwhile: that makes the kernel reschedule. When others were runnable on the core and what CPU they got (tracefs,
events of the scheduler) is recorded too, so that the rule can be run with them.

Needs root, cgroup v1 controllers cpu and cpuacct at /sys/fs/cgroup, and tracefs at /sys/kernel/tracing (or --trace).
The measured groups get a large weight against the rest of the machine.
Use: ``python -m tools.measure_turns OUT.json [--core 1] [--seconds 12] [--trace FOLDER]``; then `turns_record`.
"""

from __future__ import annotations

import argparse
import array
import hashlib
import json
import os
import platform
import random
import select
import signal
import threading
import time
from pathlib import Path
from typing import Any

from tools.turns_trace import foreign, start_trace, stop_trace

GROUPS = Path("/sys/fs/cgroup")
HEAVY = 32768


def group(name: str, shares: int) -> None:
    """Make a group of the cpu and the cpuacct controller."""
    for controller in ("cpu", "cpuacct"):
        (GROUPS / controller / "turns" / name).mkdir(parents=True, exist_ok=True)
    (GROUPS / "cpu" / "turns" / name / "cpu.shares").write_text(str(shares))


def enter(name: str, core: int | None) -> None:
    """Move this process to a group and to a core."""
    for controller in ("cpu", "cpuacct"):
        (GROUPS / controller / "turns" / name / "cgroup.procs").write_text(str(os.getpid()))
    if core is not None:
        os.sched_setaffinity(0, {core})


def schedstat(task: int) -> tuple[float, float, int]:
    """CPU seconds, seconds of waiting for a core, and time slices of a thread of this process."""
    on, delay, slices = Path(f"/proc/self/task/{task}/schedstat").read_text().split()
    return int(on) / 1e9, int(delay) / 1e9, int(slices)


def burn_for_ever() -> None:
    """Work without the interpreter's lock that outlasts every window."""
    hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 2_000_000_000)


def steps_a_second() -> float:
    """Speed of an empty loop. A loop that asked the CPU clock how far it is would make the kernel reschedule."""
    speed = 0.0
    for _ in range(200):
        start = time.thread_time_ns()
        for _ in range(20_000):
            pass
        speed = max(speed, 20_000 / (time.thread_time_ns() - start))
    return 1e9 * speed


def start_burners(number: int) -> list[int]:
    """CPU-bound threads; returns their task ids."""
    before = {int(name) for name in os.listdir("/proc/self/task")}
    for _ in range(number):
        threading.Thread(target=burn_for_ever, daemon=True).start()
    time.sleep(0.3)
    return sorted({int(name) for name in os.listdir("/proc/self/task")} - before)


def serve_python(requests: int, burst_s: float, out: int, threads: int) -> None:
    """Serve requests until the pipe closes, then report and end."""
    steps = round(burst_s * steps_a_second())
    tasks = start_burners(threads)
    poll = select.epoll()
    poll.register(requests, select.EPOLLIN)
    seen = array.array("q")
    clock = time.monotonic_ns
    me = threading.get_native_id()
    before = schedstat(me), [schedstat(task) for task in tasks]
    while True:
        poll.poll()
        sent = os.read(requests, 8)
        if not sent:
            break
        begun = clock()
        for _ in range(steps):
            pass
        seen.extend((int.from_bytes(sent, "little"), begun, clock()))
    after = schedstat(me), [schedstat(task) for task in tasks]
    report = {
        "pid": os.getpid(),
        "loop": [a - b for a, b in zip(after[0], before[0], strict=True)],
        "threads": [[a - b for a, b in zip(x, y, strict=True)] for x, y in zip(after[1], before[1], strict=True)],
        "requests": seen.tolist(),
    }
    with os.fdopen(out, "w") as file:
        json.dump(report, file)
    os._exit(0)


def serve_node(requests: int, burst_s: float, out: int, threads: int) -> None:
    """The same, in Node."""
    os.dup2(requests, 0)
    os.dup2(out, 1)
    script = Path(__file__).with_name("turns_loop.js")
    environment = os.environ | {"UV_THREADPOOL_SIZE": str(max(threads, 1))}
    os.execvpe("node", ["node", str(script), str(burst_s), str(threads)], environment)


def send(pipe: int, rate: float, seed: int, seconds: float) -> None:
    """Send requests for some time."""
    rng = random.Random(seed)
    at = time.monotonic()
    until = at + seconds
    while True:
        at += rng.expovariate(rate)
        if at > until:
            break
        wait = at - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        os.write(pipe, time.monotonic_ns().to_bytes(8, "little"))


def measure(case: dict[str, Any], core: int, seed: int, seconds: float, trace: Path) -> dict[str, Any]:
    """One case: what the loop reports, and when others were runnable on the core."""
    group("loop", round(1024 * case["weight"]))
    group("batch", 1024)
    requests, pipe = os.pipe()
    report, out = os.pipe()
    start_trace(trace)
    batch = 0
    if case["place"] == "other":
        batch = os.fork()
        if batch == 0:
            for descriptor in (requests, pipe, report, out):
                os.close(descriptor)
            enter("batch", core)
            start_burners(case["threads"])
            signal.pause()
    loop = os.fork()
    if loop == 0:
        os.close(pipe)
        os.close(report)
        enter("loop", core)
        serve = serve_node if case["loop"] == "node" else serve_python
        serve(requests, case["burst_ms"] / 1e3, out, case["threads"] if case["place"] == "same" else 0)
    os.close(requests)
    os.close(out)
    time.sleep(1.0)
    first = time.monotonic()
    send(pipe, case["rate"], seed, seconds)
    last = time.monotonic()
    own = {int(name) for pid in (loop, batch) if pid for name in os.listdir(f"/proc/{pid}/task")}
    os.close(pipe)
    with os.fdopen(report) as file:
        found: dict[str, Any] = json.load(file)
    os.waitpid(loop, 0)
    if batch:
        os.kill(batch, signal.SIGKILL)
        os.waitpid(batch, 0)
    found["foreign"] = foreign(stop_trace(trace), core, own, first, last)
    return found


def compact(found: dict[str, Any]) -> dict[str, Any]:
    """A case as it is kept: microseconds since the first request."""
    rows = [found["requests"][i : i + 3] for i in range(0, len(found["requests"]), 3)]
    zero = rows[0][0]
    return {
        "others_us": [
            [round(1e6 * from_ - zero / 1e3), round(1e6 * to - zero / 1e3), round(1e6 * cpu)]
            for from_, to, cpu in found["foreign"]
        ],
        "sent_us": [round((row[0] - zero) / 1e3) for row in rows],
        "wait_us": [round((row[1] - row[0]) / 1e3) for row in rows],
        "response_us": [round((row[2] - row[0]) / 1e3) for row in rows],
        "work_us": round(1e6 * found["loop"][0] / len(rows), 2),
        "run_delay_s": round(found["loop"][1], 6),
        "loop_slices": found["loop"][2],
        "thread_slice_ms": [round(1e3 * on / max(slices, 1), 3) for on, _, slices in found["threads"]],
    }


def cases() -> list[dict[str, Any]]:
    """What is measured: `load` is the loop's demand over its fair share of the core."""
    every = [(burst, load) for burst in (0.1, 1, 5) for load in (0.2, 0.5, 0.8)]
    some = [(0.1, 0.5), (1, 0.5), (1, 0.8), (5, 0.5)]
    plan: list[tuple[str, str, float, int, list[tuple[float, float]]]] = [
        ("python", "same", 1, 1, every),
        ("python", "same", 1, 2, some),
        ("python", "same", 1, 4, every),
        ("python", "same", 1, 8, [(0.1, 0.5), (1, 0.5), (1, 0.8)]),
        ("python", "other", 1, 1, every),
        ("python", "other", 1, 4, some),
        ("python", "other", 4, 1, some),
        ("python", "other", 4, 4, some),
        ("python", "other", 0.25, 1, [(1, 0.5)]),
        ("python", "same", 1, 0, [(0.1, 0.5), (1, 0.2), (1, 0.5), (1, 0.8)]),
        ("node", "same", 1, 1, [(0.1, 0.5), (1, 0.2), (1, 0.5), (1, 0.8)]),
        ("node", "same", 1, 4, some),
    ]
    found = []
    for loop, place, weight, threads, loads in plan:
        share = 1 / (1 + threads) if place == "same" else weight / (1 + weight)
        for burst_ms, load in loads:
            rate = round(load * share / (burst_ms / 1e3 + 20e-6), 2)
            if rate >= 6:
                case = {"loop": loop, "place": place, "weight": weight, "threads": threads}
                found.append(case | {"burst_ms": burst_ms, "load": load, "rate": rate})
    return found


def main() -> None:
    """Measure every case and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--trace", type=Path, default=Path("/sys/kernel/tracing/instances/turns"))
    parser.add_argument("--only", type=int, nargs="*")
    options = parser.parse_args()
    group(".", HEAVY)
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {options.core})
    done = []
    for number, case in enumerate(cases()):
        if options.only and number not in options.only:
            continue
        found = measure(case, options.core, number, options.seconds, options.trace)
        done.append(case | compact(found))
        others = [sum(x[1] - x[0] for x in found["foreign"]), sum(x[2] for x in found["foreign"])]
        print(number, case, [round(x / options.seconds, 4) for x in others], flush=True)
        options.out.write_text(json.dumps(header(options) | {"cases": done}))


def header(options: argparse.Namespace) -> dict[str, Any]:
    """What machine this was."""
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((x.split(":")[1].strip() for x in facts if x.startswith("model name")), "")
    return {
        "kernel": platform.release(),
        "cpu": cpu,
        "cpus": os.cpu_count(),
        "core": options.core,
        "date": time.strftime("%Y-%m-%d"),
        "seconds": options.seconds,
    }


if __name__ == "__main__":
    main()

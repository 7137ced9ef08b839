"""Columns of runtimes: what takes requests in a replica and which threads run their bursts.

A replica has workers: processes of their own, or one. A worker has slots, each for a request from its admission to its
end, waiting included; and lanes, threads that run bursts, each on a host thread of its own. What a runtime is:

* event loops (Node, also a cluster of them): a worker a loop, slots without end, one lane;
* request threads (JVM, .NET): one worker, a lane a slot, which the request keeps;
* Go: one worker, slots without end, GOMAXPROCS lanes, turns of 10 ms among those that wait;
* processes (gunicorn, PHP-FPM, Puma): workers with some threads each as slots, one lane, as one lock lets one thread
  run at a time: turns of its switch interval (5 ms in Python, 100 ms in Ruby) among those that wait.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.components.columns import Column

NONE = -1
ENDLESS = 1 << 40
"""Number of slots, or of requests in line, where there is no limit."""
NO_TURNS = 1e18
"""Turn of a lane that runs each burst to its end (CPU seconds)."""
GO_TURN_S = 0.01
"""Go runtime: forcePreemptNS of runtime/proc.go."""
PYTHON_TURN_S = 0.005
"""CPython: default of sys.getswitchinterval()."""
RUBY_TURN_S = 0.1
"""CRuby before 3.4's RUBY_THREAD_TIMESLICE: fixed 100 ms."""


class Runtime(NamedTuple):
    """State of all runtimes; links are row numbers or NONE. Lane l is host thread ``host_first[0] + l``."""

    host_first: Column  # one entry
    # by replica
    first_worker: Column
    workers: Column
    line_limit: Column  # requests that may wait for a slot
    line: Column  # that wait
    line_first: Column
    line_last: Column
    asked: Column  # requests admitted or waiting since the start: whose turn it is among event loops
    # by worker
    replica: Column
    first_lane: Column
    lanes: Column
    slots: Column
    taken: Column  # slots
    own_lane: Column  # 1 = a request keeps one lane for all its bursts
    turn: Column  # CPU seconds after which a lane goes to the next that waits
    bursts: Column  # that wait for a lane
    burst_first: Column
    burst_last: Column
    collect_every: Column  # CPU seconds of requests between two collections of garbage, NO_TURNS = none
    collect_stop: Column  # CPU seconds of a collection for which the burst that runs next waits
    collect_beside: Column  # CPU seconds of a collection on a thread beside
    worked: Column  # CPU seconds since the last one
    collections: Column
    # by lane
    worker: Column
    job: Column  # whose burst runs, or NONE
    holder: Column  # request that keeps the lane, or NONE
    garbage: Column  # 1 = the thread that collects garbage; the last lane of its worker
    # by job
    at: Column  # worker that has admitted it
    lane: Column  # that it keeps or runs on, or NONE
    left: Column  # CPU seconds left of its burst, those that run now not counted
    next: Column  # link in the line of its replica or worker


class Plan(NamedTuple):
    """A runtime's workers, all alike."""

    workers: int = 1
    slots: int = ENDLESS  # of each worker
    lanes: int = 1
    own_lane: bool = False
    turn_s: float = NO_TURNS
    line_limit: int = ENDLESS
    collect_every_s: float = NO_TURNS
    collect_stop_s: float = 0.0
    collect_beside_s: float = 0.0


def event_loops(loops: int = 1) -> Plan:
    """Node, or a cluster of it."""
    return Plan(workers=loops)


def request_threads(threads: int, line_limit: int = ENDLESS) -> Plan:
    """A pool of threads, each with one request from its start to its end (Tomcat: 200, and 100 in line)."""
    return Plan(slots=threads, lanes=threads, own_lane=True, line_limit=line_limit)


def go_processors(processors: int) -> Plan:
    """Go with GOMAXPROCS."""
    return Plan(lanes=processors, turn_s=GO_TURN_S)


def processes(number: int, threads: int = 1, turn_s: float = PYTHON_TURN_S, line_limit: int = ENDLESS) -> Plan:
    """Processes with some threads each under a global lock."""
    return Plan(workers=number, slots=threads, turn_s=turn_s, line_limit=line_limit)


def lanes_of(plan: Plan) -> int:
    """Host threads of a replica: the lanes of its workers, and a thread beside where garbage is collected there."""
    return plan.workers * (plan.lanes + (1 if plan.collect_beside_s > 0.0 else 0))


def runtime_state(plans: list[Plan], jobs: int, host_first: int = 0) -> Runtime:
    """State in lists: idle replicas with these plans, links for that many jobs."""
    r, each = len(plans), [plan for plan in plans for _ in range(plan.workers)]
    lanes = [lanes_of(plan._replace(workers=1)) for plan in each]
    w, n = len(each), sum(lanes)
    return Runtime(
        host_first=[host_first],
        first_worker=[sum(plan.workers for plan in plans[:i]) for i in range(r)],
        workers=[plan.workers for plan in plans],
        line_limit=[plan.line_limit for plan in plans],
        line=[0] * r,
        line_first=[NONE] * r,
        line_last=[NONE] * r,
        asked=[0] * r,
        replica=[i for i, plan in enumerate(plans) for _ in range(plan.workers)],
        first_lane=[sum(lanes[:i]) for i in range(w)],
        lanes=[plan.lanes for plan in each],
        slots=[plan.slots for plan in each],
        taken=[0] * w,
        own_lane=[int(plan.own_lane) for plan in each],
        turn=[plan.turn_s for plan in each],
        bursts=[0] * w,
        burst_first=[NONE] * w,
        burst_last=[NONE] * w,
        collect_every=[plan.collect_every_s for plan in each],
        collect_stop=[plan.collect_stop_s for plan in each],
        collect_beside=[plan.collect_beside_s for plan in each],
        worked=[0.0] * w,
        collections=[0] * w,
        worker=[i for i, number in enumerate(lanes) for _ in range(number)],
        job=[NONE] * n,
        holder=[NONE] * n,
        garbage=[int(k >= plan.lanes) for plan, number in zip(each, lanes, strict=True) for k in range(number)],
        at=[NONE] * jobs,
        lane=[NONE] * jobs,
        left=[0.0] * jobs,
        next=[NONE] * jobs,
    )

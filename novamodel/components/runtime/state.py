"""Columns of runtimes: what takes requests in a replica and which threads run their bursts.

A replica has workers: processes of their own, or one. A worker has slots, each for a request from its admission to its
end, waiting included, and crews of lanes: threads that run bursts, each on a host thread of its own. One crew runs CPU
bursts; work handed to threads has a crew of its own, or goes to the same one. What a runtime is:

* event loops (Node, also a cluster of them): a worker a loop, slots without end, one lane, and libuv's threads;
* request threads (JVM, .NET): one worker, as many lanes as slots;
* Go: one worker, slots without end, GOMAXPROCS lanes, turns of 10 ms among those that wait;
* processes (gunicorn, PHP-FPM, Puma): workers with some threads each as slots, one lane, as one lock lets one thread
  run at a time: turns of its switch interval (5 ms in Python, 100 ms in Ruby) among those that wait. Work handed to
  threads is done without the lock (hashing in C), on the request's own thread.
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


class Runtime(NamedTuple):
    """State of all runtimes; links are row numbers or NONE. Lane l is host thread ``host_first[0] + l``."""

    host_first: Column  # one entry
    # by replica
    first_worker: Column
    workers: Column  # 0 = it has none: another rule runs its requests
    line_limit: Column  # requests that may wait for a slot
    line: Column  # that wait
    line_first: Column
    line_last: Column
    asked: Column  # requests admitted or waiting since the start: whose turn it is among event loops
    held: Column  # slots taken; where they have no end, lanes with a CPU burst
    occupied: Column  # their seconds, up to `counted`
    counted: Column
    # by worker
    replica: Column
    slots: Column
    taken: Column  # slots
    crew: Column  # that runs its CPU bursts
    aside: Column  # that does work handed to threads
    # by crew
    member: Column  # its worker
    first_lane: Column
    lanes: Column
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
    group: Column  # its crew
    job: Column  # whose burst runs, or NONE
    garbage: Column  # 1 = the thread that collects garbage, behind the lanes of its crew
    # by job
    at: Column  # worker that has it, or NONE
    left: Column  # CPU seconds left of its burst, those that run now not counted
    work: Column  # CPU seconds of its burst in all, garbage collected meanwhile included
    stood: Column  # seconds that its burst has waited for a lane
    entered: Column  # when it began to
    next: Column  # link in the line of its replica or crew


class Plan(NamedTuple):
    """A runtime's workers, all alike."""

    workers: int = 1
    slots: int = ENDLESS  # of each worker
    lanes: int = 1
    aside: int = 0  # lanes for work handed to threads; 0 = the others do it
    turn_s: float = NO_TURNS
    line_limit: int = ENDLESS
    collect_every_s: float = NO_TURNS
    collect_stop_s: float = 0.0
    collect_beside_s: float = 0.0


def event_loops(loops: int = 1, threads: int = 4) -> Plan:
    """Node, or a cluster of it; each process with its libuv threads."""
    return Plan(workers=loops, aside=threads)


def request_threads(threads: int, line_limit: int = ENDLESS) -> Plan:
    """A pool of threads, each with one request from its start to its end (Tomcat: 200)."""
    return Plan(slots=threads, lanes=threads, line_limit=line_limit)


def go_processors(processors: int) -> Plan:
    """Go with GOMAXPROCS."""
    return Plan(lanes=processors, turn_s=GO_TURN_S)


def processes(number: int, threads: int = 1, turn_s: float = PYTHON_TURN_S, line_limit: int = ENDLESS) -> Plan:
    """Processes with some threads each under a global lock."""
    aside = threads if threads > 1 else 0
    return Plan(workers=number, slots=threads, aside=aside, turn_s=turn_s, line_limit=line_limit)


def lanes_of(plan: Plan) -> int:
    """Host threads of a replica: the lanes of its workers, and a thread beside where garbage is collected there."""
    return plan.workers * (plan.lanes + plan.aside + (1 if plan.collect_beside_s > 0.0 else 0))


def crews_of(plan: Plan) -> list[Plan]:
    """The crews of all workers, as plans that have only their lanes, turns and garbage."""
    own = [plan]
    if plan.aside:
        own.append(Plan(lanes=plan.aside))
    return own * plan.workers


def runtime_state(plans: list[Plan | None], jobs: int, host_first: int = 0) -> Runtime:
    """State in lists: idle replicas with these plans (None: no runtime of this kind), links for that many jobs."""
    r, one_of_each = len(plans), [plan for plan in plans if plan is not None for _ in range(plan.workers)]
    counts = [plan.workers if plan is not None else 0 for plan in plans]
    crews = [crew for plan in plans if plan is not None for crew in crews_of(plan)]
    lanes = [crew.lanes + (1 if crew.collect_beside_s > 0.0 else 0) for crew in crews]
    each = [2 if plan.aside else 1 for plan in one_of_each]
    w, c, n = max(1, len(one_of_each)), max(1, len(crews)), max(1, sum(lanes))
    first_crew = [sum(each[:i]) for i in range(len(each))]
    return Runtime(
        host_first=[host_first],
        first_worker=[sum(counts[:i]) for i in range(r)],
        workers=counts,
        line_limit=[plan.line_limit if plan is not None else 0 for plan in plans],
        line=[0] * r,
        line_first=[NONE] * r,
        line_last=[NONE] * r,
        asked=[0] * r,
        held=[0] * r,
        occupied=[0.0] * r,
        counted=[0.0] * r,
        replica=[i for i, count in enumerate(counts) for _ in range(count)] or [NONE],
        slots=[plan.slots for plan in one_of_each] or [0],
        taken=[0] * w,
        crew=first_crew or [NONE],
        aside=[first + number - 1 for first, number in zip(first_crew, each, strict=True)] or [NONE],
        member=[i for i, number in enumerate(each) for _ in range(number)] or [NONE],
        first_lane=[sum(lanes[:i]) for i in range(len(crews))] or [0],
        lanes=[crew.lanes for crew in crews] or [0],
        turn=[crew.turn_s for crew in crews] or [NO_TURNS],
        bursts=[0] * c,
        burst_first=[NONE] * c,
        burst_last=[NONE] * c,
        collect_every=[crew.collect_every_s for crew in crews] or [NO_TURNS],
        collect_stop=[crew.collect_stop_s for crew in crews] or [0.0],
        collect_beside=[crew.collect_beside_s for crew in crews] or [0.0],
        worked=[0.0] * c,
        collections=[0] * c,
        group=[i for i, number in enumerate(lanes) for _ in range(number)] or [NONE],
        job=[NONE] * n,
        garbage=[int(k >= crew.lanes) for crew, number in zip(crews, lanes, strict=True) for k in range(number)] or [0],
        at=[NONE] * jobs,
        left=[0.0] * jobs,
        work=[0.0] * jobs,
        stood=[0.0] * jobs,
        entered=[0.0] * jobs,
        next=[NONE] * jobs,
    )

"""What runs in a replica: what takes its requests, which threads work, what memory and garbage cost."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from novamodel.scenario.demand import Demand
from novamodel.scenario.fields import Bytes, Count, CpuSeconds, FewCount, Part, Seconds, given, needed, wrong

MEASURED = "measured: NovaBank test stack, Node 20, one core of an AMD Zen 5 server"
LIBUV_THREADS, TOMCAT_THREADS = 4, 200
TOMCAT_LINE, GUNICORN_LINE = 8192, 2048
"""Connections that wait for a thread or a process: Tomcat's maxConnections, gunicorn's backlog."""


class Garbage(Part):
    """Garbage is collected whenever requests have done so much work: a stop of all, and work of a thread beside."""

    every: CpuSeconds = needed("CPU of requests in a process between two collections")
    stop: CpuSeconds = given("0 s", "CPU of a collection for which the burst that runs waits", "assumed")
    beside: CpuSeconds = given("0 s", "CPU of a collection on a thread beside", "assumed")

    @model_validator(mode="after")
    def _some(self) -> Garbage:
        if self.every <= 0:
            raise wrong("garbage is collected all the time", "every", valid="CPU seconds, such as 500 ms")
        if self.stop + self.beside <= 0:
            raise wrong("a collection costs nothing", "stop", valid="stop or beside, such as 5 ms")
        return self


class Runtime(Part):
    """Node, a pool of request threads, or processes with a global lock."""

    kind: Literal["node", "threads", "processes"] = given(
        "node",
        "node: an event loop and libuv's threads, `workers` of them in a cluster; threads: a thread for each request"
        " (JVM, .NET), or, with `processors`, Go; processes: `workers` with `threads` each, of which one at a time has"
        " the lock (gunicorn, Puma; PHP-FPM with one each)",
        "assumed",
    )
    workers: FewCount = given(1, "processes of a replica (node, processes)", "assumed: one")
    threads: FewCount | None = given(
        None,
        "node: of libuv's pool, left out 4 (UV_THREADPOOL_SIZE); threads: requests at a time, left out 200 (Tomcat);"
        " processes: requests at a time of each, left out 1",
        "documented: libuv, Tomcat, gunicorn",
    )
    processors: FewCount | None = given(
        None, "threads: GOMAXPROCS of Go, whose requests need no thread of their own", "default: no Go"
    )
    line: Count | None = given(
        None,
        "threads, processes: requests that wait until one is free, further ones are refused; left out: 8192 (Tomcat's"
        " maxConnections) and 2048 (gunicorn's backlog)",
        "documented: Tomcat, gunicorn",
    )
    lock_turn: Seconds = given(
        "5 ms",
        "processes: how long a thread keeps the lock while others want it",
        "documented: CPython's switch interval (CRuby: 100 ms)",
    )
    garbage: Garbage | None = given(
        None, "garbage collection beyond what demands hold already", "default: in the measured demands"
    )
    start_delay: Seconds = given(
        "8 s",
        "scheduling and image pull before the process starts (left out on Fargate: 40 s on ECS, 60 s on EKS)",
        "assumed",
    )
    boot: Demand = given("250 ms", "CPU until the process listens", MEASURED)
    resting_memory: Bytes = given("110 MiB", "working set of a process without requests in flight", MEASURED)
    memory_per_request: Bytes = given("146 KiB", "working set of one request in flight", MEASURED)
    scrape: Demand = given("790 us", "main-thread CPU of one Prometheus scrape", MEASURED)
    version: str = given("20", "Node's version: before 20.3 it does not see its container's memory limit", "assumed")
    max_old_space: Bytes | None = given(
        None, "--max-old-space-size; left out: what V8 takes of the memory that it sees", "default: V8's own rule"
    )
    max_heap: Bytes | None = given(
        None,
        "threads: -Xmx of a JVM, GCHeapHardLimit of .NET; a process that needs more ends. Left out: a quarter of the"
        " memory limit, as a JVM takes it (half up to 256 MiB); none for Go",
        "documented: OpenJDK, MaxRAMPercentage and MinRAMPercentage",
    )
    outside_heap: Bytes = given(
        "60 MiB",
        "part of the resting memory that is not the heap: code, stacks, native buffers",
        "measured: 41 MiB of Node 20 alone, idle; more with native modules",
    )

    @model_validator(mode="after")
    def _fits(self) -> Runtime:
        kinds = {"workers": ("node", "processes"), "processors": ("threads",), "line": ("threads", "processes"),
                 "lock_turn": ("processes",), "max_old_space": ("node",), "max_heap": ("threads",)}  # fmt: skip
        for name, where in kinds.items():
            if name in self.model_fields_set and self.kind not in where and getattr(self, name) not in (None, 1):
                raise wrong(f"{name} is for kind: {' or '.join(where)}", name, valid=f"kind: {where[0]}")
        if self.lock_turn <= 0:
            raise wrong("a thread needs some time with the lock", "lock_turn", valid="such as 5 ms")
        return self

    @property
    def plain(self) -> bool:
        """Whether it is one event loop with libuv's threads, whose garbage is in its demands."""
        return self.kind == "node" and self.workers == 1 and self.garbage is None

    @property
    def all_threads(self) -> int:
        """Threads of each process, with their default: libuv's, or those that take requests."""
        return self.threads or {"node": LIBUV_THREADS, "threads": TOMCAT_THREADS, "processes": 1}[self.kind]

    @property
    def lanes(self) -> int:
        """CPU bursts of a replica that may run at a time, work handed to threads left out."""
        return (self.processors or self.all_threads) if self.kind == "threads" else self.workers

    @property
    def most_running(self) -> int:
        """Threads of a replica that may run at a time."""
        return self.workers * self.all_threads if self.kind == "processes" else self.lanes + self.extra_threads

    @property
    def extra_threads(self) -> int:
        """libuv threads of a replica."""
        return self.workers * self.all_threads if self.kind == "node" else 0

    @property
    def helpers(self) -> int:
        """Threads of a replica that do the work that is handed to threads."""
        return self.extra_threads or self.most_running

    @property
    def at_once(self) -> int | None:
        """Requests of a replica at a time, None without end."""
        if self.kind == "node" or self.processors is not None:
            return None
        return self.workers * self.all_threads

    @property
    def takers(self) -> str:
        """What takes its requests: the name of its tier."""
        if self.kind == "threads":
            return "processors" if self.processors is not None else "threads"
        return "event loop" if self.kind == "node" else "processes"

    @property
    def most_in_line(self) -> int:
        """Requests that may wait for a thread or process."""
        if self.line is not None:
            return self.line
        return TOMCAT_LINE if self.kind == "threads" else GUNICORN_LINE

    @property
    def resting(self) -> float:
        """Working set (bytes) of all processes of a replica without requests in flight."""
        return self.workers * self.resting_memory

"""Writes the operations of one program after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from novamodel.analytic.cache import hit_ratio
from novamodel.scenario import Scenario
from novamodel.scenario.demand import Burst, Demand, Step
from novamodel.scenario.graph import RouteOf, called
from novamodel.scenario.laws import PARAMETER
from novamodel.scenario.read_replicas import may_read_elsewhere, writes
from novamodel.simulation import codes
from novamodel.simulation.layout import Layout, Link, Site
from novamodel.workload.law_book import LawBook

COLUMNS = ("op", "idle", "busy", "draw", "other_draw", "jump", "share", "storage", "commit", "station", "read_link",
           "command", "space", "many", "route")  # fmt: skip
BLANK: dict[str, Any] = {
    "idle": 0.0,
    "busy": 0.0,
    "draw": codes.NONE,
    "other_draw": codes.NONE,
    "jump": 0,
    "share": 0.0,
    "storage": 0,
    "commit": 0,
    "station": 0,
    "read_link": codes.NONE,
    "command": codes.GET,
    "space": 0,
    "many": 1,
    "route": codes.NONE,
}


@dataclass
class Program:
    """What is known of a program."""

    name: str
    start: int
    service: int
    entry: int = codes.NONE
    laws: list[int] = field(default_factory=list)
    choose: int = codes.NONE
    repeats: int = 0
    read_draw: int = codes.NONE  # says whether what may be read elsewhere is
    elsewhere: frozenset[int] = frozenset()


class ProgramWriter:
    """Operations so far, programs so far, and where calls lead whose programs are still to be written."""

    def __init__(self, scenario: Scenario, layout: Layout, laws: LawBook) -> None:
        self.scenario = scenario
        self.layout = layout
        self.laws = laws
        self.ops: list[dict[str, Any]] = []
        self.programs: list[Program] = []
        self.callable: dict[RouteOf | str, int] = {}
        self.keyspaces: dict[int, tuple[str, str]] = {}
        self.missed: dict[tuple[str, str], int] = {}  # keyspaces whose misses lead here -> draw of the key
        self.statements: dict[int, str] = {}
        self.demands: dict[tuple[int, str], int] = {}
        self.first_hit: dict[int, int] = {}
        replays = [source.replay for source in scenario.traffic.sources.values() if source.replay is not None]
        self.recorded = {replay.demand for replay in replays if replay.demand}  # demands that are no constants
        self.scale = 1.0 / scenario.platform.core_speed
        self.unit = laws.add("unit")
        self.curves: list[list[tuple[float, float]]] = []  # (utilisation, seconds)
        self.put(codes.FAIL)

    # --- pieces ---------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The one being written."""
        return self.programs[-1]

    def begin(self, name: str, service: str | None, entry: int = codes.NONE) -> int:
        """Begin a program; its number."""
        number = self.layout.services.index(service) if service is not None else codes.NONE
        self.programs.append(Program(name, len(self.ops), number, entry))
        return len(self.programs) - 1

    def put(self, op: int, **columns: Any) -> int:
        """Write an operation; where it stands."""
        self.ops.append(BLANK | {"op": op} | columns)
        return len(self.ops) - 1

    def draw(self, demand: Demand) -> int:
        """The draw that a demand's law needs, NONE for a constant."""
        if demand.law == "deterministic":
            return codes.NONE
        self.program.laws.append(law_row(self.laws, demand))
        return len(self.program.laws) - 1

    def unit_draw(self) -> int:
        """A draw that stays a uniform number."""
        self.program.laws.append(self.unit)
        return len(self.program.laws) - 1

    def demand(self, op: int, demand: Demand, scale: float, kind: str = "", **columns: Any) -> int:
        """Write an operation that takes time."""
        draw = self.draw(demand)
        if draw == codes.NONE and kind in self.recorded:
            self.program.laws.append(law_row(self.laws, demand))
            draw = len(self.program.laws) - 1
        if kind:
            self.demands.setdefault((len(self.programs) - 1, kind), draw)
        if isinstance(demand, Burst) and demand.curve:
            self.curves.append([(share, seconds * scale) for share, seconds in demand.curve])
            return self.put(codes.BY_USE, draw=draw, station=len(self.curves) - 1, command=int(op == codes.THREAD))
        return self.put(op, idle=demand.idle * scale, busy=demand.busy * scale, draw=draw, **columns)

    # --- steps ----------------------------------------------------------------------------------------------

    def route(self, service: str, route: str) -> None:
        """Write the steps of a route of a service, up to the answer."""
        steps = self.scenario.services[service].routes[route]
        found: set[int] = set()
        for name, database in self.scenario.all_databases.items():
            if database.read_replicas is not None:
                found |= may_read_elsewhere(database.statements, steps, name)
        self.program.elsewhere = frozenset(found)
        self.slot(service)
        self.steps(service, list(steps))
        self.put(codes.END)

    def slot(self, service: str) -> None:
        """A thread or process of the replica takes what comes, where there is more than an event loop."""
        if not self.scenario.services[service].runtime.plain:
            self.put(codes.SLOT)

    def steps(self, service: str, steps: list[Step]) -> None:
        """Write steps one after the other."""
        position = 0
        while position < len(steps):
            step = steps[position]
            follower = steps[position + 1] if position + 1 < len(steps) else None
            if follower is not None and (
                follower.cpu is None or follower.chance is not None or step.chance is not None
            ):
                follower = None
            skip = self.put(codes.CHANCE, share=step.chance, draw=self.unit_draw()) if step.chance is not None else None
            if self.step(service, step, follower):
                position += 1
            if skip is not None:
                self.ops[skip]["jump"] = len(self.ops)
            position += 1

    def step(self, service: str, step: Step, follower: Step | None) -> bool:
        """Write one step; true if it has taken the burst behind it along."""
        if step.cpu is not None:
            self.demand(codes.CPU, step.cpu, self.scale, "cpu")
        elif step.thread is not None:
            self.demand(codes.THREAD, step.thread, self.scale, "thread")
        elif step.wait is not None:
            self.demand(codes.WAIT, step.wait, 1.0, "wait")
        elif step.cache is not None:
            self._cache(service, step)
        elif step.sql is not None:
            self._transaction(service, step, follower)
            return follower is not None
        elif step.then is not None:
            self.steps(service, list(step.then))
        elif step.parallel is not None:
            self._parallel(service, step.parallel)
        elif step.publish is not None:
            queue = self.layout.queues.index(step.publish)
            self.put(codes.PUBLISH, station=queue, busy=self.scenario.queues[step.publish].latency)
        elif step.call is not None:
            self.put(codes.CALL, station=self._site(step))
        return False

    def _cache(self, service: str, step: Step) -> None:
        """A command draws its keys; what a miss leads to on the same keyspace is about the same ones."""
        command = step.cache
        assert command is not None
        key = (command.store, command.keyspace)
        cache, kept = self.scenario.all_caches[command.store], key in self.layout.keyed
        get, stated = command.op == "get", 0.0
        if get and not kept:
            stated = hit_ratio(self.scenario, command.keyspace, command.store) ** command.count
        draw = self.missed.get(key, codes.NONE) if kept else codes.NONE
        if draw == codes.NONE and (kept or stated > 0.0):
            draw = self.unit_draw()
        work = command.count * self.scale
        cpu = cache.command_cpu
        place = self.put(
            codes.CACHE,
            station=list(self.layout.caches).index(command.store),
            idle=cpu.idle * work,
            busy=cpu.busy * work,
            draw=draw,
            other_draw=self.draw(cpu),
            share=stated,
            command=codes.COMMANDS.index(command.op),
            space=self.layout.keyspaces.index(key),
            many=command.count,
        )
        if get:
            self.first_hit.setdefault(len(self.programs) - 1, draw)
            if not kept:
                self.keyspaces[place] = key
        before = dict(self.missed)
        self.missed[key] = draw
        self.steps(service, list(command.on_miss))
        self.missed = before
        self.ops[place]["jump"] = len(self.ops)

    def _transaction(self, service: str, step: Step, follower: Step | None) -> None:
        """ACQUIRE, the statements, then RELEASE: after the burst that reads the last answer, as Node does."""
        sql, name = step.sql or (), step.database_name
        database = self.scenario.all_databases[name]
        names = [position for position, inner in enumerate(sql) if isinstance(inner, str)]
        commit = codes.COMMITS_WRITES if writes(database.statements, sql) else codes.COMMITS
        link = self.layout.links[Link(service, name, False)]
        acquire = self.put(codes.ACQUIRE, station=link)
        if id(step) in self.program.elsewhere and database.read_replicas is not None:
            self.ops[acquire] |= {
                "read_link": self.layout.links[Link(service, name, True)],
                "share": database.read_replicas.share,
            }
        for position, inner in enumerate(sql):
            if isinstance(inner, str):
                statement = database.statements[inner]
                place = self.demand(
                    codes.SQL,
                    statement.cpu,
                    self.scale,
                    inner,
                    commit=commit if position == names[-1] else codes.GOES_ON,
                    storage=statement.reads + statement.writes,
                )
                self.statements[place] = name
                if database.pgbouncer is not None:
                    self.ops[place]["other_draw"] = self.draw(database.pgbouncer.query_cpu)
            elif inner.cpu is not None:
                self.demand(codes.CPU, inner.cpu, self.scale, "cpu")
        if follower is not None and follower.cpu is not None:
            self.demand(codes.CPU, follower.cpu, self.scale, "cpu")
        self.put(codes.RELEASE)

    def _parallel(self, service: str, branches: tuple[tuple[Step, ...], ...]) -> None:
        """A FORK a branch, then JOIN; the branches stand behind it, each with its own end."""
        forks = [self.put(codes.FORK) for _ in branches]
        self.put(codes.JOIN)
        over = self.put(codes.CHANCE, share=-1.0)  # never taken: the request goes on behind the branches
        for fork, branch in zip(forks, branches, strict=True):
            self.ops[fork]["jump"] = len(self.ops)
            self.steps(service, list(branch))
            self.put(codes.END)
        self.ops[over]["jump"] = len(self.ops)

    def _site(self, step: Step) -> int:
        call = step.call
        assert call is not None
        target = called(self.scenario, call.to)
        network = 0.0 if isinstance(target, str) else self.scenario.services[target.service].network / 2
        self.layout.sites.append(
            Site(
                self.program.name,
                str(target),
                self.program_of(target),
                codes.NONE,
                call.caller,
                network,
                call.optional,
                False,
            )
        )
        return len(self.layout.sites) - 1

    def program_of(self, target: RouteOf | str) -> int:
        """Number of the program that a call asks for; written later (`program_book`)."""
        return self.callable[target]

    def close(self) -> None:
        """The program is complete: give the transactions that may be read elsewhere their one draw."""
        places = [
            place
            for place in range(self.program.start, len(self.ops))
            if self.ops[place]["op"] == codes.ACQUIRE and self.ops[place]["read_link"] != codes.NONE
        ]
        if places:
            draw = self.unit_draw()
            for place in places:
                self.ops[place]["draw"] = draw


def law_row(laws: LawBook, demand: Demand) -> int:
    """Row of a demand's law."""
    if demand.law == "mixture":
        parts = [(share, part.busy, law_row(laws, part)) for share, part in demand.mixture]
        return laws.add("mixture", parts)
    if demand.law == "empirical":
        return laws.add("empirical", demand.samples)
    name = PARAMETER.get(demand.law)
    return laws.add(demand.law, *([getattr(demand, name)] if name else []))

"""Scenarios that hypothesis makes up: graphs of services that call each other, with everything a scenario may hold.

Calls lead from a service to later ones, so that no circle is certain; one call by chance may lead back. Durations are
whole milliseconds as often as not, so that many things happen in the same instant.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import made_up_parts as parts
from hypothesis import strategies as st
from made_up_parts import one_of

BY_ITSELF = ("cpu", "cpu", "sql", "sql", "cache", "thread", "wait")
EXAMPLES = int(os.environ.get("NOVAMODEL_EXAMPLES", "500"))
"""How many of these scenarios both engines are compared on (500 take about a minute of one core)."""
MOST_CALLS = 2
"""Calls and messages of a route, so that a request does not become hundreds of them."""


class Around:
    """What the steps of a route may name."""

    def __init__(self, targets: list[str], queues: list[str], databases: list[str], caches: list[str]) -> None:
        self.targets, self.queues, self.databases, self.caches = targets, queues, databases, caches
        self.left = MOST_CALLS

    def kinds(self, deep: int) -> tuple[str, ...]:
        """Kinds of steps that are possible here."""
        asks = (*(("call",) * 3 if self.targets else ()), *(("publish",) * 2 if self.queues else ()))
        nested = ("parallel", "then") if deep else ()
        return (*BY_ITSELF, *(asks if self.left > 0 else ()), *nested)


@st.composite
def steps(draw: Any, around: Around, most: int = 3, deep: int = 1) -> list[Any]:
    """Steps in order."""
    return [step(draw, around, deep) for _ in range(draw(st.integers(1, most)))]


def step(draw: Any, around: Around, deep: int) -> dict[str, Any]:
    """One step."""
    kind = draw(st.sampled_from(around.kinds(deep)))
    chance = draw(parts.FEW)
    more = {"chance": chance} if chance else {}
    if kind == "sql":
        inner: list[Any] = ["one"]
        if draw(st.booleans()):
            inner += [{"cpu": draw(parts.demands())}, "two"]
        name = draw(st.sampled_from(around.databases))
        return {"sql": inner, **({"database": name} if name != "main" else {}), **more}
    if kind == "cache":
        command: dict[str, Any] = {"op": draw(one_of("get", "get", "set", "delete"))}
        command |= {"keyspace": draw(one_of("keys", "lists")), "count": draw(one_of(1, 1, 3))}
        store = draw(st.sampled_from(around.caches))
        command |= {"store": store} if store != "main" else {}
        if command["op"] == "get" and draw(st.booleans()):
            command["on_miss"] = draw(steps(around, 2, 0))
            if draw(st.booleans()):
                command["on_miss"] += [{"cache": command | {"op": "set", "on_miss": []}}]
        return {"cache": command, **more}
    if kind == "call":
        around.left -= 1
        call = {"to": draw(st.sampled_from(around.targets)), "caller": draw(parts.callers())}
        return {"call": call | {"optional": draw(st.booleans())}, **more}
    if kind == "publish":
        around.left -= 1
        return {"publish": draw(st.sampled_from(around.queues)), **more}
    if kind == "parallel":
        return {"parallel": [draw(steps(around, 2, 0)) for _ in range(draw(one_of(2, 2, 3)))], **more}
    if kind == "then":
        return {"then": draw(steps(around, 2, 0)), "chance": chance or "50 %"}
    demand = draw(parts.curves() if kind != "wait" and draw(one_of(True, *[False] * 5)) else parts.demands())
    return {kind: demand, **more}


def mix(draw: Any, routes: list[str]) -> dict[str, str]:
    """Shares of one or two routes."""
    found = draw(st.lists(st.sampled_from(routes), min_size=1, max_size=2, unique=True))
    return dict(zip(found, ("100 %",) if len(found) == 1 else ("60 %", "40 %"), strict=True))


@st.composite
def sources(draw: Any, name: str, routes: list[str], vias: list[str], kinds: tuple[str, ...], rate: int) -> Any:
    """Callers of one kind; recorded ones hold their rows in place of a file (`with_recordings`)."""
    loop = draw(st.sampled_from(kinds))
    source: dict[str, Any] = {
        "loop": loop,
        "via": draw(st.sampled_from(vias)),
        "mix": mix(draw, routes),
        "populations": {
            f"{name}-many": {"share": "60 %", "clients": 40, "popularity": "zipf 0.8"},
            f"{name}-few": {"share": "40 %", "clients": 2},
        },
        "caller": draw(parts.callers(patient=True)),
    }
    if loop == "open":
        source |= {"shape": "constant", "peak": f"{rate} requests/s"}
        bursts = draw(one_of(None, None, {"on": "200 ms", "off": "300 ms"}, {"dispersion": 5.0, "scale": "100 ms"}))
        source |= {"bursts": bursts} if bursts else {}
    elif loop == "closed":
        source |= {"users": draw(st.integers(1, 12)), "think": draw(one_of("50 ms", "100 ms exponential"))}
        if draw(st.booleans()):
            visit = draw(st.lists(st.sampled_from(routes), min_size=1, max_size=3))
            del source["mix"]
            source["sessions"] = {
                "long": {"share": "70 %", "routes": visit},
                "short": {"share": "30 %", "routes": [visit[0]]},
            }
    elif loop == "periodic":
        source |= {"every": draw(one_of("100 ms", "170 ms")), "first": draw(one_of("0 s", "30 ms"))}
    else:
        gaps = draw(st.lists(one_of(0, 5, 10, 35), min_size=1, max_size=40))
        rows, now = ["time,route,client"], 0
        for number, gap in enumerate(gaps):
            now += gap
            rows.append(f"{now / 1000:.3f},{list(source['mix'])[number % len(source['mix'])]},client-{number % 7}")
        del source["mix"]  # the file says it
        source |= {"replay": {"rows": "\n".join(rows) + "\n"}}
    return source


@st.composite
def scenarios(draw: Any) -> dict[str, Any]:
    """Changes to the plain scenario. With an autoscaler the run is longer and the rate, which jumps, lower."""
    scales = draw(one_of(False, False, False, False, False, True))
    names = ["a", "b", "c", "d"][: draw(st.integers(1, 4))]
    databases = ["main", *draw(one_of([], [], ["ledger"]))]
    caches = ["main", *draw(one_of([], [], ["pages"]))]
    queues = ["jobs", "mails"][: draw(one_of(0, 0, 1, 2))]
    outside = ["bank", "mail"][: draw(one_of(0, 1, 2))]
    routes = {
        name: [f"route-{name}", *([f"more-{name}"] if draw(one_of(True, False, False)) else [])] for name in names
    }
    bodies: dict[str, dict[str, Any]] = {}
    for number in reversed(range(len(names))):
        name = names[number]
        targets = [*outside, *(route for later in names[number + 1 :] for route in routes[later])]
        bodies[name] = {r: draw(steps(Around(targets, queues, databases, caches))) for r in routes[name]}
    entries = [route for name in names for route in routes[name]]
    if draw(one_of(True, False, False)):  # a circle that chance ends
        bodies[names[-1]][f"route-{names[-1]}"].append({"call": "route-a", "chance": "10 %"})
    parts_of = {name: draw(parts.services(scales)) | {"routes": bodies[name]} for name in names}
    for number, queue in enumerate(queues):
        workers = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
        for name in workers:
            around = Around(outside, queues[number + 1 :], databases, caches)
            parts_of[name]["routes"][f"work-{queue}-{name}"] = draw(steps(around, 2))
            parts_of[name].setdefault("consumers", {})[queue] = {
                "queue": queue,
                "route": f"work-{queue}-{name}",
                "concurrency": draw(st.integers(1, 3)),
                "batch": draw(one_of(1, 1, 3)),
            }
    for name in names:
        parts_of[name] |= {"pools": {one: draw(parts.pools()) for one in databases[1:]}}
        parts_of[name] |= {"repeatable": routes[name]} if draw(st.booleans()) else {}
    side = draw(one_of(False, False, True))
    vias = ["main", "main", "direct", *(["side"] if side else [])]
    rate = 10 if scales else draw(one_of(20, 50, 100))
    source = draw(sources("main", entries, vias, ("open", "open", "open", "closed", "periodic", "replay"), rate))
    others = draw(one_of(0, 0, 1, 2))
    kinds = ("open", "closed", "periodic", "replay")
    also = {name: draw(sources(name, entries, vias, kinds, 15)) for name in ("second", "third")[:others]}
    if scales and source["loop"] == "open":
        source["shape"] = [["12:00", "1/s"], ["12:01", draw(one_of("20/s", "60/s"))]]
    places = [*names, *entries]
    made = {
        "traffic": source | {"also": also},
        "platform": draw(parts.platforms()),
        "edge": draw(parts.edges(places)),
        "edges": {"side": draw(parts.edges(places))} if side else {},
        **draw(parts.gateways()),
        "services": parts_of,
        "database": draw(parts.databases()),
        "databases": {name: draw(parts.databases()) for name in databases[1:]},
        "cache": parts.cache(draw),
        "caches": {name: parts.cache(draw) for name in caches[1:]},
        "queues": {name: draw(parts.queues()) for name in queues},
        "externals": {name: draw(parts.externals()) for name in outside},
        "monitoring": {"scrape_interval": "1 s"},
        "operations": draw(parts.agendas(names)),
        "run": {
            "seed": draw(st.integers(0, 2**40)),
            "duration": "12 s" if scales else draw(one_of("700 ms", "1500 ms")),
            "warm_up": draw(one_of("0 s", "500 ms")),
            "interval": "1 s",
            "start_state": draw(one_of("steady", "steady", "cold")),
        },
    }
    if made["platform"]["compute"] == "fargate":
        for part in parts_of.values():  # a task of two vCPUs as often as of a quarter
            if draw(st.booleans()):
                part["resources"] = {"cpu_request": "1500m", "memory_request": "100 MiB"}
    elif made["platform"]["cpu"]["kind"] == "turns":
        stands = [made["edge"], made["database"], made["cache"], *made["databases"].values()]
        stands += [one["database"]["pgbouncer"] for one in (made,) if one["database"].get("pgbouncer")]
        for part in stands:
            part |= {"pod": draw(parts.pods())} if draw(st.booleans()) else {}
    return made


def with_recordings(changes: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Recorded rows written to files, whose paths take their places."""
    traffic = changes["traffic"]
    sources = [traffic, *traffic["also"].values()]
    for source in sources:
        rows = source.get("replay", {}).get("rows")
        if rows is not None:
            path = folder / f"{hashlib.sha256(rows.encode()).hexdigest()[:16]}.csv"
            path.write_text(rows, encoding="utf-8")
            source["replay"] = {"files": [str(path)]}
    return changes

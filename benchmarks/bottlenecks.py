"""Made-up systems of one to four services, each short of something else, with a space small enough to enumerate."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from novamodel.errors import UserError
from novamodel.scenario import Scenario, Tree, build
from novamodel.simulation import simulate
from novamodel.sizing import Variable, peak_window, variables

KINDS = ("cpu quota", "event loop", "threads", "pool", "database", "pgbouncer", "cache", "call")
"""What is short."""
PLATFORMS = (("eks", "fargate"), ("eks", "fargate"), ("eks", "ec2"), ("ecs", "fargate"))
MENDS = {"database": "database class", "pgbouncer": "PgBouncer default pool size", "pool": "s0 pool max"}
"""A decision that is open where more replicas do not help."""
LOOKS, LOOK_S, HOPELESS_S = 10, 20, 5.0
"""Combinations that are looked at for the objective, how long each (s), and what counts as never answered."""
LEAST, MOST = 100, 240
"""Combinations of a space."""
OFTEN = ("replicas", "min replicas", "cpu limit", "cpu request", "task size", "cpu target", "pool max")


class System(NamedTuple):
    """A scenario, what it is short of, and the decisions that are open."""

    scenario: Scenario
    kind: str
    variables: tuple[Variable, ...]


def made_up(seed: int) -> System:
    """The system of a seed."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    scenario = _scenario(rng, kind, seed)
    chosen = _some(rng, kind, variables(scenario))
    return System(_with_objective(scenario, chosen, rng, seed), kind, chosen)


def _scenario(rng: random.Random, kind: str, seed: int) -> Scenario:
    platform, compute = rng.choice(PLATFORMS)
    count = max(rng.randint(1, 4), 2 if kind == "call" else 1)
    names = [f"s{number}" for number in range(count)]
    weights = [rng.uniform(0.4, 1.0) for _ in names]
    shares = [round(100 * w / sum(weights), 3) for w in weights]
    shares[0] = round(100 - sum(shares[1:]), 3)
    rate = rng.choice((40, 80, 160)) * (0.3 if kind == "threads" else 1.0)
    ecs = platform == "ecs"
    services = {}
    for number, name in enumerate(names):
        steps = _steps(rng, kind if number == 0 else "plain")
        if kind == "call" and number == 0:
            steps.insert(1, {"call": f"{names[1]}.{names[1]}-get"})
        cpu = ("500m", "500m") if ecs else ("250m", "500m")
        memory = ("1 GiB", "1 GiB") if ecs else ("384 MiB", "512 MiB")
        services[name] = {
            "replicas": 2,
            "resources": dict(
                zip(("cpu_request", "cpu_limit", "memory_request", "memory_limit"), (*cpu, *memory), strict=True)
            ),
            "pool": {"max": 4 if kind == "pool" and number == 0 else 10, "connection_timeout": "2 s"},
            "routes": {f"{name}-get": steps},
        }
        if rng.random() < 0.4:
            scaler: dict[str, Any] = {"min_replicas": 2, "max_replicas": 12, "cpu_target": "60 %"}
            services[name]["autoscaler"] = scaler | ({"kind": "ecs target tracking"} if ecs else {})
    database: dict[str, Any] = {"statements": {"load": {"cpu": f"{9 if kind == 'database' else 1.5} ms exponential"}}}
    database["instance_class"] = "db.r6g.large"
    if kind == "pgbouncer" or rng.random() < 0.3:
        database["pgbouncer"] = {"default_pool_size": 5 if kind == "pgbouncer" else 20, "max_client_conn": 900}
    return build(
        Tree(
            {
                "name": f"made-up-{seed}",
                "traffic": {
                    "shape": "constant",
                    "peak": f"{rate} requests/s",
                    "mix": {f"{n}-get": f"{share} %" for n, share in zip(names, shares, strict=True)},
                },
                "platform": {"kind": platform, "compute": compute},
                "services": services,
                "database": database,
                "cache": {"keyspaces": {"pages": {"keys": 10_000, "hit_ratio": "85 %"}}},
                "slo": ["p99 < 1 s", "errors < 0.1 %"],
            }
        )
    )


def _steps(rng: random.Random, kind: str) -> list[Any]:
    """One route; what is short takes most of its time."""
    work = {"cpu quota": rng.uniform(8, 20), "event loop": rng.uniform(6, 12)}.get(kind, rng.uniform(1, 4))
    law = rng.choice(("", " exponential", " lognormal 0.8"))
    steps: list[Any] = [{"cpu": f"{work:.1f} ms{law}"}]
    if kind == "threads":
        steps.append({"thread": f"{rng.uniform(40, 90):.0f} ms"})
    if kind == "cache":
        miss = [{"sql": ["load"]}, {"cache": {"op": "set", "keyspace": "pages"}}]
        steps.append({"cache": {"op": "get", "keyspace": "pages", "on_miss": miss}})
    else:
        inner: list[Any] = ["load"]
        if kind == "pool":
            inner += [{"cpu": f"{rng.uniform(3, 8):.1f} ms"}, "load"]
        steps.append({"sql": inner})
    return [*steps, {"cpu": f"{rng.uniform(0.5, 2):.1f} ms"}]


def _some(rng: random.Random, kind: str, every: tuple[Variable, ...]) -> tuple[Variable, ...]:
    """Some of the decisions with some of their values: one that mends what is short, then what costs."""
    open_ones = [v for v in every if v.name.partition(" ")[2] in OFTEN or not v.paths[0].startswith("services.")]
    rng.shuffle(open_ones)
    mends = next((v for v in open_ones if v.name.endswith(MENDS.get(kind, "nothing"))), None)
    open_ones.sort(key=lambda v: (v is not mends, not (v.name.startswith("s0 ") and v.costs)))
    found: list[Variable] = []
    size = 1
    for variable in open_ones:
        room = MOST // size
        if room < 2 or size >= LEAST:
            break
        count = min(len(variable.values), room, rng.choice((4, 5, 6, 8)))
        if count > 1:
            found.append(_thinned(rng, variable, count))
            size *= count
    return tuple(found)


def _thinned(rng: random.Random, variable: Variable, count: int) -> Variable:
    """A variable with a window of its values around today's, today's among them."""
    first = min(max(variable.now - rng.randint(0, count - 1), 0), len(variable.values) - count)
    places = range(first, first + count)
    values = tuple(variable.values[place] for place in places)
    return Variable(variable.name, variable.paths, values, variable.now - first, variable.costs, variable.said)


def _with_objective(scenario: Scenario, chosen: tuple[Variable, ...], rng: random.Random, seed: int) -> Scenario:
    """An objective that some combinations keep and some do not, by a short look at a few of them."""
    window = peak_window(scenario, LOOK_S)
    found = []
    for _ in range(4 * LOOKS):
        overrides: dict[str, Any] = {}
        for variable in chosen:
            overrides |= variable.at(rng.randrange(len(variable.values)))
        try:
            variant = scenario.override(overrides | window)
        except UserError:
            continue
        p99 = simulate(variant, seed=seed + LOOK_S, replications=1, engine="compiled").estimate("p99").value
        found.append(p99 if p99 < HOPELESS_S else HOPELESS_S)
        if len(found) == LOOKS:
            break
    low, high = min(found), min(max(found), 3 * min(found))
    limit = low + rng.uniform(0.15, 0.6) * (high - low) if high > 1.05 * low else 1.2 * low
    return scenario.override({"slo": [f"p99 < {limit * 1000:.0f} ms", "errors < 0.1 %"]})

"""Hit ratios by closed form and key by key, node types, and a cold cache: the grounds of `cache_size`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from novamodel.analytic import hit_ratios, key_rates, lives, steady_replicas, system_load, warming
from novamodel.cost import CacheCluster, MonthUsage, PriceMissing, load_book, price
from novamodel.errors import UserError
from novamodel.questions.shared import at_peak
from novamodel.scenario import Scenario, cache_nodes
from novamodel.simulation import MOST_KEYS, replay_cache, simulate
from novamodel.statistics import mean_interval, paired_difference

WARM = 0.95
"""A cache is called warm from this share of its hit ratio on."""
LIFETIMES = 1.6
"""A replay lasts so many lifetimes of an entry; its last part counts as steady."""
LATE = 0.35
MOST_COMMANDS, QUICK_COMMANDS = 400_000, 30_000
STEPS = 20
POLICIES = ("allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl")
"""Those tried beside the one deployed."""
PARTS, MIDDLE = (0.1, 0.4), 0.4
"""Memory of the replays over what all living entries need; other policies are tried at the middle one."""
CURVE = 24
LONGEST_S = 86_400.0
"""A cold cache is followed for a day at most."""
BEFORE_S = 15.0
REQUESTS, QUICK_REQUESTS = 45_000, 10_000
MOST_NODES = 8


def keyspace_asked(scenario: Scenario, name: str | None) -> str:
    """The keyspace in question: the one named, or the one that is read most; its hit ratio must not be stated."""
    ratios = hit_ratios(scenario)
    reads = {key: key_rates(scenario, key, scenario.traffic.most_per_s, ratios).reads for key in ratios}
    used = [key for key in reads if reads[key] > 0]
    if not used:
        raise UserError(
            "no route reads from the cache: there is nothing to size",
            path="cache.keyspaces",
            valid="a keyspace and a route with a cache step of op get",
        )
    if name is not None and name not in used:
        raise UserError(f"{name!r} is no keyspace that is read", valid=used, given=name)
    name = name or max(used, key=lambda key: reads[key])
    space = scenario.cache.keyspaces[name]
    if space.hit_ratio is not None:
        raise UserError(
            f"the hit ratio of {name} is stated, so memory and policy would change nothing",
            path=f"cache.keyspaces.{name}.hit_ratio",
            valid="leave it out: it follows from keys, popularity, lifetime and memory",
        )
    if not scenario.cache.memory > 0:
        raise UserError("a cache without memory keeps nothing", path="cache.memory", valid="more than 0 B")
    if space.keys > MOST_KEYS:
        raise UserError(f"{space.keys:,} keys are too many to replay one by one", valid=f"at most {MOST_KEYS:,}")
    return name


def working_set(scenario: Scenario) -> float:
    """Bytes of all entries that lifetimes and deletes let live, at the peak."""
    return sum(life.bytes_held(np.inf) for life in lives(scenario).values())


def with_memory(scenario: Scenario, memory: float) -> Scenario:
    """A variant with so many bytes for entries."""
    return scenario.override({"cache.memory": f"{max(memory, 1.0):.0f} B"}, said_by="trial")


def curve_frame(scenario: Scenario, name: str, needed: float) -> pd.DataFrame:
    """Hit ratio of a keyspace against memory by closed form, with its lifetime and without any."""
    endless = scenario.override({f"cache.keyspaces.{name}.ttl": "0 s"}, said_by="trial")
    top = max(1.3 * needed, 1.3 * working_set(endless))
    rows = []
    for memory in np.geomspace(0.02 * needed, top, CURVE):
        for kind, variant in (("with its lifetime", scenario), ("without lifetime", endless)):
            rows.append((memory, kind, hit_ratios(with_memory(variant, memory))[name]))
    return pd.DataFrame(rows, columns=["memory", "kind", "hit_ratio"])


def replay_frame(
    scenario: Scenario,
    name: str,
    needed: float,
    warm_s: float,
    replications: int,
    quick: bool,
    tell: Callable[[float], None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hit ratios key by key at some amounts of memory, and the course from empty with the memory deployed.

    ``whole`` says whether a replay lasted long enough to be steady at its end.
    """
    settle_s = max(LIFETIMES * scenario.cache.keyspaces[name].ttl, 2 * warm_s if warm_s == warm_s else LONGEST_S)
    now = scenario.cache.memory
    own = scenario.cache.maxmemory_policy
    points: list[tuple[float, str, bool]] = [
        (part * needed, own, False) for part in PARTS if abs(part * needed / now - 1) > 0.01
    ]
    points += [(MIDDLE * needed, policy, False) for policy in POLICIES if policy != own]
    rows, cold = [], pd.DataFrame()
    for number, (memory, policy, is_now) in enumerate([*points, (now, own, True)]):
        tell(number / (len(points) + 1))
        variant = with_memory(scenario, memory).override({"cache.maxmemory_policy": policy}, said_by="trial")
        frame, whole = _replayed(variant, name, settle_s, replications, quick)
        late = (
            frame[frame["time_s"] > frame["time_s"].max() * (1 - LATE)].groupby("replication")[["hits", "reads"]].sum()
        )
        found = mean_interval((late["hits"] / late["reads"]).to_numpy())
        closed = hit_ratios(variant)[name]
        rows.append((memory, policy, is_now, found.value, found.low, found.high, closed, whole))
        cold = frame
    columns = ["memory", "policy", "now", "hit_ratio", "low", "high", "closed", "whole"]
    return pd.DataFrame(rows, columns=columns), cold


def _replayed(
    scenario: Scenario, name: str, settle_s: float, replications: int, quick: bool
) -> tuple[pd.DataFrame, bool]:
    """A replay of the keyspace, and whether it lasts until it has settled."""
    ratios, peak = hit_ratios(scenario), scenario.traffic.most_per_s
    per_s = sum(sum(key_rates(scenario, key, peak, ratios)[i] for i in (0, 2, 3)) for key in ratios)
    wanted = settle_s * per_s
    most = QUICK_COMMANDS if quick else MOST_COMMANDS
    commands = min(max(wanted, 0.2 * most), most)
    length = commands / per_s
    rows = replay_cache(scenario, length, replications=replications, step_s=length / STEPS)
    return rows[rows["keyspace"] == name], commands >= wanted


def warming_curve(scenario: Scenario, name: str) -> tuple[pd.DataFrame, float]:
    """Hit ratio since the cache was emptied by closed form, and when it is warm again (s; nan: not within a day)."""
    steady, horizon = hit_ratios(scenario)[name], max(2 * scenario.cache.keyspaces[name].ttl, 60.0)
    while True:
        curve = warming(scenario, horizon)
        curve = curve[curve["keyspace"] == name]
        warm = curve[curve["hit_ratio"] >= WARM * steady]
        if len(warm) or horizon >= LONGEST_S:
            return curve, float(warm["time_s"].iloc[0]) if len(warm) else float("nan")
        horizon = min(2 * horizon, LONGEST_S)


def cold_frame(curve: pd.DataFrame, replayed: pd.DataFrame) -> pd.DataFrame:
    """Hit ratio since the cache was emptied, by closed form and key by key."""
    rows, step = [], float(replayed["time_s"].min())
    for time, group in replayed.groupby("time_s"):
        found = mean_interval((group["hits"] / group["reads"].clip(lower=1)).to_numpy())
        rows.append((float(str(time)) - step / 2, found.value, max(found.low, 0.0), min(found.high, 1.0)))
    points = pd.DataFrame(rows, columns=["time_s", "hit_ratio", "low", "high"]).assign(kind="key by key")
    thinned = curve.iloc[:: max(1, len(curve) // 150)][["time_s", "hit_ratio"]].assign(kind="closed form")
    return pd.concat([thinned, points], ignore_index=True)


def cold_load(scenario: Scenario, warm_s: float, replications: int, engine: str, quick: bool) -> pd.DataFrame:
    """The system at the peak, its cache emptied ``BEFORE_S`` after the window begins, beside the same run undisturbed.

    Both see the same customers, so that what the cold cache adds to the database (``more``) has a narrow interval.
    """
    peak = scenario.traffic.most_per_s
    most = (QUICK_REQUESTS if quick else REQUESTS) / max(peak, 1e-9)
    after = min(max(min(1.3 * warm_s, 3600.0) if warm_s == warm_s else 3600.0, 20.0), max(most, 20.0))
    base = at_peak(scenario, replications=replications, quick=quick)
    changes: dict[str, Any] = {f"services.{name}.replicas": n for name, n in steady_replicas(base, peak).items()}
    clock = (base.run.start + BEFORE_S) % 86400.0
    outside = (clock + 43_200.0) % 86400.0  # the same agenda, so that both runs have the same rows and phases
    changes |= {
        "operations": [{"at": outside, "cache_emptied": {}}],
        "run.duration": f"{BEFORE_S + after!r} s",
        "run.interval": f"{max(BEFORE_S / 3, (BEFORE_S + after) / 40)!r} s",
    }
    undisturbed = base.override(changes, said_by="trial")
    emptied = undisturbed.override({"operations": [{"at": clock, "cache_emptied": {}}]}, said_by="trial")
    warm, cold = (simulate(variant, engine=engine) for variant in (undisturbed, emptied))
    use = [run.tiers[run.tiers["tier"] == "postgres cpu"].set_index(["clock_s", "replication"]) for run in (warm, cold)]
    both = pd.DataFrame({"warm": use[0]["utilisation"], "cold": use[1]["utilisation"]}).reset_index()
    rows = []
    for clock_s, group in both.groupby("clock_s"):
        more = paired_difference(group["warm"].to_numpy(), group["cold"].to_numpy())
        tail = [run.intervals.loc[run.intervals["clock_s"] == clock_s, "p99_s"].to_numpy() for run in (warm, cold)]
        p99 = mean_interval(tail[1])
        busy = group[["warm", "cold"]].mean()
        rows.append((float(str(clock_s)) - base.run.start, *busy, *more, float(tail[0].mean()), *p99))
    columns = [
        "time_s",
        "warm",
        "cold",
        "more",
        "more_low",
        "more_high",
        "warm_p99_s",
        "p99_s",
        "p99_low_s",
        "p99_high_s",
    ]
    return pd.DataFrame(rows, columns=columns)


def database_use(scenario: Scenario) -> float:
    """Utilisation of the database's cores at the peak by closed form."""
    peak = scenario.traffic.most_per_s
    counts = {name: np.asarray(float(n)) for name, n in steady_replicas(scenario, peak).items()}
    return float(system_load(scenario, peak, counts).primary.busy) / scenario.database.cores


def bounds_frame(scenario: Scenario, name: str) -> pd.DataFrame:
    """What else would change the hit ratio: memory, lifetime, no cache at all."""
    space, path = scenario.cache.keyspaces[name], f"cache.keyspaces.{name}"
    variants: dict[str, dict[str, Any]] = {
        "as deployed": {},
        "a tenth of the memory": {"cache.memory": f"{scenario.cache.memory / 10:.0f} B"},
        "ten times the memory": {"cache.memory": f"{scenario.cache.memory * 10:.0f} B"},
    }
    if space.ttl > 0:
        variants["twice the lifetime"] = {f"{path}.ttl": f"{2 * space.ttl!r} s"}
        variants["no lifetime"] = {f"{path}.ttl": "0 s"}
    variants["no cache (every read misses)"] = {f"{path}.hit_ratio": 0.0}
    rows = []
    for text, changes in variants.items():
        variant = scenario.override(changes, said_by="trial")
        life = lives(variant)[name]
        held = 0.0 if "no cache" in text else life.bytes_held(life.idle_s)
        rows.append((text, hit_ratios(variant)[name], database_use(variant), held))
    return pd.DataFrame(rows, columns=["what", "hit_ratio", "database", "bytes"])


def node_frame(scenario: Scenario, name: str, needed: float) -> pd.DataFrame:
    """The cheapest ElastiCache node types that have a price, with the hit ratio that their memory gives."""
    columns = ["node_type", "memory", "hit_ratio", "cost_month", "now"]
    if scenario.cache.node_type is None or scenario.platform.kind == "compose":
        return pd.DataFrame(columns=columns)
    book, enough = load_book(scenario.pricing.region), hit_ratios(with_memory(scenario, 2 * needed))[name]
    rows = []
    for node in cache_nodes():
        cluster = CacheCluster(
            name="cache", node_type=node.name, replicas=scenario.cache.nodes - 1, engine=scenario.cache.engine
        )
        usage = MonthUsage(hours_per_month=scenario.pricing.hours_per_month, caches=(cluster,))
        try:
            cost = float(price(usage, book).total)
        except PriceMissing:
            continue  # a type without a price cannot be compared
        rows.append((node.name, node.memory_usable, cost, node.name == scenario.cache.node_type))
    frame = pd.DataFrame(rows, columns=["node_type", "memory", "cost_month", "now"]).sort_values(
        ["cost_month", "memory"], kind="stable"
    )
    shown = frame[(np.arange(len(frame)) < MOST_NODES) | frame["now"].to_numpy(dtype=bool)]
    ratios = [
        enough if memory >= 2 * needed else hit_ratios(with_memory(scenario, memory))[name]
        for memory in shown["memory"]
    ]
    return shown.assign(hit_ratio=ratios)[columns].reset_index(drop=True)

"""How much memory does the cache need, under which policy, on which node, and what does a cold cache cost?"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from novamodel import units
from novamodel.analytic import hit_ratios
from novamodel.errors import UserError
from novamodel.questions.cache_size.trials import (
    BEFORE_S,
    WARM,
    bounds_frame,
    cold_frame,
    cold_load,
    curve_frame,
    keyspace_asked,
    node_frame,
    replay_frame,
    warming_curve,
    working_set,
)
from novamodel.questions.shared import Tell, Text, change, dollars, main_only, readable, shows_headline
from novamodel.scenario import Scenario


@dataclass(frozen=True)
@shows_headline
class CacheAnswer:
    """The answer and its grounds, as tidy tables (bytes, seconds, USD a month).

    ``curve``: a row an amount of memory and ``kind`` (with its lifetime, without lifetime) by closed form.
    ``replayed``: a row an amount of memory and policy, key by key, with its interval, beside the closed form.
    ``bounds``: a row what else would change the hit ratio. ``nodes``: a row a node type with its price; empty where
    the cache is not on ElastiCache. ``cold``: a row a time since the cache was emptied, by closed form and replayed.
    ``load``: a row an interval of the simulated run in which it is emptied, ``emptied_s`` after its beginning, beside
    the same run undisturbed.

    ``needed_bytes`` is what all entries that the lifetimes let live take together. ``warm_s`` is when the hit ratio is
    back at 95 % (nan: not within the time looked at).
    """

    scenario: Scenario = field(repr=False)
    keyspace: str
    hit_ratio: float
    needed_bytes: float
    warm_s: float
    emptied_s: float
    curve: pd.DataFrame = field(repr=False)
    replayed: pd.DataFrame = field(repr=False)
    bounds: pd.DataFrame = field(repr=False)
    nodes: pd.DataFrame = field(repr=False)
    cold: pd.DataFrame = field(repr=False)
    load: pd.DataFrame = field(repr=False)

    @property
    def chosen(self) -> pd.Series | None:
        """The cheapest node type whose hit ratio is within a point of the best one's; None without node types."""
        if not len(self.nodes):
            return None
        good = self.nodes[self.nodes["hit_ratio"] >= self.nodes["hit_ratio"].max() - 0.01]
        return good.sort_values(["cost_month", "memory"], kind="stable").iloc[0]

    @property
    def coldest(self) -> pd.Series:
        """The first interval after the cache was emptied."""
        return self.load[self.load["time_s"] > self.emptied_s + 1e-6].iloc[0]

    def headline(self) -> dict[str, float]:
        """The figures of the answer by name."""
        now = self.replayed[self.replayed["now"]].iloc[0]
        figures = {
            "hit ratio, closed form": self.hit_ratio,
            "hit ratio, replayed": float(now["hit_ratio"] if now["whole"] else "nan"),
            "memory needed (MiB)": self.needed_bytes / 1024**2,
            "time to warm (s)": self.warm_s,
            "database busy, warm": float(self.load["warm"].mean()),
            "database busy, cold: more": float(self.coldest["more"]),
        }
        return figures

    def bounds_table(self) -> pd.DataFrame:
        """What would change the hit ratio, for a reader."""
        percent = {name: (heading, units.format_fraction) for name, heading in
                   (("hit_ratio", "hit ratio"), ("database", "database busy at the peak"))}  # fmt: skip
        rounded = self.bounds.round({"hit_ratio": 4, "database": 4})
        return readable(rounded, {"what": ("variant", None), **percent, "bytes": ("entries take", _bytes)})

    def nodes_table(self) -> pd.DataFrame:
        """Node types for a reader."""
        columns = {
            "node_type": ("node type", None),
            "memory": ("memory for entries", _bytes),
            "hit_ratio": ("hit ratio", lambda share: units.format_fraction(round(share, 4))),
            "cost_month": ("USD/month", dollars),
            "says": ("", None),
        }
        if not len(self.nodes):
            return pd.DataFrame({"node types": ["none to choose: the cache is not on ElastiCache"]})
        best = self.chosen
        says = ["chosen" if best is not None and row.node_type == best["node_type"] else "as now" if row.now else ""
                for row in self.nodes.itertuples()]  # fmt: skip
        return readable(self.nodes.assign(says=says), columns)

    def conclusion(self) -> Text:
        """The answer in words, with what it rests on."""
        lines = [*_sentences(self), main_only(self.scenario, "caches")]
        return Text("\n".join(f"* {line}" for line in lines if line))


def cache(
    scenario: Scenario,
    *,
    keyspace: str | None = None,
    replications: int = 3,
    engine: str = "auto",
    quick: bool = False,
    progress: Tell | None = None,
) -> CacheAnswer:
    """Hit ratio against memory and policy by closed form and key by key, node types with prices, and a cold cache.

    ``keyspace``: default the one that is read most. Raises ``UserError`` without a keyspace that is read, for one
    whose hit ratio the scenario states (nothing to work out) and for more keys than can be replayed one by one.
    """
    name, tell = keyspace_asked(scenario, keyspace), progress or (lambda share, text: None)
    if replications < 2:
        raise UserError("one replication has no interval", valid="replications of 2 or more")
    tell(0.0, "hit ratios by closed form")
    count, needed = 2 if quick else replications, working_set(scenario)
    filling, warm_s = warming_curve(scenario, name)
    replayed, course = replay_frame(
        scenario, name, needed, warm_s, count, quick, lambda share: tell(0.1 + 0.5 * share, "key by key")
    )
    tell(0.6, "a cold cache at the peak")
    return CacheAnswer(
        scenario=scenario,
        keyspace=name,
        hit_ratio=hit_ratios(scenario)[name],
        needed_bytes=needed,
        warm_s=warm_s,
        emptied_s=BEFORE_S,
        curve=curve_frame(scenario, name, needed),
        replayed=replayed,
        bounds=bounds_frame(scenario, name),
        nodes=node_frame(scenario, name, needed),
        cold=cold_frame(filling, course),
        load=cold_load(scenario, warm_s, count, engine, quick),
    )


def _bytes(amount: float) -> str:
    return f"{amount / 1024**3:.3g} GiB" if amount >= 1024**3 else f"{amount / 1024**2:.3g} MiB"


def _percent(share: float) -> str:
    return units.format_fraction(float(f"{share:.3g}"))


def _sentences(answer: CacheAnswer) -> list[str]:
    memory, needed, bounds = answer.scenario.cache.memory, answer.needed_bytes, answer.bounds.set_index("what")
    now = answer.replayed[answer.replayed["now"]].iloc[0]
    seen = f", key by key {_percent(now['hit_ratio'])} [{_percent(now['low'])}, {_percent(now['high'])}]"
    binds = "memory binds" if memory < needed else "memory does not bind"
    lines = [
        f"The hit ratio of {answer.keyspace} is **{_percent(answer.hit_ratio)}** by closed form"
        f"{seen if now['whole'] else ''}.",
        f"All entries that live take {_bytes(needed)}; the cache has {_bytes(memory)}: **{binds}**.",
    ]
    if "no lifetime" in bounds.index:
        lines.append(
            f"Without a lifetime it would be {_percent(bounds.at['no lifetime', 'hit_ratio'])} with the same memory;"
            f" with ten times the memory {_percent(bounds.at['ten times the memory', 'hit_ratio'])}."
        )
    if answer.chosen is not None:
        was = str(answer.scenario.cache.node_type)
        lines.append(
            f"Node type: **{change(was, str(answer.chosen['node_type']))}**, {dollars(answer.chosen['cost_month'])}"
            f" USD a month for {answer.scenario.cache.nodes} (hit ratio {_percent(answer.chosen['hit_ratio'])})."
        )
    warm = f"is warm again after {answer.warm_s:.0f} s" if answer.warm_s == answer.warm_s else "stays cold"
    first, none = answer.coldest, bounds.at["no cache (every read misses)", "database"]
    lines.append(
        f"An emptied cache {warm} ({units.format_part(WARM)} of its hit ratio). At first it adds"
        f" {100 * first['more']:.2g} [{100 * first['more_low']:.2g}, {100 * first['more_high']:.2g}] points to the"
        f" {_percent(answer.load['warm'].mean())} that the database's cores are busy at the peak; without the cache"
        f" they would be at {_percent(none)}."
    )
    return lines

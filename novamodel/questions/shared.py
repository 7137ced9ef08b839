"""What the questions share: the window at the peak, one variant tried against the objectives, tables and text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from novamodel import units
from novamodel.analytic import steady_replicas
from novamodel.errors import UserError
from novamodel.scenario import Scenario
from novamodel.showing import Class, Shown, figures_by_name, shows_itself
from novamodel.simulation import Result, SloResult, simulate
from novamodel.sizing import among_tried, doubt
from novamodel.workflows.plan import busiest_service

Tell = Callable[[float, str], None]
"""Is told the share done (0 to 1) and what is being done."""
KEEPS, OPEN, MISSES = "keeps", "open", "misses"
"""Verdicts: every objective kept, surely; kept or missed, but the interval reaches across a limit; missed."""
UNDECIDED = "the interval contains the limit, more replications would decide"
MOST_REPLICAS = 62
"""As many as a scenario may have (nginx's bit mask of servers)."""
WINDOW_REQUESTS = 14_000
"""A window at the peak is as long as this many requests take: enough for a p99 of some ten thousand, and quick."""
SHORTEST_S, LONGEST_S = 10.0, 600.0
MOST_SENTENCES = 5
"""Sentences of a conclusion that an answer shows of itself."""
AS_FAST = 0.1
"""At one price a size whose worst objective is within this share of another's is as good."""
QUICK = 4
"""`quick` divides the window by this."""


class Text(str):
    """Markdown that a notebook shows as such."""

    def _repr_markdown_(self) -> str:
        return str(self)


def shows_headline(kind: Class) -> Class:
    """Class decorator of an answer, below `@dataclass`: it shows its headline's figures and its conclusion's words."""

    def shown(self: Any) -> Shown:
        words = [line.removeprefix("* ").replace("**", "") for line in self.conclusion().splitlines() if line.strip()]
        return figures_by_name(kind.__name__, self.headline())._replace(notes=words[:MOST_SENTENCES])

    namespace: Any = kind
    namespace._shown = shown
    return shows_itself(kind)


class Trial(NamedTuple):
    """One variant against the objectives; latency is the first latency objective's metric (p99 without one)."""

    metric: str
    latency_s: float
    low_s: float
    high_s: float
    limit_s: float  # nan without a latency objective over all requests
    errors: float
    verdict: str
    missed: str  # the objectives that are missed or open, in words
    doubt: float  # probability that what the estimates say of all objectives is wrong; rejections left out
    excess: float  # the worst objective's value over its limit; rejections by the edge left out


def service_asked(scenario: Scenario, name: str | None) -> str:
    """The service a question is about: the one named, or the one that answers most requests, calls among them."""
    if name is None:
        return busiest_service(scenario)
    if name not in scenario.services:
        raise UserError(f"{name!r} is no service", valid=list(scenario.services), given=name)
    return name


def need_objectives(scenario: Scenario) -> None:
    """Refuse a scenario that does not say what is good enough."""
    if not scenario.slo:
        raise UserError("slo is empty: nothing says what is good enough", path="slo", valid="such as ['p99 < 300 ms']")


def at_peak(scenario: Scenario, *, replications: int, quick: bool = False, warm_up_s: float = 15.0) -> Scenario:
    """A variant whose traffic stays at the day's highest rate, with a window of some `WINDOW_REQUESTS` requests.

    Every open source stays at its own highest; users, recorded traffic and jobs by the clock are as they are.
    """
    if replications < 2:
        raise UserError("one replication has no interval", valid="replications of 2 or more")
    peak = most_per_s(scenario)
    if peak <= 0:
        raise UserError("there is no traffic to answer", path="traffic.peak", valid="a rate above 0 requests/s")
    window_s = WINDOW_REQUESTS / peak / (QUICK if quick else 1)
    window_s = min(max(window_s, SHORTEST_S), LONGEST_S)
    changes = {
        **_held_at_peak(scenario),
        "run.duration": f"{window_s!r} s",
        "run.warm_up": f"{warm_up_s!r} s",
        "run.replications": 2 if quick else replications,
        "run.precision": None,
    }
    return scenario.override(changes, said_by="window at the peak")


def most_per_s(scenario: Scenario) -> float:
    """Highest rate (requests/s) of all sources together."""
    return sum(source.most_per_s for source in scenario.traffic.sources.values())


def _held_at_peak(scenario: Scenario) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, source in scenario.traffic.sources.items():
        if source.loop == "open":
            path = source_path(name)
            changes |= {f"{path}.shape": "constant", f"{path}.peak": f"{source.most_per_s!r} requests/s"}
    return changes


def source_path(name: str) -> str:
    """Where a source of traffic stands in the scenario."""
    return "traffic" if name == "main" else f"traffic.also.{name}"


def load_of(source: Any) -> dict[str, Any]:
    """What says how much a source asks, and for what, by path below it."""
    mix = {"mix": dict(source.mix)} if source.mix else {}
    if source.loop == "closed":
        return {"users": source.users, **mix}
    if source.loop == "replay" and source.replay is not None:
        return {"replay.load_factor": source.replay.load_factor}
    if source.loop == "periodic":
        return {"every": f"{source.every!r} s", **mix}
    shape = source.shape
    return {
        "shape": shape if isinstance(shape, str) else [[t, f"{rate!r} requests/s"] for t, rate in shape],
        "peak": f"{source.peak!r} requests/s",
        "night": f"{source.night!r} requests/s",
        **mix,
    }


def need_open(scenario: Scenario) -> None:
    """Refuse a scenario whose main source has no rate that a question could set."""
    loop = scenario.traffic.loop
    if loop != "open":
        raise UserError(
            f"the main source is {loop}: this question sets the rate of an open one", path="traffic.loop", valid="open"
        )


def main_only(scenario: Scenario, *kinds: str) -> str:
    """Which further parts (``databases``, ``caches``, ``edges``, ``sources``) an answer leaves out; nothing without."""
    parts: dict[str, Mapping[str, Any]] = {
        "databases": scenario.databases,
        "caches": scenario.caches,
        "edges": scenario.edges,
        "sources": scenario.traffic.also,
    }
    found = [f"{kind} {', '.join(parts[kind])}" for kind in kinds if parts[kind]]
    words = {"databases": "database", "caches": "cache", "edges": "edge", "sources": "source of traffic"}
    told = " and ".join(words[kind] for kind in kinds if parts[kind])
    return f"This is about the main {told} only; not looked at: {'; '.join(found)}." if found else ""


def count_at_peak(scenario: Scenario, name: str) -> int:
    """Replicas today at the peak: where the autoscaler rests, or the fixed count."""
    return steady_replicas(scenario, scenario.traffic.most_per_s)[name]


def trial(result: Result) -> Trial:
    """Judge a result by its scenario's objectives; the worst verdict counts."""
    latency = next((slo for slo in result.scenario.slo if slo.is_latency and slo.of is None), None)
    metric = latency.metric if latency else "p99"
    value = result.estimate(metric)
    verdicts = {slo.text: _verdict(slo) for slo in result.slo()}
    worst = next((verdict for verdict in (MISSES, OPEN) if verdict in verdicts.values()), KEEPS)
    return Trial(
        metric,
        value.value,
        value.low,
        value.high,
        latency.limit if latency else math.nan,
        result.estimate("errors").value,
        worst,
        " and ".join(text for text, verdict in verdicts.items() if verdict == worst != KEEPS),
        doubt(result.slo(), result.replications, frozenset(s.text for s in result.slo() if s.metric == "rejected")),
        max((_excess(slo) for slo in result.slo() if slo.metric != "rejected"), default=0.0),
    )


def _excess(slo: SloResult) -> float:
    """Value over limit; infinite without a value (nothing was answered)."""
    return slo.value / slo.limit if math.isfinite(slo.value) else math.inf


def _verdict(slo: SloResult) -> str:
    """An objective by its interval, where it has one.

    Rejections are judged by their estimate: the edge's limits do not depend on what stands behind it, and so small
    a share is open in every short window.
    """
    if slo.metric == "rejected" or not math.isfinite(slo.low):
        return KEEPS if slo.met else MISSES
    if slo.high < slo.limit:
        return KEEPS
    return OPEN if slo.low < slo.limit else MISSES


def in_turn(
    variants: Mapping[Any, Scenario], *, engine: str, tell: Tell, begin: float, end: float, text: str
) -> Iterator[tuple[Any, Result]]:
    """Simulate the variants one after the other with the same seed, hence the same customers."""
    width = (end - begin) / max(len(variants), 1)
    for number, (key, scenario) in enumerate(variants.items()):
        tell(begin + number * width, f"{text} {number + 1} of {len(variants)}")
        yield key, simulate(scenario, engine=engine)


def best(frame: pd.DataFrame) -> pd.Series:
    """The row to advise: surely keeps the objectives, else keeps them by its estimate, else exceeds the worst least.

    Among those the cheapest (to the dollar); at one price the clearly fastest (`AS_FAST`), then today's (column
    ``now``), else the frame's first.
    """
    for kept in (frame[frame["verdict"] == KEEPS], frame[(frame["verdict"] == OPEN) & (frame["excess"] < 1)]):
        if len(kept):
            dollars = kept["cost_month"].round()
            equal = kept[dollars == dollars.min()]
            as_fast = equal[equal["excess"] <= equal["excess"].min() * (1 + AS_FAST)]
            return as_fast.assign(other=~as_fast["now"].astype(bool)).sort_values("other", kind="stable").iloc[0]
    return frame.sort_values(["excess", "cost_month"], kind="stable").iloc[0]


def how_sure(frame: pd.DataFrame, where: str = "in the window at the peak") -> str:
    """What was proved of the best of some trials, in the sentence of `novamodel size`."""
    chosen = int(frame.index.get_loc(best(frame).name))
    held = [bool(over < 1) for over in frame["excess"]]
    return among_tried(frame["cost_month"].tolist(), frame["doubt"].tolist(), held, chosen, where)


def is_hopeless(row: pd.Series) -> bool:
    """Whether the best of the trials keeps the objectives not even by its estimate."""
    return bool(row["verdict"] != KEEPS and row["excess"] >= 1)


def change(now: str, then: str) -> str:
    """``250m -> 400m``, or ``250m (as now)``."""
    return f"{now} (as now)" if now == then else f"{now} -> {then}"


def readable(frame: pd.DataFrame, columns: Mapping[str, tuple[str, Callable[[Any], str] | None]]) -> pd.DataFrame:
    """A reader's table: column -> (heading, how a value is written)."""
    made = {
        heading: [write(value) for value in frame[name]] if write else list(frame[name])
        for name, (heading, write) in columns.items()
    }
    return pd.DataFrame(made)


def dollars(amount: float) -> str:
    """``1,234``; a dash where there is none."""
    return f"{amount:,.0f}" if math.isfinite(amount) else "-"


def seconds_text(value: float) -> str:
    """A time with three significant digits; a dash where there is none."""
    return units.format_time(float(f"{value:.3g}")) if math.isfinite(value) else "-"


def latency_text(row: Any) -> str:
    """``124 ms [122 ms, 126 ms]`` of a row with the fields of a `Trial`."""
    if not math.isfinite(row.latency_s):
        return "no answer"
    return " ".join(units.format_estimate(row.latency_s, row.low_s, row.high_s, "s")).rstrip()


def verdict_text(row: Any) -> str:
    """What a variant does, after "it": ``keeps the SLO``, ``misses p99 < 300 ms``, or what it leaves undecided."""
    if row.verdict == KEEPS:
        return "keeps the SLO"
    return f"leaves {row.missed} undecided: {UNDECIDED}" if row.verdict == OPEN else f"misses {row.missed}"


def one_of(values: Iterable[Any], what: str) -> list[Any]:
    """The values as a list; a ``UserError`` where there are none."""
    found = list(values)
    if not found:
        raise UserError(f"no {what} to try", valid="one or more")
    return found

"""From what was simulated to the answer: the choice, the front, what binds, why the others lost, how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from novamodel import units
from novamodel.errors import UserError
from novamodel.sizing.advice import advice, held
from novamodel.sizing.answers import Candidate, Explained, Sizing
from novamodel.sizing.bench import Bench, contenders
from novamodel.sizing.guarantee import Left, Proof, sentence
from novamodel.sizing.unused import spare
from novamodel.sizing.variables import Variable
from novamodel.sizing.verdict import (
    counted,
    doubt,
    excess,
    in_words,
    missed_text,
    slow_place,
    tier_utilisation,
    why_missed,
)

MOST_ALONE = 12
"""Changes that are priced alone."""


def answer(
    bench: Bench,
    legal: int,
    variables: Sequence[Variable],
    left: Left,
    effort: int,
    explained: Explained | None = None,
) -> Sizing:
    """The answer from a bench whose search has ended; ``left`` is what the search returned."""
    ignored = bench.ignored
    best = bench.chosen()
    kept = best is not None
    if best is None:
        best = min(bench.done.values(), key=lambda c: (excess(c.slo, ignored), c.cost_month))
    judged = [replace(c, why=_fate(c, best, bench.met(c), bench.a_change)) for c in bench.done.values()]
    chosen = next(c for c in judged if c.overrides == best.overrides)
    doubts = {c.changes: doubt(c.slo, c.replications, ignored) for c in contenders(bench)}
    proof = Proof(
        right=max(0.0, 1.0 - sum(doubts.values())) if kept else math.nan,
        verdicts=len(doubts),
        simulated=len(judged),
        legal=legal,
        unseen=left.cheaper,
        hope=left.hope,
        where=" and ".join(["in the window at the peak", *(f"during {words}" for words in bench.holds)]),
        beside=tuple(o.text for o in best.slo if o.text in ignored and not o.met),
    )
    return Sizing(
        chosen=chosen,
        now=next(c for c in judged if not c.overrides),
        candidates=_table(judged),
        screened=legal,
        met=best.met,
        advice=_with_cost_alone(bench, advice(bench.scenario, best.overrides), variables, best),
        blocks=_blocks(best, ignored, kept),
        simulated=tuple(judged),
        variables=tuple(variables),
        front=_front(judged),
        binds=_binds(best, ignored),
        right=proof.right,
        certainty=sentence(proof, kept),
        held=held(bench.scenario, {path for variable in variables for path in variable.paths}),
        spare=spare(bench, chosen),
        effort=effort * (1 + len(bench.holds)),
        explained=explained,
        window=f"{units.format_time(units.parse_time(bench.window['run.duration']))} around the peak",
    )


def _fate(candidate: Candidate, best: Candidate, kept: bool, equal: float) -> str:
    """Why a candidate was chosen or lost, in words."""
    if candidate.overrides == best.overrides:
        return "chosen" if candidate.met else f"closest: {candidate.why}"
    if not kept:
        return candidate.why
    more = candidate.cost_month - best.cost_month
    if more >= 0.5:
        return f"holds as well, but costs {more:,.2f} USD a month more"
    if more < -equal or candidate.p99_s[0] <= best.p99_s[0]:
        return "holds at about the same cost, with more changes"
    return f"holds at about the same cost, with a p99 of {units.format_time(candidate.p99_s[0])}"


def _blocks(best: Candidate, ignored: frozenset[str], kept: bool) -> str:
    """What stands in the way where an objective is missed by the choice."""
    if best.met:
        return ""
    missed = [objective for objective in best.slo if not objective.met]
    fixed = [missed_text(objective) for objective in missed if objective.text in ignored]
    rest = [missed_text(objective) for objective in missed if objective.text not in ignored]
    parts = [f"no size of these services changes it: {', '.join(fixed)}"] if fixed else []
    if rest:
        parts.append(f"no legal size that was simulated keeps it: {', '.join(rest)}; closest: {best.why}")
    return ". ".join(parts) if parts or kept else why_missed(best.result, best.slo)


def _binds(best: Candidate, ignored: frozenset[str]) -> str:
    """The objective and the tier that are nearest to their limits."""
    parts = []
    near = [o for o in counted(best.slo, ignored) if not math.isnan(o.value)]
    if near:
        tight = max(near, key=lambda o: o.value / o.limit)
        share = tight.value / tight.limit
        parts.append(f"{tight.text} is at {share * 100:.0f} % of its limit" if share < 1 else missed_text(tight))
    used = {tier: u for tier, u in tier_utilisation(best.result).items() if not tier.endswith(" memory")}
    if used:
        tier = max(used, key=lambda name: used[name])
        parts.append(f"{tier} is the fullest tier ({used[tier] * 100:.0f} % busy)")
    place, share = slow_place(best.result)
    if place:
        parts.append(f"requests near the p99 spend {share * 100:.0f} % of their time in {in_words(place)}")
    return f"Binds: {'; '.join(parts)}." if parts else ""


def _front(judged: Sequence[Candidate]) -> pd.DataFrame:
    """Cost and p99 of all simulated candidates; ``on_front``: none is cheaper and faster."""
    rows = []
    for c in judged:
        beaten = any(
            o.cost_month <= c.cost_month and o.p99_s[0] <= c.p99_s[0] and (o.cost_month, o.p99_s[0]) != _both(c)
            for o in judged
        )
        rows.append(
            {
                "changes": c.changes,
                "cost_month": c.cost_month,
                **dict(zip(("p99_s", "p99_low", "p99_high"), c.p99_s, strict=True)),
                "met": c.met,
                "on_front": not beaten and not math.isnan(c.p99_s[0]),
                "why": c.why,
            }
        )
    return pd.DataFrame(rows).sort_values(["cost_month", "p99_s"], ignore_index=True)


def _both(candidate: Candidate) -> tuple[float, float]:
    return candidate.cost_month, candidate.p99_s[0]


def _with_cost_alone(bench: Bench, table: pd.DataFrame, variables: Sequence[Variable], best: Candidate) -> pd.DataFrame:
    """``cost_alone``: what each change made alone (a task size as one) does to the bill (USD a month).

    Of many changes only the first are priced (nan: not priced): a bill of many services takes long.
    """
    costs = []
    for number, path in enumerate(best.overrides):
        together = next((v.paths for v in variables if path in v.paths), (path,))
        alone = {other: best.overrides[other] for other in together if other in best.overrides}
        try:
            costs.append(round(bench.cost(alone) - bench.cost({}), 2) if number < MOST_ALONE else math.nan)
        except UserError:
            costs.append(math.nan)
    return table.assign(cost_alone=costs)


def _table(candidates: Sequence[Candidate]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, c in enumerate(candidates):
        for name, own in c.settings.items():
            rows.append(
                {
                    "candidate": number,
                    "service": name,
                    "changes": c.changes,
                    **own,
                    "replicas": c.replicas.get(name, math.nan),
                    **dict(zip(("p99_s", "p99_low", "p99_high"), c.p99_s, strict=True)),
                    **dict(zip(("errors", "errors_low", "errors_high"), c.errors, strict=True)),
                    "cost_month": c.cost_month,
                    "met": c.met,
                    "doubt": c.doubt,
                    "replications": c.replications,
                    "why": c.why,
                }
            )
    return pd.DataFrame(rows).sort_values(["cost_month", "candidate"], ignore_index=True)

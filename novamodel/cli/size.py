"""`novamodel size`: the cheapest size that keeps the objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from novamodel.cli.options import Engine, EngineChoice, Json, Seed, Sets, Target

if TYPE_CHECKING:
    from novamodel.sizing import Sizing


def size(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    engine: EngineChoice = Engine.auto,
    json: Json = False,
) -> None:
    """Find the fewest replicas, CPU, memory and pool connections that keep the SLO at the peak.

    Closed forms screen the legal grid, the best candidates are simulated with the same customers; those that
    lost are shown with the reason.

    \b
    Examples:
      novamodel size novabank
      novamodel size mine.yaml --set 'traffic.peak=900 requests/s'
      novamodel size mine.yaml --json | python -m json.tool
    """
    from novamodel.billing import monthly_total
    from novamodel.cli.output import say, say_json
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.sizing import size as find_size

    scenario = load(target, sets, seed)
    with progress("sizing") as tell:
        sizing = find_size(
            scenario, engine=engine.value, progress=lambda share: tell(share, "sizing"), cost_of=monthly_total
        )
    if json:
        say_json(sizing_dict(sizing))
    else:
        say(sizing_text(sizing))


def sizing_dict(sizing: Sizing) -> dict[str, Any]:
    """The answer with its candidates."""
    return sizing.to_dict() | {"candidates": sizing.candidates.to_dict("records")}


def sizing_text(sizing: Sizing) -> str:
    """Advice, cost and the candidates with their fate."""
    from novamodel.cli.show import slo_lines, table, value_text

    scenario = sizing.now.scenario
    verdict = "the cheapest size found that keeps the SLO" if sizing.met else "no candidate keeps the SLO; the closest"
    lines = [
        f"{scenario.heading}: {verdict}",
        *slo_lines(sizing.chosen.slo),
        f"  cost: {value_text(sizing.now.cost_month, 'USD')} now, "
        f"{value_text(sizing.chosen.cost_month, 'USD')} USD a month advised",
    ]
    if sizing.blocks:
        lines.append(f"  {sizing.blocks}")
    advice = [tuple(row) for row in sizing.advice[["path", "now", "advised", "why"]].itertuples(index=False)]
    tried = [
        (
            row.service,
            row.changes or "as now",
            value_text(row.cost_month, "USD"),
            value_text(row.p99_s, "s"),
            value_text(row.errors, "1"),
            "yes" if row.met else "no",
            row.why,
        )
        for row in sizing.candidates.itertuples(index=False)
    ]
    columns = ("service", "changes", "USD a month", "p99", "errors", "met", "why")
    return "\n\n".join(
        [
            "\n".join(lines),
            table("Advice", ("path", "now", "advised", "why"), advice, left=4)
            if advice
            else "Advice: leave the size as it is",
            table(f"Simulated, of {sizing.screened:,} screened", columns, tried, left=len(columns)),
        ]
    )

"""`novamodel size`: the cheapest size that keeps the objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novamodel.cli.check import MISSED
from novamodel.cli.options import Demo, Engine, EngineChoice, Json, Seed, Sets, Strict, Target

if TYPE_CHECKING:
    from novamodel.sizing import Sizing


def size(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    engine: EngineChoice = Engine.auto,
    json: Json = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also what each change gains, a tornado and the headroom; some 30 s more.")
    ] = False,
    demand: Annotated[
        str, typer.Option(metavar="LOW,HIGH", help="Multiples of the load between which it is uncertain: least regret.")
    ] = "",
    hold: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Keep the SLO in this too: rollout, zone (lost), cold (start), day."),
    ] = None,
    nodes: Annotated[
        bool,
        typer.Option(
            "--nodes", help="Vary the type of the nodes too, Graviton among them: a vCPU is taken to be as fast."
        ),
    ] = False,
    strict: Strict = False,
    demo: Demo = False,
) -> int:
    """Find the cheapest replicas, CPU, memory, pools and machines that keep the SLO at the peak.

    Closed forms screen every legal combination, the best candidates are simulated with the same customers; those
    that lost are shown with the reason. An objective counts as met by its estimate, as in check; exit 99
    when no size keeps them all.

    \b
    Examples:
      novamodel size novabank
      novamodel size mine.yaml --set 'traffic.peak=900 requests/s'
      novamodel size novabank --explain --demand 0.8,1.5
      novamodel size novabank --hold rollout --hold zone
      novamodel size novabank --nodes
      novamodel size mine.yaml --json | python -m json.tool
    """
    from novamodel.cli.output import say, say_json, terminal_width
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import import_lines, rests_lines
    from novamodel.errors import UserError
    from novamodel.layout import fold
    from novamodel.workflows.answer import what_files_say
    from novamodel.workflows.plan import find_size

    multiples = _multiples(demand)
    scenario = load(target, sets, seed, strict=strict, demo=demo)
    if not scenario.slo:
        raise UserError("nothing to size for: the scenario has no slo", valid="an objective like 'p99 < 300 ms'")
    with progress("sizing") as tell:
        sizing = find_size(
            scenario,
            engine=engine.value,
            progress=lambda share: tell(share, "sizing"),
            nodes=nodes,
            explain=explain or bool(multiples),
            demand=multiples,
            holds=hold or (),
        )
    if json:
        say_json(sizing_dict(sizing) | what_files_say(scenario))
    else:
        width = terminal_width()
        left = [fold(line, width) for line in import_lines(scenario)]
        say("\n".join([*rests_lines(scenario, width), "", fold(sizing_text(sizing), width), *left]))
    return 0 if sizing.met else MISSED


def sizing_dict(sizing: Sizing) -> dict[str, Any]:
    """The answer with its candidates."""
    return sizing.to_dict() | {"candidates": sizing.candidates.to_dict("records")}


def _multiples(text: str) -> tuple[float, ...]:
    from novamodel.errors import UserError

    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        found = (0.0,)
    if len(found) not in (0, 2) or any(not 0 < multiple <= 100 for multiple in found):
        raise UserError(f"--demand {text!r} are no multiples of the load", valid="two numbers above 0, like 0.8,1.5")
    return found


def sizing_text(sizing: Sizing) -> str:
    """The choice, what binds, how sure it is, the advice, and the candidates with their fate."""
    from novamodel.cli.show import slo_lines, table, value_text
    from novamodel.sizing import legal_count
    from novamodel.workflows.plan import STEADY

    verdict = "the cheapest size found that keeps the SLO" if sizing.met else "no candidate keeps the SLO; the closest"
    now, then = sizing.now.cost_month, sizing.chosen.cost_month
    lines = [
        f"{sizing.now.scenario.heading}: {verdict}",
        *slo_lines(sizing.chosen.slo, sizing.now.scenario),
        f"  cost: {value_text(now, 'USD')} -> {value_text(then, 'USD')} USD a month ({then - now:+,.2f}; {STEADY})",
        *(f"  {text}" for text in (sizing.blocks, sizing.binds, sizing.certainty, sizing.held) if text),
    ]
    candidates = [
        (
            value_text(row.cost_month, "USD"),
            value_text(row.p99_s, "s"),
            "yes" if row.met else "no",
            str(row.changes),
            str(row.why),
        )
        for row in sizing.front.itertuples(index=False)
    ]
    of = f"{legal_count(sizing.screened)} legal combinations of {len(sizing.variables)} settings"
    title = f"{len(candidates)} simulated ({sizing.window}), of {of}"
    parts = [
        "\n".join(lines),
        "\n".join([_head(sizing.met), *_advice_lines(sizing)]) if len(sizing.advice) else _leave(sizing.met),
        *_far_above(sizing),
        "\n".join([title, *_candidate_lines(candidates)]),
    ]
    if sizing.explained is not None:
        parts += _explained(sizing, table, value_text)
    return "\n\n".join(parts)


def _far_above(sizing: Sizing) -> list[str]:
    """One part where requests of the choice are far above what is used, else none."""
    texts = sizing.spare.texts
    return ["\n".join(["Requests far above use", *(f"  {text}" for text in texts)])] if texts else []


def _head(met: bool) -> str:
    return "Advice" if met else "What the closest changes (it misses the SLO as well)"


def _leave(met: bool) -> str:
    return "Advice: leave the size as it is" if met else "Today's size is the closest"


def _advice_lines(sizing: Sizing) -> list[str]:
    """``resources.limits.cpu  500m -> 750m (+250m)``, where it stands, and the reason below."""
    from novamodel.report import mark_of
    from novamodel.scenario import rests_on

    lines, mark = [], mark_of(rests_on(sizing.now.scenario).of_advice())
    for row in sizing.advice.itertuples(index=False):
        place = f"{row.file}:{row.line}" if row.file and row.line else row.file or row.path
        alone = "" if row.cost_alone != row.cost_alone else f"   alone {row.cost_alone:+,.2f} USD a month"
        owner = f"{row.path.split('.')[1]} " if row.path.startswith("services.") else ""
        owner = f"{row.path.split('.')[0]} " if row.path.endswith("node_type") else owner
        lines += [f"  {owner}{row.term}: {row.change}{mark}   {place}{alone}", f"      {row.why}"]
    return lines


def _candidate_lines(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Cost, p99 and verdict of each, its changes and why it lost below."""
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = [f"  {'USD'.rjust(widths[0])}  {'p99'.rjust(widths[1])}  met"]
    for cost, p99, met, changes, why in rows:
        lines += [f"  {cost.rjust(widths[0])}  {p99.rjust(widths[1])}  {met:<3}  {changes}", f"      {why}"]
    return lines


def _explained(sizing: Sizing, table: Any, value_text: Any) -> list[str]:
    """Gains, tornado, regret and headroom."""
    told = sizing.explained
    assert told is not None
    parts = []
    columns = ("what", "change", "p99", "p99 moves by", "95 % interval", "USD a month", "met")
    for title, frame in (("Each change alone, from today", told.gains), ("One step from the choice", told.tornado)):
        rows = [
            (
                row.what,
                row.change,
                value_text(row.p99_s, "s"),
                row.why or f"{row.p99_change_s * 1000:+.1f} ms",
                "" if row.low != row.low else f"[{row.low * 1000:+.1f}, {row.high * 1000:+.1f}]",
                "" if row.cost_change != row.cost_change else f"{row.cost_change:+,.2f}",
                "yes" if row.met else "no",
            )
            for row in frame.itertuples(index=False)
        ]
        if rows:
            parts.append(table(title, columns, rows, left=2))
    if len(told.regret):
        lines = [
            (
                f"{row.multiple:g} x",
                value_text(row.cost_month, "USD"),
                value_text(row.p99_s, "s"),
                "misses" if not row.met else f"{row.regret:+,.2f}",
                row.changes,
            )
            for row in told.regret.itertuples(index=False)
        ]
        parts.append(f"Least regret: {told.least_regret}")
        parts.append(_flush(lines))
    parts.append(f"Headroom of the choice: {told.knee.first_limit}")
    return parts


def _flush(rows: Sequence[tuple[str, ...]]) -> str:
    head = ("load", "USD a month", "p99", "regret", "changes")
    cells = [head, *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(4)]
    return "\n".join("  " + "  ".join([*(row[p].rjust(widths[p]) for p in range(4)), row[4]]) for row in cells)

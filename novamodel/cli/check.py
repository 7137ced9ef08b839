"""`novamodel check`: does the SLO hold? The exit code says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from novamodel.cli.options import Demo, Engine, EngineChoice, Json, Replications, Seed, Sets, Strict, Target

if TYPE_CHECKING:
    from novamodel.simulation import SloResult

MISSED = 99


def check(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    strict: Strict = False,
    demo: Demo = False,
    json: Json = False,
) -> int:
    """Simulate and judge every objective: exit 0 when all are met, 99 when one is missed.

    An objective is judged by its estimate, and the exit code says that. Where the 95 % interval holds the limit, or
    there is none, the objective is undecided: the last line counts it, and more --replications may decide it.

    \b
    Examples:
      novamodel check novabank
      novamodel check mine.yaml --set 'slo=[p99 < 200 ms, errors < 0.1 %]'
      novamodel check deploy/ --json > check.json || echo "not with this configuration"
    """
    from novamodel.cli.output import say, say_json, terminal_width
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import doubt_lines, heading, rests_lines, simplified_lines, slo_lines, value_text
    from novamodel.errors import UserError
    from novamodel.scenario import rests_on
    from novamodel.simulation import simulate
    from novamodel.workflows.answer import verdicts, what_files_say

    scenario = load(target, sets, seed, replications, strict=strict, demo=demo)
    if not scenario.slo:
        raise UserError("nothing to check: the scenario has no slo", valid="an objective like 'p99 < 300 ms'")
    with progress("simulating") as tell:
        result = simulate(scenario, engine=engine.value, progress=tell)
    slos = result.slo()
    missed = [slo.text for slo in slos if not slo.met]
    if json:
        judged = {"met": not missed, "undecided": [slo.text for slo in slos if undecided(slo)]}
        judged_by = {"slo": verdicts(result, rests_on(scenario)), **what_files_say(scenario)}
        say_json(judged | result.to_dict() | judged_by)
    else:
        warnings = [f"warning: {text}" for text in result.warnings]
        share = result.estimate("rejected").value
        rejected = (
            [f"     {value_text(share, '1')} of all requests are rejected by the edge's limits"] if share > 0 else []
        )
        say(
            "\n".join(
                [
                    *rests_lines(scenario, terminal_width()),
                    heading(scenario, result),
                    *slo_lines(slos, scenario),
                    *doubt_lines(),
                    *rejected,
                    *warnings,
                    *simplified_lines(scenario),
                    verdict(slos),
                ]
            )
        )
    return MISSED if missed else 0


def undecided(slo: SloResult) -> bool:
    """Whether the interval of an objective leaves open on which side of its limit it lies."""
    return not (slo.high < slo.limit or slo.low > slo.limit)


def verdict(slos: Sequence[SloResult]) -> str:
    """The last line: what is missed or that all is met, and what the run cannot decide."""
    missed = [slo.text for slo in slos if not slo.met]
    open_ones = [slo.text for slo in slos if undecided(slo)]
    judged = f"missed: {', '.join(missed)}" if missed else "all objectives are met"
    if not open_ones:
        return judged
    by = f"{judged} by estimate" if missed else f"{judged} by their estimates"
    return f"{by}; undecided by their intervals: {len(open_ones)} of {len(slos)} ({', '.join(open_ones)})"

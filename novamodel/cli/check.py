"""`novamodel check`: does the SLO hold? The exit code says it."""

from __future__ import annotations

from novamodel.cli.options import Engine, EngineChoice, Json, Replications, Seed, Sets, Target

MISSED = 99


def check(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    json: Json = False,
) -> int:
    """Simulate and judge every objective: exit 0 when all are met, 99 when one is missed.

    An objective is judged by its estimate; the interval says how sure that is.

    \b
    Examples:
      novamodel check novabank
      novamodel check mine.yaml --set 'slo=[p99 < 200 ms, errors < 0.1 %]'
      novamodel check deploy/ --json > check.json || echo "not with this configuration"
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import heading, slo_lines, value_text
    from novamodel.errors import UserError
    from novamodel.simulation import simulate

    scenario = load(target, sets, seed, replications)
    if not scenario.slo:
        raise UserError("nothing to check: the scenario has no slo", valid="an objective like 'p99 < 300 ms'")
    with progress("simulating") as tell:
        result = simulate(scenario, engine=engine.value, progress=tell)
    slos = result.slo()
    missed = [slo.text for slo in slos if not slo.met]
    if json:
        say_json({"met": not missed} | result.to_dict())
    else:
        verdict = f"missed: {', '.join(missed)}" if missed else "all objectives are met"
        warnings = [f"warning: {text}" for text in result.warnings]
        share = result.estimate("rejected").value
        rejected = (
            [f"     {value_text(share, '1')} of all requests are rejected by the edge's limits"] if share > 0 else []
        )
        say("\n".join([heading(scenario, result), *slo_lines(slos), *rejected, *warnings, verdict]))
    return MISSED if missed else 0

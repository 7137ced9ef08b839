"""`novamodel run`: simulate and show everything."""

from __future__ import annotations

from novamodel.cli.options import Engine, EngineChoice, Json, Replications, Seed, Sets, Target


def run(
    target: Target,
    sets: Sets = None,
    seed: Seed = None,
    replications: Replications = None,
    engine: EngineChoice = Engine.auto,
    json: Json = False,
) -> None:
    """Simulate a scenario's window and show latency, errors, callers and tiers with intervals.

    The same scenario and seed give the same digest (a SHA-256 over every request) on every machine and engine.

    \b
    Examples:
      novamodel run novabank
      novamodel run mine.yaml --set services.core-api.replicas=5 --set 'traffic.peak=600 requests/s'
      novamodel run mine.yaml --seed 8 --replications 8 --json > run.json
    """
    from novamodel.cli.output import say, say_json
    from novamodel.cli.overrides import load
    from novamodel.cli.progress import progress
    from novamodel.cli.show import result_text
    from novamodel.simulation import simulate

    scenario = load(target, sets, seed, replications)
    with progress("simulating") as tell:
        result = simulate(scenario, engine=engine.value, progress=tell)
    if json:
        say_json(result.to_dict())
    else:
        say(result_text(result))

"""Writes digests.json anew: the digest of every scenario in params/ on a short window."""

from __future__ import annotations

import json
from pathlib import Path

from novamodel.loading import importer
from novamodel.scenario.load import load_scenario
from novamodel.simulation import simulate
from novamodel.simulation.recorded import inspect

HERE = Path(__file__).parent
RATE = {"traffic.shape": "constant", "traffic.peak": "450 requests/s"}
"""Where the main source is open; others stay as they are."""
OVERRIDES = {
    "run.start": "18:00",
    "run.duration": "20 s",
    "run.warm_up": "10 s",
    "run.interval": "10 s",
    "run.replications": 2,
    "run.seed": 7,
}


def main() -> None:
    """Simulate each and write the file."""
    digests = {}
    for path in sorted((HERE.parents[1] / "params").glob("*.yaml")):
        scenario = load_scenario(path, importer, inspect)
        changes = OVERRIDES | (RATE if scenario.traffic.loop == "open" else {})
        digests[path.stem] = simulate(scenario.override(changes)).digest
    text = json.dumps({"overrides": OVERRIDES, "rate": RATE, "digests": digests}, indent=2) + "\n"
    (HERE / "digests.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

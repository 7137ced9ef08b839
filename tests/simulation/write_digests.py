"""Writes digests.json anew: the digest of every scenario in params/ on a short window."""

from __future__ import annotations

import json
from pathlib import Path

from novamodel.importers import importer
from novamodel.scenario.load import load_scenario
from novamodel.simulation import simulate

HERE = Path(__file__).parent
OVERRIDES = {
    "traffic.shape": "constant",
    "traffic.peak": "450 requests/s",
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
        digests[path.stem] = simulate(load_scenario(path, importer).override(OVERRIDES)).digest
    text = json.dumps({"overrides": OVERRIDES, "digests": digests}, indent=2) + "\n"
    (HERE / "digests.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

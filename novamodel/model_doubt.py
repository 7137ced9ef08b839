"""What was measured of the model itself, beside the intervals of a run, which know of chance alone."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from novamodel.resources import data_dir
from novamodel.units import format_fraction


@lru_cache(maxsize=1)
def measured_doubt() -> dict[str, Any]:
    """Median errors (shares, with 95 % intervals) of mean and percentiles of measured stacks; written by a tool."""
    found: dict[str, Any] = json.loads((data_dir() / "defaults" / "accuracy.json").read_text(encoding="utf-8"))
    return found


def doubt_sentence() -> str:
    """One sentence for below the intervals."""
    found = measured_doubt()
    mean, p99 = (found["median_errors"][name] for name in ("mean", "p99"))
    span = f"{format_fraction(p99['low'])} to {format_fraction(p99['high'])}"
    return (
        f"intervals are of chance alone; of {found['cases']} measured stacks, each predicted from another load, "
        f"the model was off by {format_fraction(mean['value'])} of the mean and {format_fraction(p99['value'])} of the "
        f"p99 (medians; p99: {span})"
    )

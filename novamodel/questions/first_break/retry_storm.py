"""Retries as a fixed point: the load that callers offer, given the share of requests that fails at that load."""

from __future__ import annotations

import numpy as np
import pandas as pd

ROUNDS = 400
PARTS = 60
"""Loads without retries that are looked at, up to the highest simulated one."""


def offered_with_retries(fresh_per_s: float, failing: pd.DataFrame, retries: int, *, start_per_s: float) -> float:
    """Load (requests/s) at which new requests and retries balance, reached from ``start_per_s``.

    A request that fails is sent again up to ``retries`` times, each try failing with the share of the load at that
    moment. Beyond the highest simulated load the failures are those of a system that answers no more than there.
    """
    loads, failed = failing["offered_per_s"].to_numpy(), failing["failed"].to_numpy()
    most = loads[-1] * (1 - failed[-1])
    load = start_per_s
    for _ in range(ROUNDS):
        share = float(np.interp(load, loads, failed)) if load <= loads[-1] else 1 - most / load
        tries = sum(share**n for n in range(retries + 1))
        load += 0.3 * (fresh_per_s * tries - load)
    return load


def storm_rows(failing: pd.DataFrame, retries: int) -> pd.DataFrame:
    """One row a load without retries: what is offered and answered at the calm and at the stormy fixed point."""
    peak = float(failing["offered_per_s"].iloc[0] / failing["multiple"].iloc[0])
    top = float(failing["offered_per_s"].iloc[-1])
    rows = []
    for fresh in np.linspace(top / PARTS, top / 1.5, PARTS):
        calm = offered_with_retries(fresh, failing, retries, start_per_s=fresh)
        storm = offered_with_retries(fresh, failing, retries, start_per_s=fresh * (retries + 1))
        rows.append(
            {
                "multiple": fresh / peak,
                "fresh_per_s": fresh,
                "offered_per_s": calm,
                "offered_storm_per_s": storm,
                "goodput_per_s": _answered(calm, failing),
                "goodput_storm_per_s": _answered(storm, failing),
            }
        )
    return pd.DataFrame(rows)


def _answered(load: float, failing: pd.DataFrame) -> float:
    """Requests a second that are answered in time at a load, on the straight lines between those simulated."""
    loads, good = failing["offered_per_s"], failing["goodput_per_s"]
    return float(np.interp(load, [0.0, *loads], [0.0, *good]))

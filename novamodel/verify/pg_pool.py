"""Answers to the recorded cases of node-postgres pools, by the rules of `components.pg_pool`.

A case is a pool's options, how long each connection takes, and what its callers do (`ops`), in milliseconds of
a virtual clock. `answer(case)` plays it; `disagreements(case)` compares that with the record.
"""

from __future__ import annotations

from typing import Any

from novamodel.verify.pg_pool_replay import Case, Replay

TOLERANCE_MS = 0.002
NEWEST, OLD = "3.14.0", "3.6.1"
"""The versions that the record holds."""


def answer(case: Case, version: str = NEWEST, one_timer: bool = False) -> Case:
    """What the pool does in one case: `results` by op, `clients` by name, `snapshots`, and `summary`."""
    return Replay(case, version == OLD, one_timer).run()


def recorded(case: Case, version: str = NEWEST) -> Case:
    """The outcome on record for a version."""
    other = case.get("expected_pg_pool_3_6_1") if version == OLD else None
    return dict(other or case["expected"])


def disagreements(case: Case, version: str = NEWEST, one_timer: bool = False) -> list[str]:
    """Where the answer differs from the record, one line each; empty when all of it agrees."""
    return _differences("", recorded(case, version), answer(case, version, one_timer))


def _differences(path: str, want: Any, got: Any) -> list[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        names = [*want, *(name for name in got if name not in want and path)]
        return [x for name in names for x in _differences(f"{path} {name}", want.get(name), got.get(name))]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [x for i, (a, b) in enumerate(zip(want, got, strict=True)) for x in _differences(f"{path} {i}", a, b)]
    if isinstance(want, float | int) and isinstance(got, float | int):
        return [] if abs(want - got) <= TOLERANCE_MS else [f"{path.strip()}: recorded {want}, got {got}"]
    return [] if want == got else [f"{path.strip()}: recorded {want}, got {got}"]

"""How a cache fills again after it has lost every entry: the hit ratio of each keyspace over time.

The same renewal process as in steady state (`cache`), followed from an empty start: a key absent is filled by its next
read that fills or by a set; it leaves with a delete, at the end of its lifetime, and once the memory is full by
eviction at its steady rate. Poisson references.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from novamodel.analytic.cache import hit_ratios, lives, peak_rate
from novamodel.analytic.keyspace_life import KeyspaceLife
from novamodel.scenario import Scenario
from novamodel.scenario.demand import MAIN

STEPS_A_LIFETIME = 200
LEAST_STEP_S, MOST_STEPS = 0.05, 20_000


def warming(scenario: Scenario, duration_s: float, rate: float | None = None, store: str = MAIN) -> pd.DataFrame:
    """Hit ratio of every keyspace of a cache from the moment on when it has lost all entries.

    Columns: ``keyspace``, ``time_s``, ``hit_ratio``, ``entry_bytes`` (what its entries take). A hit ratio that the
    scenario states is reached in the course that its keys, popularity and lifetime give. ``rate``: requests/s, default
    the day's peak. Raises ``ValueError`` for a duration that is not positive.
    """
    if not duration_s > 0:
        raise ValueError(f"a duration is above 0, not {duration_s:g} s")
    rate = peak_rate(scenario) if rate is None else rate
    found, steady = lives(scenario, rate, store), hit_ratios(scenario, rate, store)
    shortest = min((life.ttl_s for life in found.values() if np.isfinite(life.ttl_s)), default=duration_s)
    step = max(min(shortest, duration_s) / STEPS_A_LIFETIME, LEAST_STEP_S, duration_s / MOST_STEPS)
    times = np.arange(round(duration_s / step) + 1) * step
    parts = {name: _Filling(life, step) for name, life in found.items()}
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    cache = scenario.all_caches[store]
    room = cache.memory * cache.shards
    for _ in times:
        for name, part in parts.items():
            rows[name].append((part.hit_ratio(), part.bytes_held()))
        full = sum(part.bytes_held() for part in parts.values()) >= room
        for part in parts.values():
            part.go_on(full)
    frames = []
    for name, part in parts.items():
        hits, held = np.array(rows[name]).T
        end = part.life.hits(part.life.idle_s)
        scale = steady[name] / end if end > 0 else 0.0
        frames.append(pd.DataFrame({"keyspace": name, "time_s": times, "hit_ratio": hits * scale, "entry_bytes": held}))
    columns = ["keyspace", "time_s", "hit_ratio", "entry_bytes"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


class _Filling:
    """One keyspace on its way from empty: the probability that each key is present."""

    def __init__(self, life: KeyspaceLife, step_s: float) -> None:
        self.life, self.step_s = life, step_s
        self.present = np.zeros_like(life.share)
        lifetime = life.ttl_s / step_s
        self.entered: list[np.ndarray] = []  # insertions and renewals a second, of the steps within a lifetime
        self.kept: int | None = round(lifetime) if np.isfinite(lifetime) else None

    def hit_ratio(self) -> float:
        return float((self.life.many * self.life.share * self.present).sum())

    def bytes_held(self) -> float:
        return float((self.life.many * self.present).sum()) * self.life.entry_bytes

    def go_on(self, full: bool) -> None:
        """One step; exact for constant rates within it, but for what a lifetime ends."""
        life = self.life
        filled, renewed = life.filled(), life.renewed()
        lost = life.deleted() + (life.evicted(life.idle_s) if full else 0.0)
        entered = filled * (1 - self.present) + renewed * self.present
        ended: np.ndarray | float = 0.0
        if self.kept is not None:
            self.entered.append(entered)
            if len(self.entered) > self.kept:
                ended = self.entered.pop(0) * np.exp(-(lost + renewed) * life.ttl_s)
        pace = filled + lost
        decided = -np.expm1(-pace * self.step_s)
        rest = np.where(pace > 0, (filled - ended) / np.maximum(pace, 1e-300), 0.0)
        self.present = np.clip(self.present + (rest - self.present) * decided, 0.0, 1.0)

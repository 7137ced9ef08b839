"""What the statistics look at beside the tables: how latency and load settle, and batches of the window."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import numpy as np

from novamodel.scenario.goals import Run
from novamodel.simulation import codes
from novamodel.simulation.control.world import World
from novamodel.simulation.counts import Counts, between, counts_of
from novamodel.simulation.recorder import OUTCOMES

STEPS = 200
"""Samples of a replication from its very beginning: 40 batches of five for MSER-5."""
BATCHES = 20
"""Batches of the window, where one replication has to say how sure it is."""


class Samples:
    """Reads only, so that looking changes no request. `forget` is for the moment when the warm-up is struck off."""

    def __init__(self, world: World, run: Run) -> None:
        self.world = world
        self.run = run
        self.rows: list[tuple[float, float, float]] = []
        self.borders: list[Counts] = []
        self._before = self._carried = (0.0, 0.0)
        world.env.process(self._settling())

    @property
    def settling(self) -> np.ndarray:
        """Steps x (sum of latencies of the served in a step, number of them, requests in flight at its end)."""
        return np.array(self.rows, dtype=float).reshape(-1, 3)

    def batches(self, end: Counts) -> list[Counts]:
        """The window's batches, when there is only one replication; ``end`` is the count at its end."""
        marks = [*self.borders, end._replace(length_s=self.run.duration)]
        return [between(a, b) for a, b in pairwise(marks)]

    def forget(self) -> None:
        """The counts are about to start again from zero; batches begin here."""
        latency, served = self._counted()
        self._carried = (latency - self._before[0], served - self._before[1])
        self._before = (0.0, 0.0)
        if self.run.replications == 1 and self.run.precision is None:
            self.world.env.process(self._batches())

    def _counted(self) -> tuple[float, float]:
        record = self.world.engine.model.record
        return float(sum(record.latency)), float(sum(record.outcome[codes.SERVED :: OUTCOMES]))

    def _settling(self) -> Generator[Any, Any, None]:
        env = self.world.env
        step = (self.run.warm_up_s + self.run.duration) / STEPS
        for number in range(1, STEPS + 1):
            yield env.timeout(max(0.0, number * step - env.now))
            latency, served = self._counted()
            new = (latency - self._before[0] + self._carried[0], served - self._before[1] + self._carried[1])
            self.rows.append((*new, float(self.world.engine.model.requests.in_flight[0])))
            self._before, self._carried = (latency, served), (0.0, 0.0)

    def _batches(self) -> Generator[Any, Any, None]:
        env, begin = self.world.env, self.world.env.now
        for number in range(BATCHES):
            at = self.run.duration * number / BATCHES
            yield env.timeout(max(0.0, begin + at - env.now))
            self.borders.append(counts_of(self.world.engine.model, at))

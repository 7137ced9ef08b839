"""One run: a control plane in SimPy over an engine, as SimPy events (reference) or compiled."""

from novamodel.simulation.cache_alone import POLICIES, replay_cache
from novamodel.simulation.comparison import Comparison, compare
from novamodel.simulation.layout import MOST_KEYS
from novamodel.simulation.result import Result, SloResult
from novamodel.simulation.run import simulate

__all__ = ["MOST_KEYS", "POLICIES", "Comparison", "Result", "SloResult", "compare", "replay_cache", "simulate"]

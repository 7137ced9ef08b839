"""The cheapest size that keeps the objectives, and how far the load can rise.

`variables` lists the decisions with their legal values; `size` screens all their combinations by closed forms, lets
simulation decide and explains the choice; `knee` walks the load up until an objective is missed,
which `crossing` places between two loads; `peak_window` is the piece of the day that they simulate.
"""

from novamodel.sizing.answers import Candidate, Explained, Knee, Sizing
from novamodel.sizing.breach import KNEE_LOADS, crossing, knee
from novamodel.sizing.guarantee import among_tried, legal_count
from novamodel.sizing.holds import HOLDS
from novamodel.sizing.search import size
from novamodel.sizing.variables import MANY, MOST_VALUES, Variable, variables
from novamodel.sizing.verdict import doubt
from novamodel.sizing.window import knee_replications, knee_window, peak_window

__all__ = [
    "HOLDS",
    "KNEE_LOADS",
    "MANY",
    "MOST_VALUES",
    "Candidate",
    "Explained",
    "Knee",
    "Sizing",
    "Variable",
    "among_tried",
    "crossing",
    "doubt",
    "knee",
    "knee_replications",
    "knee_window",
    "legal_count",
    "peak_window",
    "size",
    "variables",
]

"""The cheapest size that keeps the objectives, and how far the load can rise.

`variables` lists the decisions with their legal values; `size` screens all their combinations by closed forms, lets
simulation decide and explains the choice; `knee` walks the load up until an objective is missed.
"""

from novamodel.sizing.answers import Candidate, Explained, Knee, Sizing
from novamodel.sizing.breach import knee
from novamodel.sizing.search import size
from novamodel.sizing.variables import Variable, variables

__all__ = ["Candidate", "Explained", "Knee", "Sizing", "Variable", "knee", "size", "variables"]

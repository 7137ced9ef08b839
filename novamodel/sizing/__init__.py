"""The cheapest size that keeps the objectives, and how far the load can rise.

`size` screens the legal grid by closed forms and lets simulation decide; `knee` walks the load up until an
objective is missed.
"""

from novamodel.sizing.answers import Candidate, Knee, Sizing
from novamodel.sizing.breach import knee
from novamodel.sizing.search import size

__all__ = ["Candidate", "Knee", "Sizing", "knee", "size"]

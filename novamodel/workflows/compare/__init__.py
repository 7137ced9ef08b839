"""Two deployments side by side: figures with the interval of their difference, objectives, settings, cost."""

from novamodel.workflows.compare.difference import Difference, diff

__all__ = ["Difference", "diff"]

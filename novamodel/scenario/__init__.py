"""What is deployed, what is asked of it, what counts as good: the one language every room speaks."""

from novamodel.scenario.load import build, load_scenario, load_tree
from novamodel.scenario.model import Scenario
from novamodel.scenario.origin import Origin, Tree

__all__ = ["Origin", "Scenario", "Tree", "build", "load_scenario", "load_tree"]

"""What is wrong in files and scenarios: the form of a finding and the order they are told in."""

from novamodel.audit.finding import Finding, Level, finding, in_order

__all__ = ["Finding", "Level", "finding", "in_order"]

"""Recorded cases of the real components, answered by ours: one module for each component or body of rules."""

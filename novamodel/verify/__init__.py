"""Recorded cases of the real components, answered by ours: one module for each component or body of rules."""

from novamodel.verify.replaying import Replayed, as_mapping, differs, recorded_files, replay

__all__ = ["Replayed", "as_mapping", "differs", "recorded_files", "replay"]

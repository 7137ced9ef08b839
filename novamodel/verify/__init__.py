"""Recorded cases of the real components, answered by ours: one module for each component or body of rules."""

from novamodel.verify.accuracy import errors, measured, median_errors
from novamodel.verify.registry import STACK
from novamodel.verify.replaying import Replayed, as_mapping, differs, recorded_files, replay

__all__ = [
    "STACK",
    "Replayed",
    "as_mapping",
    "differs",
    "errors",
    "measured",
    "median_errors",
    "recorded_files",
    "replay",
]

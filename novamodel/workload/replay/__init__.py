"""Recorded traffic as a source of requests: access logs, CSV and Parquet read, stretched, and fed into blocks."""

from novamodel.workload.replay.filling import fill_from
from novamodel.workload.replay.options import ReplayOptions
from novamodel.workload.replay.reading import read_recording
from novamodel.workload.replay.recording import Recording
from novamodel.workload.replay.stretching import stretch

__all__ = ["Recording", "ReplayOptions", "fill_from", "read_recording", "stretch"]

"""Recorded traffic of a scenario: read as its replay says, and what the files hold."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from novamodel.scenario.recordings import Recorded, files_of
from novamodel.scenario.traffic_parts import Replay
from novamodel.workload.replay import Recording, ReplayOptions, read_recording


def _options(replay: Replay, names: Sequence[str]) -> ReplayOptions:
    options = ReplayOptions(
        names=names,
        routes=replay.routes or None,
        other=replay.other,
        format=replay.format,
        columns=replay.columns,
        zone=replay.time_zone,
    )
    return dataclasses.replace(options, log_format=replay.log_format) if replay.log_format else options


def inspect(files: list[Path], replay: Replay, names: list[str]) -> Recorded:
    """What the files of a replay hold, unstretched; ``names``: every route that there is."""
    recording = read_recording(files, _options(replay, names))
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    counts = np.bincount(recording.route, minlength=len(names))
    routes = {name: int(count) for name, count in zip(names, counts, strict=True)}
    return Recorded(digest.hexdigest(), len(recording), recording.length_s, routes)


def recording_of(replay: Replay, names: list[str], routes: Sequence[str]) -> Recording:
    """A replay's requests, stretched as it says; their routes are places in ``routes``, those that occur."""
    options = _options(replay, names)
    options = dataclasses.replace(options, time_factor=replay.time_factor, load_factor=replay.load_factor)
    recording = read_recording(files_of(replay), options)
    places = np.array([routes.index(name) if name in routes else 0 for name in names])
    return dataclasses.replace(recording, route=places[recording.route].astype(np.int32))

"""A recording made longer or shorter, heavier or lighter; requests spread over their second."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from novamodel.components.philox import uniform_pair
from novamodel.components.rule import entry
from novamodel.errors import UserError
from novamodel.workload.replay.recording import Recording, renumbered

SPREAD_STREAM = 2**31  # above the streams of every source of a run
COPY_STREAM = 2**31 + 1
COPY_SHIFT_S = 60.0
MOST_REQUESTS = 200_000_000


@entry
def fill_pairs(one: Any, two: Any, seed: int, stream: int) -> None:
    """The two uniforms of each number 0, 1, ..."""
    for i in range(len(one)):
        one[i], two[i] = uniform_pair(seed, stream, i, 0)


def pairs(count: int, seed: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """Two columns of uniforms."""
    one, two = np.empty(count), np.empty(count)
    fill_pairs(one, two, seed, stream)
    return one, two


def spread(times: np.ndarray, resolution_s: float) -> np.ndarray:
    """Times that are multiples of the resolution, spread over it at random; the order of requests stays."""
    return np.sort(times + resolution_s * pairs(len(times), 0, SPREAD_STREAM)[0])


def stretch(
    recording: Recording, time_factor: float = 1.0, load_factor: float = 1.0, by: str = "client", seed: int = 0
) -> Recording:
    """``time_factor`` 2 takes twice as long; ``load_factor`` 2 has every client (or request) twice, 0.5 half of them.

    Which clients stay is a function of (seed, client): a client that stays at one factor stays at every greater one.
    The first copy of a client is the client itself; each other is a new client with its requests shifted together by
    up to a minute (past the end they come round to the start), so that copies do not come as pairs.
    """
    if load_factor != 1.0:
        recording = _reloaded(recording, load_factor, by, seed)
    return recording if time_factor == 1.0 else recording.rows(slice(None), time_s=recording.time_s * time_factor)


def _reloaded(recording: Recording, factor: float, by: str, seed: int) -> Recording:
    if factor * len(recording) > MOST_REQUESTS:
        raise UserError(
            f"replay: load_factor {factor:g} makes {factor * len(recording):,.0f} requests of the recording"
        )
    owner = recording.client if by == "client" else np.arange(len(recording))
    count = recording.clients if by == "client" else len(recording)
    length = recording.length_s
    places, times, clients = [], [], []
    for copy in range(math.ceil(factor)):
        chance, shift = pairs(count, seed, COPY_STREAM + copy)
        chosen = np.flatnonzero((chance < factor - copy)[owner])
        at = recording.time_s[chosen]
        if copy > 0 and length > 0.0:
            at = (at + min(COPY_SHIFT_S, length) * shift[owner[chosen]]) % length
        places.append(chosen)
        times.append(at)
        clients.append(recording.client[chosen].astype(np.int64) + copy * recording.clients)
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    if len(order) == 0:
        raise UserError(f"replay: load_factor {factor:g} leaves no request", valid="a greater one, or load_by: request")
    client, number = renumbered(np.concatenate(clients)[order])
    return recording.rows(np.concatenate(places)[order], time_s=time[order], client=client, clients=number)

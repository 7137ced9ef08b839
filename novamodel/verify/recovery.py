"""Answers to the recorded questions about backup and recovery, by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from novamodel.recovery.dump import (
    DAY_S,
    HOUR_S,
    dump_times,
    find_deletes_from_days,
    objects_kept,
    pipeline_outcome,
    same_name_probability,
)
from novamodel.recovery.mechanisms import worst_loss_s


def answer(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one case, key by key. Raises ``KeyError`` for a kind that has no rule here."""
    return _KINDS[kind](**given)


def kinds() -> tuple[str, ...]:
    """The kinds that have an answer."""
    return tuple(_KINDS)


def _dump_and_restore(plain_dump_gib: float, pg_dump_mib_s: float, gz_ratio: float, **rates: float) -> dict[str, Any]:
    times = dump_times(plain_dump_gib, dump_mib_s=pg_dump_mib_s, packed_share=gz_ratio, **rates)
    return {
        **times._asdict(),
        "recovery_min_s": times.recovery_s,
        "worst_loss_daily_s": times.worst_loss_s(DAY_S),
        "worst_loss_hourly_s": times.worst_loss_s(HOUR_S),
    }


_KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    "dump_and_restore": _dump_and_restore,
    "recovery_point": lambda mechanism, interval_s: {"worst_loss_s": worst_loss_s(mechanism, interval_s)},
    "dump_pipeline": pipeline_outcome,
    "same_second_names": lambda gap_s: {"equal_probability": same_name_probability(gap_s)},
    "find_mtime": lambda mtime_plus_days: {"deletes_files_from_age_days": find_deletes_from_days(mtime_plus_days)},
    "s3_objects": lambda **given: {"objects": objects_kept(**given)},
}

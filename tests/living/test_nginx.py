"""nginx as a proxy and the model decide alike: which server is tried, with which status, how long it takes."""

from __future__ import annotations

from typing import Any

from judged import disagreements


def test_what_is_tried_after_a_failure_and_how_many_a_worker_holds(replayed: Any) -> None:
    found = replayed("nginx")
    assert not disagreements(found)
    assert len(found.verdicts) >= 15

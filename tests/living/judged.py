"""What the tests of living components share: skips with their reason, and the cases that differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from novamodel.errors import UserError
from novamodel.verify import Replayed


@contextmanager
def skipped_where_missing() -> Iterator[None]:
    """A program that is not installed, or does not start, skips the test with those words."""
    try:
        yield
    except UserError as missing:
        pytest.skip(str(missing))


def disagreements(found: Replayed) -> list[tuple[str, Any, Any]]:
    """Cases that differ, and those without a rule."""
    return [(one.id, one.expected, one.got or one.reason) for one in found.verdicts if one.outcome != "agreed"]

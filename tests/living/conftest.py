"""Living components on loopback, from Debian's packages and npm; a skip says what is missing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import novamodel
from novamodel.recording import record
from novamodel.recording.postgres import pgbouncer_before, postgres_server
from novamodel.verify import Replayed, replay

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside the tests
from judged import skipped_where_missing


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Not one of pytest's, which only root may enter: another session of it would close them again."""
    with tempfile.TemporaryDirectory(prefix="novamodel-living-", ignore_cleanup_errors=True) as place:
        yield Path(place)


@pytest.fixture(scope="session")
def postgres(folder: Path) -> Iterator[int]:
    """The port of a PostgreSQL with 40 connections, 3 of them reserved."""
    with ExitStack() as stack:
        with skipped_where_missing():
            port = stack.enter_context(postgres_server(folder))
        yield port


@pytest.fixture
def bouncer(folder: Path, postgres: int) -> Iterator[Callable[..., int]]:
    """`bouncer(settings, of_database)` starts a PgBouncer and gives its port."""
    with ExitStack() as stack:

        def start(settings: dict[str, Any], of_database: str = "") -> int:
            with skipped_where_missing():
                return stack.enter_context(pgbouncer_before(folder, postgres, settings, of_database))

        yield start


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Replayed]:
    """`replayed(component)`: what `novamodel record` has just written of it, as `novamodel verify` answers it."""

    def make(component: str) -> Replayed:
        with skipped_where_missing():
            file, _, cases = record(component, tmp_path_factory.mktemp(component))
        (found,) = replay([file], novamodel.load)
        assert len(found.verdicts) == cases
        return found

    return make

"""Calls the command line in this process and gives back what it left."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from novamodel.cli import main


class Outcome(NamedTuple):
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """`call("run", "novabank")` in an empty current folder, as in CI (no progress lines)."""
    monkeypatch.setenv("CI", "true")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Outcome(code, *capsys.readouterr())

    return run

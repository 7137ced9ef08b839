"""`novamodel diff` on the command line: forms of output and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.test_diff import SCENARIO


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(SCENARIO)
    return file


SLOW = ("--replications", "2", "--set", "database.statements.read.cpu=40 ms exponential")


def test_screen_markdown_and_json(call: Callable, tiny: Path) -> None:
    shown = call("diff", tiny, *SLOW, "--set", "run.duration=10 s")
    assert (shown.code, shown.err) == (0, "")
    assert "MISSED" in shown.out
    assert "database.statements.read.cpu.busy" in shown.out
    assert "2 pairs of replications of 10 s" in shown.out
    assert "**p99" in call("diff", tiny, *SLOW, "--markdown").out
    found = json.loads(call("diff", tiny, tiny, *SLOW, "--json").out)
    assert found["replications"] == 2


def test_no_cell_is_broken_where_no_terminal_reads(call: Callable, tmp_path: Path) -> None:
    name = "a-service-with-a-name-that-is-as-long-as-names-of-services-become-in-some-larger-companies"
    file = tmp_path / f"{'folder-' * 12}tiny.yaml"
    file.write_text(SCENARIO.replace("  web:", f"  {name}:"))
    path = f"services.{name}.resources.cpu_request"
    shown = call("diff", file, "--replications", "2", "--set", "run.duration=5 s", "--set", f"{path}=600m").out
    row = next(line for line in shown.splitlines() if path in line)
    assert f"500m ({file.name}:7)" in row
    assert "600m (override)" in row


def test_a_gate_for_a_pipeline(call: Callable, tiny: Path) -> None:
    assert call("diff", tiny, *SLOW, "--fail-on-worse").code == 99
    same = (*SLOW[:2], "--set", "services.web.replicas=3", "--fail-on-worse")
    assert call("diff", tiny, tiny, *same).code == 0


@pytest.mark.parametrize("words", [("novabank",), ("novabank", "nowhere"), ("a", "b", "--json", "--markdown")])
def test_mistakes_are_one_line(call: Callable, words: tuple[str, ...]) -> None:
    outcome = call("diff", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1

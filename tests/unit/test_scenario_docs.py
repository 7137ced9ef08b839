"""Every example of docs/scenario.md is a scenario, laid over the first one."""

import re
from pathlib import Path

import pytest

from novamodel.scenario import load_scenario
from novamodel.scenario.recordings import Recorded
from tools import reference

PAGE = (Path(__file__).parents[2] / "docs" / "scenario.md").read_text(encoding="utf-8")
FIRST, *EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples():
    assert len(EXAMPLES) > 12


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_scenario(tmp_path, example):
    (tmp_path / "tiny.yaml").write_text(FIRST)
    (tmp_path / "more.yaml").write_text(f"extends: tiny.yaml\n{example}")
    (tmp_path / "access.log").write_text("recorded\n")
    base = load_scenario(tmp_path / "tiny.yaml")
    more = load_scenario(tmp_path / "more.yaml", inspect=lambda *_: Recorded("0", 10, 5.0, {"look": 10}))
    assert more.content_hash() != base.content_hash()


def test_the_reference_is_what_the_models_say():
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "run: make reference"

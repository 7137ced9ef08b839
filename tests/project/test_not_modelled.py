"""What is not modelled is said in one place, and the README says the same."""

from __future__ import annotations

import re
from pathlib import Path

from novamodel.scenario.not_modelled import NOT_MODELLED

ROOT = Path(__file__).parents[2]


def test_the_readme_lists_exactly_what_the_registry_does():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## What is not modelled yet")[1].split("\n## ")[0]
    assert re.findall(r"^\* (.+)$", section, re.MULTILINE) == list(NOT_MODELLED.values())


def test_importers_name_a_missing_feature_only_through_the_registry():
    """A sentence of its own would go on denying what has been built since."""
    for file in (ROOT / "novamodel" / "importers").rglob("*.py"):
        for line in file.read_text(encoding="utf-8").splitlines():
            said = re.search(r"draft\.leave\(.*\"[^\"{]*\bis not modelled", line)
            assert not said or "query_wait_timeout" in line, f"{file.name}: {line.strip()}"

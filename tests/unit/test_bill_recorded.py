"""Other people's worked costs: resources of Terraform fixtures, each with its declared use and its expected lines."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import novamodel as nm
from novamodel.scenario.declared import Declared
from tests.recorded_costs import alone

TESTS = Path(__file__).parents[1]
RECORDED = json.loads((TESTS / "recorded" / "terraform_costs.json").read_text(encoding="utf-8"))
BASE = nm.load(TESTS / "bills" / "rds-gp2")
BY_TYPE: dict[str, list[dict[str, Any]]] = {}
for _case in RECORDED["cases"]:
    BY_TYPE.setdefault(_case["resources"][0]["type"], []).append(_case)


@pytest.mark.parametrize("kind", sorted(BY_TYPE))
def test_recorded_costs_to_the_cent(kind: str) -> None:
    """Every recorded line of the kind is on our bill, with the same amount; none is given twice."""
    for case in BY_TYPE[kind]:
        resources = [Declared(**one) for one in case["resources"]]
        bill = alone(BASE, resources, case["region"])
        missing = Counter(Decimal(amount) for _, amount in case["lines"]) - Counter(line.amount for line in bill.lines)
        assert not missing, (case["id"], missing)


def test_nearly_all_recorded_lines_are_ours() -> None:
    """The recorded file counts what it holds: 94 % of its lines are ours, others follow other rules."""
    lines = sum(len(case["lines"]) for case in RECORDED["cases"])
    left = sum(len(case["open"]) for case in RECORDED["cases"])
    assert (lines, lines + left) == (RECORDED["meta"]["lines"], RECORDED["meta"]["of"])
    assert lines > 1_000
    assert lines / (lines + left) > 0.93

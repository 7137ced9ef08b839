"""Worked bills of AWS's own pages, calculator and invoices, answered by the route that users take.

`answer(case)` takes one element of `examples` in `data/conformance/aws_examples.json`, says it in the usage language
and prices it with `cost.price`: nothing here multiplies a price. A case uses the unit prices it prints, in the place
of the book's; where it prints none, the region's price book. `agrees(case, answer)` compares total and lines
with what the source states, to the cent.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from novamodel.cost.money import CENT
from novamodel.errors import UserError
from novamodel.resources import data_dir
from novamodel.verify import aws_compute as case_compute
from novamodel.verify import aws_network as case_network
from novamodel.verify.aws_form import Answer, Case

RULES: Mapping[str, Callable[[Case], Answer]] = {**case_compute.RULES, **case_network.RULES}
SUPPORTED_KINDS = tuple(sorted(RULES))


def load_cases() -> list[dict[str, Any]]:
    """The recorded examples that travel with novamodel."""
    file = data_dir() / "conformance" / "aws_examples.json"
    return list(json.loads(file.read_text(encoding="utf-8"))["examples"])


def answer(case: Mapping[str, Any]) -> Answer:
    """Total and lines of one worked example.

    Raises `UserError` for a kind or an input that has no rule here.
    """
    kind = case["kind"]
    if kind not in RULES:
        raise UserError(f"case {case['id']}: kind {kind} is not answered", valid=SUPPORTED_KINDS)
    return RULES[kind](Case.read(case))


def agrees(case: Mapping[str, Any], given: Answer) -> bool:
    """Whether total and every stated line agree, within half a cent or the case's own `recomputes_within`.

    The names of lines are the source's words, so lines are matched by amount, each of ours used once.
    """
    tolerance = max(CENT / 2, Decimal(str(case.get("recomputes_within", 0))))
    if abs(given.total - Decimal(str(case["stated_total"]))) > tolerance:
        return False
    ours = list(given.lines.values())
    for line in case["stated_lines"]:
        stated = Decimal(str(line["amount"]))
        match = min(ours, key=lambda amount: abs(amount - stated), default=None)
        if match is None or abs(match - stated) > tolerance:
            return False
        ours.remove(match)
    return True

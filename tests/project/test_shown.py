"""Every public object shows itself as a small table, in a terminal and in a notebook, and never as a dump."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import pytest

import novamodel as nm
from novamodel.batch import SweepRun
from novamodel.scenario import rests_on
from novamodel.showing import MOST_ROWS, Shown, as_html, as_text, number
from novamodel.workflows.operate import operate
from novamodel.workflows.plan import Plan

WINDOW = {"run.duration": "10 s", "run.warm_up": "5 s", "run.replications": 2, "run.precision": None}
QUIET = {"traffic.peak": "60 requests/s"}
"""Few requests: what is shown counts here, not what it says."""
MOST_LINES, MOST_WIDE, MOST_CHARACTERS, MOST_HTML = 45, 240, 4500, 9000
"""Of what is shown: lines, characters of a line, characters, characters of HTML."""


@cache
def scenario() -> nm.Scenario:
    return nm.load("novabank").override(WINDOW | QUIET)


@cache
def made(name: str) -> Any:
    """An object of each public class."""
    grown = scenario().override({"database.cores": 4})
    return {
        "Scenario": scenario,
        "Result": lambda: nm.simulate(scenario()),
        "Comparison": lambda: nm.compare(scenario(), grown),
        "Difference": lambda: nm.diff(scenario(), grown),
        "MonthlyCost": lambda: nm.bill(scenario(), made("Result")),
        "Knee": lambda: nm.knee(scenario(), quick=True),
        "Sizing": lambda: nm.size(scenario(), duration_s=10.0, replications=2, budget=2),
        "Answer": lambda: answer_of_parts(),
        "SweepRun": lambda: SweepRun("a folder", 100, 60, 1, 39, 0, ()),
        "Explored": lambda: nm.questions.explore(scenario(), quick=True),
    }[name]()


def answer_of_parts() -> nm.Answer:
    """An answer put together from what the other tests have made, without a day of operations."""
    quiet, cost = scenario().override({"operations": []}), made("MonthlyCost")
    plan = Plan(scenario(), rests_on(scenario()), made("Result"), made("Knee"), None, made("Sizing"), cost)
    return nm.Answer(plan, None, operate(quiet, cost, quick=True))


def public_classes() -> list[str]:
    """Classes among the public names that are no errors."""
    kinds = {name: getattr(nm, name) for name in nm.__all__}
    return sorted(n for n, kind in kinds.items() if inspect.isclass(kind) and not issubclass(kind, Exception))


def is_small(text: str) -> bool:
    lines = text.splitlines()
    return len(text) <= MOST_CHARACTERS and len(lines) <= MOST_LINES and max(map(len, lines)) <= MOST_WIDE


@pytest.mark.parametrize("name", [*public_classes(), "SweepRun", "Explored"])
def test_it_shows_itself_as_a_small_table(name: str):
    one = made(name)
    assert type(one).__name__ == name
    text, html = repr(one), one._repr_html_()
    assert is_small(text), text
    assert len(text.splitlines()) > 2, "a line is no table"
    assert "object at 0x" not in text + html
    assert not re.search(r"\w+\(\w+=", text), "fields of a class are dumped"
    assert html.count("<table") == 1
    assert len(html) <= MOST_HTML
    assert "<script" not in html


@pytest.mark.parametrize("name", public_classes())
def test_what_it_holds_shows_itself_shortly_too(name: str):
    one = made(name)
    names = [part for part in dir(one) if not part.startswith(("_", "model_"))]
    for part in names:
        value = inspect.getattr_static(type(one), part, None)
        held = None if inspect.isfunction(value) else getattr(one, part)
        for inner in held[:3] if isinstance(held, tuple | list) and not hasattr(held, "_fields") else [held]:
            if type(inner).__module__.startswith("novamodel") and not hasattr(type(inner), "model_fields"):
                assert is_small(repr(inner)), f"{name}.{part}: {repr(inner)[:300]}"
                assert "object at 0x" not in repr(inner), f"{name}.{part}"


def test_every_answer_of_a_question_shows_its_headline():
    answers = [getattr(nm.questions, name) for name in dir(nm.questions)]
    kinds = [kind for kind in answers if inspect.isclass(kind)]
    assert kinds
    assert [kind.__name__ for kind in kinds if not (hasattr(kind, "_shown") and "_repr_html_" in dir(kind))] == []


def test_a_long_table_is_cut_and_says_so():
    shown = Shown("title", ("a", "b"), [(str(row), "x" * 100) for row in range(50)], ["", "a note"])
    text, html = as_text(shown), as_html(shown)
    assert f"... {50 - MOST_ROWS} more rows" in text
    assert max(map(len, text.splitlines())) < 100
    assert html.count("<tr>") == MOST_ROWS + 1
    assert as_text(Shown("title")) == "title"


def test_text_is_escaped_in_html():
    assert "<b>x" not in as_html(Shown("<b>x", ("<b>x",), [("<b>x",)], ["<b>x"])).replace("<p><b>&lt;b&gt;x", "")


@pytest.mark.parametrize(("value", "text"), [(float("nan"), "-"), (0.123456, "0.1235"), (123456.7, "123,457")])
def test_numbers_have_four_digits(value: float, text: str):
    assert number(value) == text

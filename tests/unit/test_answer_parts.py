"""A report ends on any system: each part of an answer fails in turn, and the rest is there and says why."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.report import conclusion, operating_tables, screen_text
from novamodel.resources import notebooks_dir
from novamodel.workflows import answer as answering
from novamodel.workflows import operate as operating
from novamodel.workflows.answer import Answer, to_json
from novamodel.workflows.plan import load_runs
from novamodel.workflows.plan import made as planning
from tests.unit.test_rests_on import MINE

PARTS = {
    "peak": (answering, "simulate"),
    "knee": (load_runs, "knee"),
    "fixes": (planning, "tried_fixes"),
    "sizing": (planning, "size"),
    "bill": (planning, "bill"),
    "operations": (operating, "planned_operations"),
    "logs": (operating, "log_volume"),
    "metrics": (operating, "metric_volume"),
    "recovery": (operating, "recovery_plan"),
    "cost of running it": (operating, "monthly_total"),
}
LABELS = {"peak": "SLO", "knee": "FIRST LIMIT", "fixes": "FIX", "sizing": "SIZE", "bill": "COST"}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> nm.Scenario:
    file = tmp_path_factory.mktemp("parts") / "mine.yaml"
    file.write_text(MINE + "run: {duration: 20 s, warm_up: 2 s, replications: 2}\n")
    return nm.load(file)


@pytest.fixture(scope="module")
def whole(scenario: nm.Scenario) -> Answer:
    return nm.answer(scenario, quick=True)


@pytest.fixture
def made(whole: Answer, scenario: nm.Scenario, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """The answer with one part failing; the others are those that were made once."""

    def make(part: str, problem: Exception) -> Answer:
        known = (whole.result, whole.knee, whole.plan.fixes, whole.sizing, whole.cost)
        for (room, name), value in zip(PARTS.values(), known, strict=False):
            monkeypatch.setattr(room, name, lambda *_, value=value, **__: value)

        def broken(*_: Any, **__: Any) -> Any:
            raise problem

        monkeypatch.setattr(*PARTS[part], broken)
        return nm.answer(scenario, quick=True)

    return make


def plain(found: Answer) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(to_json(found.to_dict()))
    return value


def test_a_whole_answer_has_no_failed_part(whole: Answer) -> None:
    assert plain(whole)["failed"] == []
    assert "not known" not in screen_text(plain(whole))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("fault", [True, False])
def test_a_part_that_fails_says_why_and_the_rest_is_there(
    made: Callable[..., Answer], whole: Answer, part: str, fault: bool
) -> None:
    found = made(part, RuntimeError("out of\nluck") if fault else UserError("out of luck", valid="more of it"))
    answer, complete = plain(found), plain(whole)
    why = "RuntimeError: out of luck" if fault else "out of luck (valid: more of it)"
    assert answer["failed"] == [{"part": part, "why": why, "fault": fault}]
    assert found.parts.fault is fault
    missing = {
        "peak": {"slo", "rejected", "replications", "digest", "warnings"},
        "knee": {"first_limit", "load_multiple_at_breach", "breach_low", "breach_high", "bottleneck", "fixes"},
        "fixes": {"fixes"},
        "sizing": {"size", "advice", "certainty"},
        "bill": {"cost", "prices_date"},
    }.get(part, set())
    for key in complete.keys() - missing - {"failed", "operating", "cost", "figures"}:
        assert answer[key] == complete[key], key
    assert answer["operating"]["recovery"] == ([] if part == "recovery" else complete["operating"]["recovery"])
    screen = " ".join(screen_text(answer).split())
    assert f"not known: {why}" in screen
    assert f"{part}: {why}" in str(conclusion(answer))
    for other, label in LABELS.items():
        assert (f"{label} not known" in screen) is (other == part and part != "peak")
    shown = "".join(str(table) for table in operating_tables(answer))
    assert (why in shown) is (part not in LABELS)


def test_input_that_no_part_can_be_made_of_is_the_users_mistake(
    scenario: nm.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise UserError("nothing fits")

    for part in ("peak", "knee", "sizing", "bill"):
        monkeypatch.setattr(*PARTS[part], broken)
    with pytest.raises(UserError, match="nothing fits"):
        nm.answer(scenario, quick=True)


def run_notebook(found: Answer, out: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The code cells of the report's notebook, run here; what they show."""
    shown: list[Any] = []
    monkeypatch.setattr(nm, "answer", lambda *_, **__: found)
    monkeypatch.setattr(nm, "load", lambda _, **__: SimpleNamespace(override=lambda _: found.scenario))
    names: dict[str, Any] = {"display": lambda *things: shown.extend(things)}
    cells = json.loads((notebooks_dir() / "00_report.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            *body, last = "".join(cell["source"]).rstrip().split("\n")
            source = "\n".join(body)
            try:
                code = compile(last, "cell", "eval")
            except SyntaxError:
                exec("\n".join([*body, last]), names)
            else:
                exec(source, names)
                shown.append(eval(code, names))
            names["out"] = str(out)
    return shown


@pytest.mark.parametrize("part", ["peak", "knee", "sizing", "bill", "operations"])
def test_the_notebook_ends_and_shows_why(
    made: Callable[..., Answer], part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made(part, ValueError("out of luck"))
    shown = run_notebook(found, tmp_path, monkeypatch)
    assert any("out of luck" in str(one) for one in shown)
    assert len([one for one in shown if type(one).__name__ == "Figure"]) >= 3
    written = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert [row["part"] for row in written["failed"]] == [part]
    assert written["rests_on"] == plain(found)["rests_on"]
    assert (tmp_path / "bill.csv").exists()
    assert "ASSUMED" in str(shown[0])


def test_a_figure_that_fails_is_a_part_that_fails(
    whole: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saturation(*_: Any) -> Any:
        raise IndexError("no tier")

    monkeypatch.setattr(nm.figures, "saturation", saturation)
    found = Answer(**{name: getattr(whole, name) for name in whole.__dataclass_fields__ if name != "parts"})
    run_notebook(found, tmp_path, monkeypatch)
    written = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert written["failed"] == [{"part": "figure saturation", "why": "IndexError: no tier", "fault": True}]

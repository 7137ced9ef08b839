"""The question of what breaks first: retries as a fixed point, and fixes one at a time."""

import pandas as pd
import pytest

import novamodel as nm
from novamodel.questions.first_break.retry_storm import offered_with_retries, storm_rows
from novamodel.sizing import knee
from novamodel.workflows.plan.fixes import AS_NOW, fixes_of


def table(failed: list[float]) -> pd.DataFrame:
    """Failures at 100, 200, ... requests/s; today's peak is 100 requests/s."""
    loads = [100.0 * (n + 1) for n in range(len(failed))]
    good = [load * (1 - share) for load, share in zip(loads, failed, strict=True)]
    return pd.DataFrame(
        {"multiple": [x / 100 for x in loads], "offered_per_s": loads, "goodput_per_s": good, "failed": failed}
    )


def test_failures_that_do_not_depend_on_load_make_a_geometric_series():
    failing = table([0.2] * 10)
    load = offered_with_retries(300.0, failing, 3, start_per_s=300.0)
    assert load == pytest.approx(300 * (1 + 0.2 + 0.04 + 0.008), rel=1e-9)
    assert offered_with_retries(300.0, failing, 0, start_per_s=900.0) == pytest.approx(300, rel=1e-9)


def test_a_steep_wall_keeps_a_storm_alive():
    """At 400/s all is answered and from 600/s on nothing: 300/s is calm, or four times 300/s when a surge came."""
    failing = table([0, 0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1])
    assert offered_with_retries(300.0, failing, 3, start_per_s=300.0) == pytest.approx(300)
    assert offered_with_retries(300.0, failing, 3, start_per_s=1200.0) == pytest.approx(1200)
    rows = storm_rows(failing, 3)
    stays = rows[rows["offered_storm_per_s"] > 1.05 * rows["offered_per_s"]]
    assert 150 <= stays["fresh_per_s"].min() <= 180  # below 150/s even four tries are less than the wall's 600/s
    assert (stays["goodput_storm_per_s"] < stays["goodput_per_s"]).any()


def test_a_system_that_never_fails_has_no_storm():
    rows = storm_rows(table([0.0] * 5), 10)
    assert (rows["offered_storm_per_s"] - rows["fresh_per_s"]).abs().max() < 1e-6


def test_fixes_change_something_and_are_legal_on_every_platform():
    for name in ("novabank", "novabank-ecs", "novabank-compose"):
        scenario = nm.load(name)
        first, *rest = fixes_of(scenario, "core-api cpu")
        assert first == AS_NOW
        assert len(rest) >= 3
        for fix in rest:
            assert scenario.override(fix.overrides).content_hash() != scenario.content_hash()
            assert " -> " in fix.change


def title(figure) -> str:
    """A figure's title without its line breaks."""
    return figure.layout.title.text.replace("</b><br><b>", " ")


@pytest.fixture(scope="module")
def answer():
    return nm.questions.what_breaks_first(nm.load("novabank"), quick=True, seed=5)


def test_the_knee_is_the_one_of_the_report(answer):
    found = knee(nm.load("novabank"), quick=True, seed=5)
    assert (found.load_multiple_at_breach, found.first_limit) == (answer.breach, answer.knee.first_limit)


def test_fixes_are_ranked_by_gain_for_a_dollar_against_the_same_customers(answer):
    frame = answer.fixes
    assert (frame["worth"].diff().dropna() <= 1e-12).all()
    now = frame.set_index("fix").loc["as now"]
    assert now["gain"] == 0
    assert now["low"] <= now["multiple"] <= now["high"]
    assert now["multiple"] == answer.breach  # one measurement: the knee, the fixes and the sentences agree
    assert f"from {answer.breach:.3g} x" in answer.conclusion()
    assert f"from {answer.breach:.3g} x" in title(nm.figures.fixes(answer))
    assert f"holds up to {answer.breach:.3g} x" in title(nm.figures.knee(answer.knee))
    assert f"from {answer.breach:.3g} x" in title(nm.figures.saturation(answer.knee))
    chance = frame[(frame["multiple"] / answer.breach - 1).abs() < 0.05]
    assert (chance["gain"] == 0).all()
    assert abs(now["cost_more"]) < 1e-9
    assert answer.cost_month == pytest.approx(float(nm.bill(answer.scenario).mid.total), rel=1e-9)


def test_the_answer_says_figures_and_sentences(answer):
    assert 1 < answer.breach < 8
    assert set(answer.headline()) >= {"load multiple at the knee"}
    text = answer.conclusion()
    assert "First limit" in text
    assert "220 of 100 pgbouncer clients" in text
    assert ("but not what gives out first" in text) == (answer.knee.first_tier != "pgbouncer clients")
    assert f"{answer.retries} times" in text
    assert answer.failing["failed"].iloc[-1] > answer.failing["failed"].iloc[0]
    assert "retry 3 times" in nm.figures.retry_storm(answer).layout.title.text
    assert len(nm.figures.fixes(answer).data[0].y) == len(answer.fixes)


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"slo": []}, {}, "slo"),
        ({}, {"retries": -1}, "-1 retries"),
        ({}, {"timeout_s": 0}, "time-out of 0 s"),
    ],
)
def test_what_cannot_be_is_refused(changes, options, words):
    with pytest.raises(nm.UserError, match=words):
        nm.questions.what_breaks_first(nm.load("novabank").override(changes), quick=True, **options)

"""Parameters of a notebook: unknown ones are refused, overrides may be a mapping or a text."""

import pytest

from novamodel.errors import UserError
from novamodel.parameters import checked_parameters, fits

DECLARED = 'scenario: str = "novabank"\noverrides: dict | str = {}\nseed: int | None = None\nquick: bool = False'


def names(injected="", **values):
    cells = ["", DECLARED, *([f"# Parameters\n{injected}"] if injected else []), "%matplotlib inline"]
    return {"In": cells, "scenario": "novabank", "overrides": {}, "seed": None, "quick": False} | values


def test_what_the_notebook_has_passes():
    assert checked_parameters(names('scenario = "mine.yaml"\nseed = 3', scenario="mine.yaml", seed=3)) == {}
    assert checked_parameters({"overrides": {"a.b": 1}}) == {"a.b": 1}  # not in IPython: nothing to check by


def test_names_that_a_user_makes_later_are_no_parameters():
    assert checked_parameters(names(answer=3, scenaro=4)) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (names("scenaro = 'mine.yaml'", scenaro="mine.yaml"), "no parameter 'scenaro'"),
        (names("quick = 'yes'", quick="yes"), "parameter quick: 'yes' is a str"),
        (names("seed = 1.5", seed=1.5), "int | None"),
        (names(overrides=[1]), "parameter overrides: [1] is a list"),
        (names(overrides="traffic.peak"), "overrides: 'traffic.peak' is not PATH=VALUE"),
    ],
)
def test_a_mistake_is_named(given, words):
    with pytest.raises(UserError) as caught:
        checked_parameters(given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("traffic.peak=9/s; services.api.replicas=5", {"traffic.peak": "9/s", "services.api.replicas": 5}),
        ("traffic.peak=9/s", {"traffic.peak": "9/s"}),
        ('{"traffic.peak": "900 requests/s"}', {"traffic.peak": "900 requests/s"}),
        ("edge.limits: {}", {"edge.limits": {}}),
        ("", {}),
    ],
)
def test_overrides_as_a_text(text, changes):
    assert checked_parameters(names(overrides=text)) == changes


def test_kinds():
    assert fits(3, "int | None")
    assert fits(None, "int | None")
    assert not fits(True, "int")
    assert not fits("x", "dict[str, int]")
    assert fits("x", "Path")

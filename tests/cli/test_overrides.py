"""`--set PATH=VALUE`: how the value is read."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel.cli.overrides import changes_from, load
from novamodel.errors import UserError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("0.5", 0.5),
        ("1e-3", 1e-3),
        ("500m", "500m"),
        ("600 requests/s", "600 requests/s"),
        ("70 %", "70 %"),
        ("17:50", "17:50"),
        ("'17:50'", "17:50"),
        ("true", True),
        ("null", None),
        ("p99 < 300 ms", "p99 < 300 ms"),
        ("[p99 < 300 ms, errors < 0.1 %]", ["p99 < 300 ms", "errors < 0.1 %"]),
        ("{kind: ecs, zones: 2}", {"kind": "ecs", "zones": 2}),
        ("a=b", "a=b"),
        ("2026-11-01", "2026-11-01"),
        ("{1: 2}", {"1": 2}),
    ],
)
def test_value_is_read_as_yaml(text: str, value: Any) -> None:
    assert changes_from([f"some.path={text}"]) == {"some.path": value}


def test_last_of_two_changes_of_one_path_holds() -> None:
    assert changes_from(["a=1", "b=2", "a=3"]) == {"a": 3, "b": 2}
    assert changes_from(None) == {}


def test_changes_reach_the_scenario_and_say_who_made_them() -> None:
    scenario = load("novabank", ["traffic.peak=600 requests/s", "services.core-api.replicas=5"], 3, 2)
    assert (scenario.traffic.peak, scenario.services["core-api"].replicas) == (600, 5)
    assert (scenario.run.seed, scenario.run.replications) == (3, 2)
    assert scenario.origin("traffic.peak").kind == "override"


def test_alias_in_a_value_cannot_grow() -> None:
    with pytest.raises(UserError):
        changes_from(["slo=&a [*a]"])


NOVABANK = load("novabank")
PATHS = list(NOVABANK.paths())
WORDS = "0 1 -1 .nan .inf null true [] {} [1] '' 1e309 1/s -1/s 5 % s MiB : # & * ! | > @"
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=80)
@given(path=st.sampled_from(PATHS), value=st.lists(PIECES | st.text(max_size=4), min_size=1, max_size=3).map(" ".join))
def test_any_value_gives_a_scenario_or_one_clear_error(path: str, value: str) -> None:
    try:
        found = NOVABANK.override(changes_from([f"{path}={value}"])).heading
    except UserError as problem:
        found = str(problem)
    assert "\n" not in found.strip()


def test_a_change_that_something_overrules_says_what_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    load("novabank", ["services.core-api.replicas=5"])
    said = capsys.readouterr().err
    assert "services.core-api.replicas=5 changes nothing: the autoscaler (3 to 10) sets the count" in said
    assert "services.core-api.autoscaler.min_replicas" in said
    load("novabank", ["services.core-api.replicas=5", "run.start_state=given"])  # there it is what a run begins with
    load("novabank", ["services.core-api.replicas=5", "services.core-api.autoscaler=null"])
    load("novabank", ["services.admin-interface.replicas=2"])
    assert "changes nothing" not in capsys.readouterr().err
    load("novabank", ["platform.node_groups={a: {type: m6i.large}}", "platform.node_type=m6i.xlarge"])
    assert "platform.node_groups.a.type" in capsys.readouterr().err

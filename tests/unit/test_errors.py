"""The user's error prints on one line with its place and what would be valid, also after a process pool."""

import pickle

import pytest

from novamodel.errors import UserError, one_line


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({}, "wrong"),
        ({"file": "a.yaml"}, "a.yaml: wrong"),
        ({"file": "a.yaml", "line": 3}, "a.yaml:3: wrong"),
        ({"line": 3}, "line 3: wrong"),
        ({"file": "a.yaml", "line": 3, "path": "slo.p99"}, "a.yaml:3: slo.p99: wrong"),
        ({"path": "slo.p99"}, "slo.p99: wrong"),
    ],
)
def test_place_of_the_mistake(place: dict, shown: str):
    assert str(UserError("wrong", **place)) == shown


def test_nearest_valid_name_is_named_first():
    error = UserError("unknown key", valid=["cpu", "memory", "replicas"], given="replica")
    assert str(error) == "unknown key (valid: did you mean replicas? one of replicas, cpu, memory)"


def test_long_list_of_valid_names_is_cut_and_says_so():
    text = str(UserError("unknown", valid=[f"name{i}" for i in range(30)]))
    assert "name11 and 18 more" in text
    assert "name12" not in text


def test_always_one_line():
    error = UserError("one\n  two", file="a\nb", path="c\n", valid="d\n\te")
    assert str(error) == "a b: c: one two (valid: d e)"
    assert one_line(" a \n b ") == "a b"


def test_survives_a_process_pool():
    error = UserError("unknown", file="f", line=2, path="p", valid=["abc", "b"], given="abd")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert (again.where, again.exit_code) == ("f:2: p", 2)

"""`novamodel record`: mistakes are said in one line, and what it writes is what `verify --cases` reads."""

from __future__ import annotations

import json

import pytest

from novamodel import recording
from novamodel.recording.form import case


def test_an_unknown_component(call):
    done = call("record", "mysql")
    assert done.code == 2
    assert "no recorder for 'mysql'" in done.err
    assert "nginx, pgbouncer, redis" in done.err


@pytest.mark.parametrize(("component", "package"), [("nginx", "nginx-light"), ("redis", "redis-server")])
def test_a_program_that_is_not_installed_is_named_with_its_package(call, monkeypatch, component, package):
    monkeypatch.setenv("PATH", "")
    done = call("record", component)
    assert done.code == 2
    assert f"apt install {package}" in done.err


def test_what_is_written_is_what_verify_reads(call, monkeypatch, tmp_path):
    """A recorder that saw one thing rightly and one wrongly."""
    seen = [
        case("redis", 1, "hash_slot", {"key": "{user1000}.x"}, {"slot": 3443, "hashed_part": "user1000"}),
        case("redis", 2, "lfu_counter", {"log_factor": 0, "initial_counter": 5, "hits": 100}, {"mean_counter": 5},
             {"mean_counter": {"abs": 2, "rel": 0.1}}),
    ]  # fmt: skip
    monkeypatch.setitem(recording._RECORDERS, "redis", ("redis", "two cases", lambda folder: ("Redis 0.0", seen)))
    told = json.loads(call("record", "redis", "--out", tmp_path / "mine", "--json").out)
    assert (told["version"], told["cases"]) == ("Redis 0.0", 2)
    done = call("verify", "--cases", tmp_path / "mine", "--json")
    assert done.code == 1
    found = json.loads(done.out)["files"]["redis.json"]
    assert (found["agreed"], found["differed"], found["not_modelled"]) == (1, 1, 0)
    assert found["differences"][0]["id"] == "redis/lfu_counter/0002"

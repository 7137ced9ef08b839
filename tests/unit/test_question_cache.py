"""The question of the cache: closed form beside the replay, what binds, nodes with prices, a cold cache."""

import re

import pytest

import novamodel as nm
from novamodel.errors import UserError


@pytest.fixture(scope="module")
def novabank():
    """A short lifetime, so that a quick replay is longer than it; without the noise of the daily report."""
    changes = {"cache.keyspaces.account.ttl": "40 s", "services.admin-interface.routes.report": [{"cpu": "1 ms"}]}
    return nm.load("novabank").override(changes)


@pytest.fixture(scope="module")
def answer(novabank):
    return nm.questions.cache(novabank, quick=True)


def test_points_lie_on_the_line(answer):
    lru = answer.replayed[answer.replayed["policy"] == "allkeys-lru"]
    assert len(lru) == 3
    assert lru["whole"].all()
    assert (lru["hit_ratio"] - lru["closed"]).abs().max() < 0.02
    assert (answer.replayed["hit_ratio"] - answer.replayed["closed"]).abs().max() < 0.04  # LFU has an estimate only
    assert set(answer.replayed["policy"]) == {"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl"}
    middle = answer.replayed.groupby("memory").get_group(answer.replayed["memory"].iloc[1]).set_index("policy")
    assert middle.loc["allkeys-random", "hit_ratio"] < middle.loc["allkeys-lfu", "hit_ratio"]


def test_the_answer_is_what_a_run_shows(answer, novabank):
    now = answer.replayed[answer.replayed["now"]].iloc[0]
    run = nm.simulate(novabank.override({"traffic.shape": "constant", "run.duration": "2 min", "run.replications": 2}))
    assert run.estimate("hit ratio", "account").value == pytest.approx(now["hit_ratio"], abs=0.01)
    assert run.estimate("hit ratio", "account").value == pytest.approx(answer.hit_ratio, abs=0.01)


def test_memory_does_not_bind_and_the_cheapest_node_does(answer):
    assert answer.needed_bytes < answer.scenario.cache.memory
    assert answer.chosen["node_type"] == "cache.t4g.micro"
    assert answer.chosen["cost_month"] == answer.nodes["cost_month"].min() > 0
    bounds = answer.bounds.set_index("what")
    assert bounds.loc["no lifetime", "hit_ratio"] > bounds.loc["as deployed", "hit_ratio"]
    ten = bounds.loc["ten times the memory", "hit_ratio"]
    assert ten == pytest.approx(bounds.loc["as deployed", "hit_ratio"], abs=1e-9)
    assert "memory does not bind" in answer.conclusion()


def test_a_cold_cache_loads_the_database_until_it_is_warm(answer):
    load = answer.load
    before, first = load[load["time_s"] <= answer.emptied_s + 1e-6], answer.coldest
    assert (before["more"] == 0).all()
    assert first["more"] > 0
    assert first["more_low"] <= first["more"] <= first["more_high"]
    none = answer.bounds.set_index("what").loc["no cache (every read misses)", "database"]
    assert first["warm"] + first["more"] < none + 0.02
    assert 0 < answer.warm_s < 60


def test_a_small_cache_is_bound_by_its_memory(novabank):
    small = nm.questions.cache(novabank.override({"cache.memory": "2 MiB", "cache.node_type": None}), quick=True)
    assert "memory binds" in small.conclusion()
    assert small.chosen is None
    assert len(small.nodes_table()) == 1
    assert small.hit_ratio < 0.4
    text = " ".join(re.sub("<.*?>", " ", nm.figures.cache_curve(small).layout.title.text).split())
    assert "memory binds it" in text


def test_figures_and_tables_show_the_answer(answer, novabank):
    assert "memory does not bind" in nm.figures.cache_curve(answer).layout.title.text
    assert "is warm after" in nm.figures.cache_cold(answer, novabank.slo).layout.title.text
    assert "chosen" in set(answer.nodes_table()[""])
    assert len(answer.bounds_table()) == 6
    assert set(answer.headline()) > {"time to warm (s)", "memory needed (MiB)"}


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({"cache.keyspaces.account.hit_ratio": 0.9}, {}, "is stated"),
        ({}, {"keyspace": "nothing"}, "no keyspace that is read"),
        ({"cache.keyspaces.account.keys": 3_000_000}, {}, "too many"),
        ({"cache.memory": "0 B"}, {}, "keeps nothing"),
        ({}, {"replications": 1}, "one replication"),
        ({"services.core-api.routes.balance": [{"cpu": "1 ms"}]}, {}, "no route reads from the cache"),
    ],
)
def test_what_cannot_be_answered_is_said(novabank, changes, asked, message):
    with pytest.raises(UserError, match=message):
        nm.questions.cache(novabank.override(changes), **asked)

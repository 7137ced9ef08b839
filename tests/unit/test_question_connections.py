"""The question of pool sizes: budgets by arithmetic, the map's band, simulated sizes, and what cannot be answered."""

import re

import pytest

import novamodel as nm
from novamodel.errors import UserError


@pytest.fixture(scope="module")
def novabank():
    return nm.load("novabank")


@pytest.fixture(scope="module")
def answer(novabank):
    return nm.questions.connections(novabank, quick=True, replications=2)


def test_the_budget_is_replicas_times_pools(answer, novabank):
    pools = answer.budget.set_index("who")
    assert pools.loc["core-api", "at_most"] == 10 * 20
    assert pools.loc["core-api", "at_least"] == 3 * 20
    assert pools.loc["all pools", "at_most"] == answer.opened_at_most == 220
    assert pools.loc["all pools", "accepted"] == novabank.database.pgbouncer.max_client_conn
    usable = novabank.database.max_connections - novabank.database.reserved_connections
    assert pools.loc["PgBouncer", "accepted"] == usable
    assert answer.largest == (100 - 20) // 10
    assert "overflows" in set(answer.budget_table()["verdict"])


def test_the_map_overflows_by_arithmetic_and_waits_in_small_pools(answer):
    grid = answer.grid
    assert ((grid["opened"] > answer.accepts.limit) == (grid["state"] == "overflows")).all()
    for _, column in grid.groupby("replicas"):
        assert (column.sort_values("pool")["waiting"].diff().dropna() <= 1e-12).all()
    safe = grid[(grid["replicas"] == answer.most_replicas) & (grid["state"] == "safe")]["pool"]
    assert (safe.min(), safe.max()) == (answer.smallest, answer.largest)
    assert grid["now"].sum() == 1


def test_small_pools_wait_and_time_out_and_large_ones_are_refused(answer):
    waits, slow = answer.waits.set_index("pool"), answer.slow.set_index("pool")
    assert waits.loc[1, "waited"] > waits.loc[20, "waited"]
    assert slow.loc[1, "timed_out"] > 0.1
    assert slow.loc[20, "timed_out"] < slow.loc[8, "timed_out"] < slow.loc[1, "timed_out"]
    assert slow.loc[20, "refused"] > 0
    assert (waits["waited_low"] <= waits["waited"]).all()
    assert answer.advised == answer.largest == 8
    assert "20 -> 8" in answer.conclusion()


def test_without_pgbouncer_postgres_accepts(novabank):
    direct = novabank.override({"database.pgbouncer": None, "services.core-api.autoscaler": None})
    found = nm.questions.connections(direct, sizes=[2], quick=True)
    assert found.accepts.by == "PostgreSQL"
    assert found.most_replicas == novabank.services["core-api"].replicas
    assert list(found.front["deployed"]) == [False, True]
    assert found.advised == 20
    assert found.headline()["connections accepted"] == 1799


def test_figures_state_what_was_found(answer, novabank):
    titles = [
        " ".join(re.sub("<.*?>", " ", figure.layout.title.text).split())
        for figure in (
            nm.figures.pool_map(answer),
            nm.figures.pool_growth(answer),
            nm.figures.pool_waits(answer),
            nm.figures.pool_slow(answer, novabank.slo),
        )
    ]
    assert "Pools of 2 to 8 are safe" in titles[0]
    assert "fits up to 4 replicas" in titles[1]
    assert "pool of 8 loses least" in titles[3]


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({}, {"service": "nothing"}, "no connection pool in use"),
        ({}, {"sizes": [0]}, "1 or more"),
        ({}, {"replications": 1}, "one replication"),
    ],
)
def test_what_cannot_be_answered_is_said(novabank, changes, asked, message):
    with pytest.raises(UserError, match=message):
        nm.questions.connections(novabank.override(changes), **asked)


def test_a_system_without_pools_has_no_sizes(novabank):
    routes = {"balance": [{"cpu": "1 ms"}]}
    bare = novabank.override(
        {"traffic.mix": {"balance": 1.0}, "services.core-api.routes": routes, "services.core-api.pool": None}
    )
    with pytest.raises(UserError, match="no service has a connection pool"):
        nm.questions.connections(bare, quick=True)

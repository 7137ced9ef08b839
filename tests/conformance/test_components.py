"""PgBouncer, PostgreSQL, RDS and nginx as a proxy against the recorded cases, and the rules that no case asks for."""

import json

import pytest

from novamodel.components.node.heap import heap_limit_mib, sees_container_limit
from novamodel.components.postgres.admission import admit_connection
from novamodel.components.postgres.storage import storage_scales
from novamodel.resources import data_dir
from novamodel.verify import nginx_proxy, pgbouncer, postgres_rds
from novamodel.verify.judging import AGREED, judged

MODULES = {"pgbouncer": pgbouncer, "postgres_rds": postgres_rds, "nginx_proxy": nginx_proxy}
CASES = {
    name: json.loads((data_dir() / "conformance" / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    for name in MODULES
}
GRADED = [(name, case) for name, cases in CASES.items() for case in cases if case["graded"]]


def test_the_records_are_whole():
    assert {name: sum(case["graded"] for case in cases) for name, cases in CASES.items()} == {
        "pgbouncer": 25,
        "postgres_rds": 67,
        "nginx_proxy": 22,
    }
    for name, cases in CASES.items():
        assert {case["kind"] for case in cases} == set(MODULES[name].kinds())


@pytest.mark.parametrize(("name", "case"), GRADED, ids=[case["id"] for _, case in GRADED])
def test_agrees_with_the_record(name, case):
    verdict = judged(case, MODULES[name].answer(case["kind"], case["input"]))
    assert verdict.outcome == AGREED, verdict


def timeline(events, settings=None, **server):
    given = {"pool_mode": "transaction", "default_pool_size": 2} | (settings or {})
    events = [{"client": number, "do": "query", "service_s": 0.1} | event for number, event in enumerate(events)]
    server = {"login_s": 0.01, "open_at_start": 0} | server
    return pgbouncer.answer("outage", {"settings": given, "server": server, "events": events})


def test_an_outage_lengthens_until_the_next_login_is_tried():
    """Worked before: who comes first waits, who comes later fails at once, until a login succeeds."""
    down = [{"from_s": 1.0, "to_s": 4.0}]
    found = timeline([{"t_s": t} for t in (0.5, 1.5, 2.0, 3.9, 4.1, 6.0)], {"server_login_retry_s": 4},
                     open_at_start=1, down=down)  # fmt: skip
    failing = "server login has been failing, try again later (server_login_retry)"
    assert found["outcome"] == ["ok", "ok", failing, failing, failing, "ok"]
    assert found["wait_s"][1] == pytest.approx(4.0 + 0.01, abs=0.35)  # tried again 4 s after 1.5 s
    assert found["wait_s"][2:5] == [0.0, 0.0, 0.0]


def test_a_crash_ends_what_is_under_way():
    found = timeline([{"t_s": 0.0, "service_s": 5.0}], open_at_start=1, down=[{"from_s": 1.0, "to_s": 2.0}])
    assert (found["outcome"], found["done_s"]) == (["server conn crashed?"], [1.0])


def test_query_wait_timeout_comes_before_the_login_timeout_where_it_is_shorter():
    down = [{"from_s": 0.0, "to_s": 1000.0}]
    found = timeline([{"t_s": 0.0}], {"query_wait_timeout_s": 7, "client_login_timeout_s": 60}, down=down)
    assert found["outcome"] == ["query_wait_timeout"]
    assert 7.0 < found["wait_s"][0] <= 7.334


def test_a_user_limit_holds_for_all_pools_of_the_user():
    settings = {"pool_mode": "transaction", "default_pool_size": 5, "max_db_connections": 0, "max_user_connections": 3}
    given = {"users": 2, "databases": 2, "clients_per_pool": 4, "service_s": 0.5}
    assert pgbouncer.answer("server_count", {"settings": settings, **given}) == {"server_connections": 6}
    settings |= {"max_db_connections": 2, "max_user_connections": 0}
    assert pgbouncer.answer("server_count", {"settings": settings, **given}) == {"server_connections": 4}


def test_in_session_mode_the_last_server_serves_first_and_waits_for_its_client():
    events = [
        {"t_s": 0.0, "client": 0, "service_s": 0.1},
        {"t_s": 0.3, "client": 0, "service_s": 0.1},
        {"t_s": 0.05, "client": 1, "service_s": 0.1},
        {"t_s": 1.0, "client": 0, "do": "disconnect"},
    ]
    given = {"pool_mode": "session", "default_pool_size": 1}
    found = timeline(sorted(events, key=lambda event: event["t_s"]), given, open_at_start=1)
    assert found["outcome"] == ["ok", "ok", "ok"]
    assert found["done_s"] == pytest.approx([0.1, 1.1, 0.4])


@pytest.mark.parametrize(("version", "words"), [(15, "non-replication superuser"), (16, "the SUPERUSER attribute")])
def test_the_words_of_a_refusal_follow_the_version(version, words):
    assert words in admit_connection(97, 100, 3, superuser=False, version=version).message
    assert admit_connection(100, 100, 3, superuser=True, version=version).message == "sorry, too many clients already"


def test_storage_scaling_has_three_rules():
    low = {"free_pct": 10.0, "minutes_low": 5.0, "hours_since_modification": 1.0}
    assert not storage_scales(**low, rule="current")
    assert storage_scales(**low, rule="2026", modifications_last_24h=3)
    assert not storage_scales(**low, rule="2026", modifications_last_24h=4)
    assert not storage_scales(**low | {"hours_since_modification": None}, rule="older")
    assert storage_scales(**low | {"hours_since_modification": None, "free_pct": 9.99}, rule="older")


MEASURED_HEAP = {128: 259, 512: 259, 514: 269, 520: 272, 640: 332, 768: 396, 900: 462, 1024: 524, 1030: 539, 1536: 792,
                 2050: 1073, 2100: 1098, 3000: 1548, 4100: 2096, 15871: 2096, 15872: 4144, 20000: 4144}  # fmt: skip


def test_the_heap_limit_is_nodes():
    """Node 20.20.2 in memory cgroups of these sizes (MiB), and with --max-old-space-size in one of 512 MiB."""
    assert {size: heap_limit_mib(size) for size in MEASURED_HEAP} == MEASURED_HEAP
    assert [heap_limit_mib(512, old) for old in (300, 2048)] == [303, 2051]


@pytest.mark.parametrize(
    ("version", "sees"), [("18", False), ("v18.20.4", False), ("20.2.0", False), ("20.3.0", True), ("20", True)]
)
def test_older_nodes_see_the_host(version, sees):
    assert sees_container_limit(version) is sees
    assert sees_container_limit(version, cgroup=1)

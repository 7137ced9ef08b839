"""What befalls NovaBank in a day, in short windows."""

import math

import pytest

import novamodel as nm
from novamodel.errors import UserError


@pytest.fixture(scope="module")
def answer():
    return nm.questions.operations(nm.load("novabank"), quick=True)


def test_each_event_is_there_once(answer):
    assert list(answer.events["event"]) == ["rollout", "lost zone", "cache failover", "backup"]
    assert all(result.conserved for result in answer.results.values())


def test_a_lost_zone_fails_requests_and_a_backup_does_not(answer):
    failed = answer.events.set_index("event")["failed"]
    assert failed["lost zone"] > 100
    assert abs(failed["backup"]) < 1


def test_minutes_lost_lie_within_the_window(answer):
    assert answer.events["minutes_lost"].between(0, 1).all()
    assert answer.events.set_index("event").loc["lost zone", "minutes_lost"] > 0


def test_a_run_that_ends_before_the_slo_holds_again_says_what_is_known(answer):
    zone = answer.events.set_index("event").loc["lost zone"]
    assert zone["ongoing"]
    assert zone["back_after_s"] == 60
    row = answer.table().set_index("event").loc["lost zone"]
    assert row["minutes of the SLO lost"] == f"at least {zone['minutes_lost']:.1f}"
    assert row["SLO holds again after"] == "more than 60 s"
    assert "at least" in answer.conclusion()
    assert "end before the SLO holds again: lost zone" in answer.conclusion()


def test_minutes_that_miss_the_slo_anyway_are_not_the_events_doing():
    """At three times the load three containers that nobody adds to miss the SLO in every minute, rollout or not."""
    small = nm.load("novabank-compose").override({"traffic.peak": "1350 requests/s"})
    answer = nm.questions.operations(small, quick=True)
    events = answer.events.set_index("event")
    assert events.loc["rollout", "minutes_lost"] <= 0.2
    assert events.loc["rollout", "missed_anyway"] > 0.8
    assert "missed without any event, too" in answer.conclusion()
    assert events.loc["rollout", "worst_s"] > 0.3


def test_a_standby_makes_the_failover_an_event_and_has_its_price():
    doubled = nm.load("novabank").override({"database.multi_az": True})
    events = nm.questions.operations(doubled, quick=True).events.set_index("event")
    assert events.loc["database failover", "minutes_lost"] > 0
    assert events.loc["database failover", "protection_month"] > 50


def test_what_the_deployment_cannot_meet_is_left_out():
    bare = nm.load("novabank").override({"platform.zones": 1, "cache.nodes": 1, "pricing.database_used": "0 B"})
    answer = nm.questions.operations(bare, quick=True)
    assert list(answer.events["event"]) == ["rollout"]


def test_figures_and_words(answer):
    assert len(nm.figures.operations(answer).data) == 6 * len(answer.events)  # a line and two edges of its band, twice
    assert "minutes of the SLO" in answer.conclusion()
    assert "restore, not a failover" in answer.conclusion()
    assert len(answer.table()) == len(answer.events)
    assert "never: all is lost" in set(answer.recovery_table()["data lost at worst (RPO)"])
    assert all(math.isfinite(value) for value in answer.headline().values())


def test_one_replication_is_refused():
    with pytest.raises(UserError, match="no interval"):
        nm.questions.operations(nm.load("novabank"), replications=1)

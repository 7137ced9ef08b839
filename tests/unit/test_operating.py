"""What running it takes: operations of the day, volumes with their cost, ways to recover, and how they are shown."""

import json
from dataclasses import replace

import pytest

import novamodel as nm
from novamodel.cli.show import result_text
from novamodel.questions import operations_met, planned_operations
from novamodel.report import operating_tables, screen_text
from novamodel.scenario import load_scenario
from novamodel.workflows.answer import to_json
from novamodel.workflows.month import bill, monthly_total
from novamodel.workflows.operate import operate
from tests.unit.test_diff import SCENARIO

AGENDA = """
operations:
  - {at: "18:06", lost_replica: {service: web, noticed_after: 20 s}}
  - {at: "00:00", slow_database: {factor: 50, duration: 30 s}}
  - {at: "18:05", rollout: web}
"""


@pytest.fixture(scope="module")
def novabank():
    scenario = nm.load("novabank")
    return operate(scenario, bill(scenario))


@pytest.fixture(scope="module")
def eventful(tmp_path_factory):
    file = tmp_path_factory.mktemp("operating") / "tiny.yaml"
    file.write_text(SCENARIO + AGENDA)
    return load_scenario(file).override({"edge.next_upstream.on": []})  # nobody is asked in place of a lost replica


@pytest.fixture(scope="module")
def events(eventful):
    return planned_operations(eventful, quick=True, replications=2)


def answer_of(operating):
    return {"operating": json.loads(to_json(operating.to_dict()))}


def test_every_operation_is_a_row_in_the_order_of_the_day(events):
    assert list(events["what"]) == ["slow database, 50 times", "rollout of web", "a lost replica of web"]
    assert list(events["window_s"]) == [60, 60, 60]


def test_each_is_judged_against_the_same_minutes_without_it(events):
    slow, _, lost = (row for _, row in events.iterrows())
    assert slow["lost_low"] <= slow["minutes_lost"] <= slow["lost_high"]
    assert 0.3 <= slow["minutes_lost"] <= 1  # at midnight: the window begins the day before
    assert slow["worst_s"] > 0.05
    assert 0 < slow["back_after_s"] <= 60
    assert lost["failed"] > 0


def test_what_is_missed_anyway_is_no_operations_doing(eventful):
    hopeless = eventful.override({"slo": ["p99 < 1 ms", "errors < 1 %"]})
    found = planned_operations(hopeless, quick=True, replications=2)
    assert list(found["minutes_lost"]) == [0, 0, 0]
    assert list(found["back_after_s"]) == [0, 0, 0]
    assert (found["missed_anyway"] >= 1).all()
    answer = {"operating": {"events": json.loads(found.to_json(orient="records"))}}
    assert "more are missed without it)" in " ".join(screen_text(answer).split())
    assert "at once" not in str(operating_tables(answer)[0].frame.to_dict())


def test_an_operation_ends_where_the_next_begins(eventful):
    later = eventful.override({"operations.0.at": "18:07"})
    assert list(planned_operations(later, quick=False, replications=2)["window_s"]) == [120, 120, 120]


def test_a_run_shows_the_operations_that_it_comes_to(eventful):
    window = {"run.start": "18:05", "run.duration": "2 min", "run.interval": "5 s", "run.replications": 2}
    slow = {"at": "18:06", "slow_database": {"factor": 50, "duration": "30 s"}}
    run = nm.simulate(eventful.override({**window, "operations": [slow, {"at": "18:05", "rollout": "web"}]}))
    found = operations_met(run)
    assert list(found["what"]) == ["rollout of web", "slow database, 50 times"]
    assert [*found["at_s"], found["until_s"].iloc[-1]] == [65100, 65160, 65220]
    assert found["until_s"].iloc[0] == found["at_s"].iloc[1]
    failed = run.intervals[["failed", "abandoned"]].sum(axis=1).groupby(run.intervals["replication"]).sum()
    assert found["failed"].sum() == pytest.approx(failed.mean())
    assert 0.4 <= found["minutes_missed"].iloc[1] <= 1
    assert found["minutes_missed"].iloc[0] < 0.4
    shown = result_text(run)
    assert "Operations, each until the next or the end of the run" in shown
    assert "18:06  slow database, 50 times  18:07" in shown
    assert "Operations" not in result_text(nm.simulate(eventful.override({"operations": []})))


def test_no_operations_no_rows(novabank):
    assert novabank.events.empty
    assert "minutes_lost" in novabank.events


def test_volumes_cost_what_the_bill_is_less_without_them(novabank):
    scenario, whole = novabank.scenario, monthly_total(novabank.scenario)
    for path, month in (("logs", novabank.logs_month), ("prometheus", novabank.metrics_month)):
        assert month == pytest.approx(whole - monthly_total(scenario.override({f"monitoring.{path}": "none"})))
        assert month > 0
    ingested = novabank.logs.gib_per_day * scenario.pricing.hours_per_month / 24
    assert novabank.logs_month > 0.5 * ingested  # CloudWatch takes 0.50 USD a GB
    dumped = scenario.override({"pricing.backup_bucket": f"{novabank.dump.kept_gib!r} GiB"})
    assert novabank.dumps_month == pytest.approx(monthly_total(dumped) - whole)


def test_recovery_says_what_is_declared_and_what_works(novabank):
    table = operating_tables(answer_of(novabank))[-1]
    rows = table.frame.set_index("way to recover")
    assert tuple(rows.loc["dump in a bucket"].iloc[1:4]) == ("24 h", "everything", "never")
    assert tuple(rows.loc["point-in-time recovery"].iloc[1:4]) == ("5 min", "5 min", "not known")
    assert "A dump begins at 02:00, every 24 h" in str(table)
    assert "290 GiB" in table.notes[1]


def test_a_dump_that_works_loses_more_than_is_declared(novabank):
    free = novabank.scenario.override({"title": "without faults in its scripts"})
    free._tree.findings.clear()
    dump = operate(free, bill(free)).recovery.set_index("what").loc["dump in a bucket"]
    assert dump["works"]
    assert dump["declared_s"] == 86400 < dump["rpo_s"]


def test_tables_and_screen_show_what_there_is(eventful, events, novabank):
    all_of_it = answer_of(replace(novabank, events=events))
    titles = [table.title for table in operating_tables(all_of_it)]
    assert [title.split()[0] for title in titles] == ["Operations", "Logs", "Recovery:"]
    screen = screen_text(all_of_it)
    for words in (
        "OPERATIONS   00:00 slow database, 50 times costs",
        "18:05 rollout of web costs",
        "MONITORING   logs 520 B a request",
    ):
        assert words in screen
    assert "RECOVERY     point-in-time recovery loses 5 min at most; dump in a bucket and dump of the cache" in screen
    assert max(len(line) for line in screen.splitlines()) <= 100


def test_nothing_kept_nothing_shown(eventful):
    silent = eventful.override({"operations": [], "monitoring.logs": "none", "monitoring.prometheus": "none"})
    answer = answer_of(operate(silent, bill(silent)))
    assert [table.title.split()[0] for table in operating_tables(answer)] == ["Recovery:"]
    assert "MONITORING" not in screen_text(answer)
    assert operating_tables({}) == []
    assert "RECOVERY" not in screen_text({})

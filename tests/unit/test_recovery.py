"""RPO and RTO of NovaBank's ways to recover, and what a dump asks of the database."""

import math
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.recovery import backup_load, dump_times, recovery_plan
from novamodel.recovery.dump import find_deletes_from_days, pipeline_outcome, same_name_probability
from novamodel.scenario import load_scenario


@pytest.fixture(scope="module")
def novabank():
    return nm.load("novabank")


def test_novabanks_dumps_cannot_bring_anything_back(novabank):
    plan = recovery_plan(novabank).set_index("what")
    dump = plan.loc["dump in a bucket"]
    assert not dump["works"]
    assert math.isinf(dump["rpo_s"])
    assert "scripts/" in dump["why"]


def test_the_standby_and_the_log_work(novabank):
    plan = recovery_plan(novabank).set_index("what")
    assert plan.loc["point-in-time recovery", "rpo_s"] == 300
    if novabank.database.multi_az:
        assert plan.loc["standby in another zone", "rpo_s"] == 0


def test_a_dump_that_works_loses_the_interval_and_the_time_to_make_it():
    scenario = nm.load("novabank")
    plain = scenario.override({"backup.every": "1 h"})
    times = dump_times(10, dump_mib_s=100, gzip_mib_s=50, packed_share=0.5, transfer_mib_s=100, restore_mib_s=40)
    assert times.dump_s == pytest.approx(10 * 1024 / 50)
    assert times.worst_loss_s(plain.backup.every) == pytest.approx(3600 + times.dump_s + times.upload_s)
    assert times.recovery_s == pytest.approx(10 * 512 / 100 + 10 * 1024 / 40)


def test_a_backup_that_nobody_speaks_of_is_none(tmp_path):
    deployment = (Path(__file__).parents[2] / "data/novabank/k8s").glob("*deployment*.yaml")
    for file in deployment:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    silent = nm.load(tmp_path)
    rows = recovery_plan(silent).set_index("what")
    assert list(rows.index) == ["no backup found"]
    assert not rows.loc["no backup found", "works"]
    assert math.isinf(rows.loc["no backup found", "rpo_s"])
    said = recovery_plan(silent.override({"backup.every": "6 h"})).set_index("what")
    assert said.loc["dump in a bucket", "declared_s"] == 6 * 3600
    assert "no backup found" not in said.index
    (tmp_path / "dump.sh").write_text("set -euo pipefail\n# pg_dump nightly\npg_dump shop > shop.sql\n")
    scripted = nm.load(tmp_path)
    assert scripted.origin("backup").line == 3
    assert "dump in a bucket" in set(recovery_plan(scripted)["what"])


def test_what_rds_keeps_counts_only_where_somebody_says_it():
    silent = nm.load("novabank").override({"database.backup_retention_days": 9})
    assert recovery_plan(silent).set_index("what").loc["point-in-time recovery", "works"]
    scenario = load_scenario(Path(__file__).parents[2] / "params/shop.yaml")
    assert scenario.origin("database.backup_retention_days").kind == "assumed"
    row = recovery_plan(scenario).set_index("what").loc["point-in-time recovery"]
    assert not row["works"]
    assert math.isinf(row["rpo_s"])


def test_the_load_of_a_dump_grows_with_the_database(novabank):
    small = backup_load(novabank)
    large = backup_load(novabank.override({"pricing.database_used": "80 GiB"}))
    assert large.dump_s == pytest.approx(2 * small.dump_s)
    assert large.kept_gib == pytest.approx(2 * small.kept_gib)
    assert large.server_cores == pytest.approx(small.server_cores)
    assert 0 < small.share_of_server < 1


def test_the_shell_hides_a_failed_dump():
    assert pipeline_outcome(dump_succeeds=False, pipefail=False)["exit_code"] == 0
    assert pipeline_outcome(dump_succeeds=False, pipefail=True)["exit_code"] == 1
    assert pipeline_outcome(dump_succeeds=True, pipefail=False) == {"exit_code": 0}


def test_names_and_ages():
    assert same_name_probability(0.25) == pytest.approx(0.75)
    assert find_deletes_from_days(0) == 1

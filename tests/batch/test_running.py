"""What a sweep survives: endless, dying and raising cases, damage, a full disk, a second sweep on the same store."""

import os
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import fake_cases as fakes
import pandas as pd
import pytest
from fake_sweep import plan as fake_plan
from fake_sweep import run

from novamodel.batch import (
    CaseTooLong,
    Processes,
    WorkerDied,
    clean,
    forget_failed,
    read,
    status,
    write_csv,
    write_parquet,
)
from novamodel.batch.store import Store
from novamodel.errors import UserError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and limits")


def test_results_are_one_typed_table_wherever_they_ran(tmp_path: Path):
    plan = fake_plan(50)
    run(plan, tmp_path / "serial", fakes.quick)
    with Processes(2) as processes:
        run(plan, tmp_path / "processes", fakes.quick, processes)
    table = read(tmp_path / "serial")
    pd.testing.assert_frame_equal(table, read(tmp_path / "processes"))
    assert list(table["case"]) == list(range(50))
    assert (table["a"].dtype, table["b"].dtype) == ("int64", "float64")
    assert table["p99"].iloc[-1] == 4 * 5.0
    assert table["p99 high"].isna().all()
    assert table.attrs["units"]["b"] == "s"
    file = write_parquet(tmp_path / "serial")
    pd.testing.assert_frame_equal(pd.read_parquet(file), table, check_dtype=False)
    plain = write_csv(tmp_path / "serial", tmp_path / "new" / "mine.csv")
    pd.testing.assert_frame_equal(pd.read_csv(plain), table, check_dtype=False, check_index_type=False)


def test_what_is_finished_is_not_run_again(tmp_path: Path):
    plan = fake_plan(20)
    assert run(plan, tmp_path, fakes.quick).done == 20
    again = run(plan, tmp_path, fakes.endless)  # would not end
    assert (again.done, again.before) == (0, 20)


def test_endless_dying_and_raising_cases_are_recorded_and_the_rest_goes_on(tmp_path: Path):
    with Processes(2, time_limit_s=1) as processes:
        tally = run(fake_plan(30), tmp_path, fakes.endless, processes)
    assert (tally.done, tally.failed) == (27, 3)
    errors = read(tmp_path).set_index("case")["error"].dropna()
    assert "time limit of 1 s" in errors[3]
    assert "signal 9" in errors[5]
    assert "tried 2 times" in errors[5]
    assert errors[7] == "ArithmeticError: seven"
    found = status(tmp_path)
    assert (found.finished, found.failed, found.waiting) == (27, 3, 0)
    assert forget_failed(tmp_path) == 3
    assert run(fake_plan(30), tmp_path, fakes.quick).done == 3
    assert status(tmp_path).failed == 0


def test_a_case_whose_worker_died_is_tried_once_more(tmp_path: Path):
    marks = tmp_path / "marks"
    marks.mkdir()
    with Processes(2) as processes:
        tally = run(fake_plan(10), tmp_path / "store", fakes.dies_once, processes, str(marks))
    assert (tally.done, tally.failed) == (10, 0)


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_a_damaged_file_is_set_aside_and_its_case_run_again(tmp_path: Path, damage: str):
    plan = fake_plan(20)
    run(plan, tmp_path, fakes.quick)
    before = read(tmp_path)
    key = plan.key(plan[7])
    file = tmp_path / "cases" / key[:2] / f"{key}.json"
    content = file.read_bytes()
    file.write_bytes({"cut": content[:-9], "changed": content.replace(b"p99", b"p98"), "emptied": b""}[damage])
    assert status(tmp_path).damaged == 1
    assert len(read(tmp_path)) == 19
    tally = run(plan, tmp_path, fakes.quick)
    assert (tally.done, tally.before, tally.corrupt) == (1, 19, [key])
    assert [f.name for f in (tmp_path / "corrupt").iterdir()] == [f"{key}.json"]
    pd.testing.assert_frame_equal(read(tmp_path), before)


def test_a_second_sweep_on_a_store_is_refused_and_the_first_goes_on(tmp_path: Path):
    with Store(tmp_path).writing() as store:
        code = f"from novamodel.batch import Store\nwith Store({str(tmp_path)!r}).writing(): print('in')"
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        store.save("ab12", {"status": "done"})
    assert second.returncode == 1
    assert f"in use by another sweep (process {os.getpid()} on" in second.stderr
    assert "wait until it ends" in second.stderr
    assert store.find("ab12") == {"status": "done"}
    with Store(tmp_path).writing():  # the lock is free again
        pass


def test_a_full_disk_ends_it_with_what_to_do_and_loses_nothing(tmp_path: Path):
    """A largest file size stands for the disk: the same path, and no rights are needed."""
    plan = fake_plan(40)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fills_up(number: int, overrides: fakes.Overrides, seed: int) -> dict[str, object]:
        if number == 12:
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
        return fakes.quick(number, overrides, seed)

    try:
        with pytest.raises(UserError) as found:
            run(plan, tmp_path, fills_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "every finished case is kept" in str(found.value)
    assert "make room" in str(found.value)
    assert list(read(tmp_path)["case"]) == list(range(12))
    assert not (tmp_path / "parts").exists()
    assert run(plan, tmp_path, fakes.quick).done == 28


def test_clean_keeps_what_the_plan_needs(tmp_path: Path):
    run(fake_plan(40), tmp_path, fakes.quick)
    run(fake_plan(20), tmp_path, fakes.quick)
    assert clean(tmp_path) == 20
    assert status(tmp_path).finished == 20
    assert clean(tmp_path, everything=True) == 20
    assert not tmp_path.exists()


def test_a_folder_that_is_no_store_is_never_removed(tmp_path: Path):
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="holds no sweep"):
        clean(tmp_path, everything=True)
    with pytest.raises(UserError, match="holds no sweep"):
        status(tmp_path / "mine")
    assert (tmp_path / "mine").exists()


def test_memory_does_not_grow_with_the_number_of_stored_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.fsync", lambda handle: None)
    monkeypatch.setattr("novamodel.batch.table.BATCH", 100)
    run(fake_plan(20), tmp_path / "warm", fakes.quick)
    write_parquet(tmp_path / "warm")

    def highest(count: int) -> int:
        folder = tmp_path / str(count)
        tracemalloc.start()
        run(fake_plan(count), folder, fakes.quick)
        write_parquet(folder)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few = highest(200)
    # twice, for in one of them the interpreter may enlarge its table of interned strings (some MB, at once)
    many = min(highest(2000), highest(2010))
    assert many < 1.5 * few + 200_000


def test_processes_tell_how_a_job_ended():
    with Processes(1, time_limit_s=0.3) as processes:
        assert processes.submit(pow, 2, 10).result() == 1024
        with pytest.raises(ZeroDivisionError):
            processes.submit(divmod, 1, 0).result()
        with pytest.raises(CaseTooLong):
            processes.submit(_sleep, 60).result()
        with pytest.raises(WorkerDied, match="exit code 5"):
            processes.submit(os._exit, 5).result()
        assert processes.submit(pow, 2, 3).result() == 8


_sleep = __import__("time").sleep

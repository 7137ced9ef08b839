"""Endless and dying cases, and a killed worker, on a Dask cluster of two worker processes on loopback."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import fake_cases as fakes
import pandas as pd
import pytest
from fake_sweep import plan as fake_plan
from fake_sweep import run

import novamodel as nm
from novamodel.batch import Processes, read
from novamodel.batch.cluster import connected
from novamodel.batch.progress import Progress
from novamodel.batch.version import code_version

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
LIMIT_S = 2
ENDLESS: dict[str, Any] = {
    "name": "endless",
    "scenario": "novabank",
    "fixed": {"run.warm_up": "0 s"},
    "design": "list",
    "cases": [{"run.duration": duration} for duration in ("1 s", "100 h", "2 s", "3 s", "4 s", "5 s")],
    "replications": 1,
    "time_limit": f"{LIMIT_S} s",
    "record": {"metrics": ["p99", "errors"], "cost": False},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    options = {"host": "127.0.0.1", "dashboard_address": None, "n_workers": 2, "threads_per_worker": 1}
    with distributed.LocalCluster(processes=True, **options) as cluster:
        yield cluster


def test_endless_cases_and_a_killed_dask_worker(tmp_path: Path, cluster: Any):
    with distributed.Client(cluster, set_as_default=False) as client:
        workers = client.run(os.getpid)
    victims = [*workers.values()][:1]

    def kill(progress: Progress) -> None:
        if progress.finished and victims:
            os.kill(victims.pop(), signal.SIGKILL)

    far = nm.sweep(ENDLESS, out=tmp_path / "far", dask=cluster.scheduler_address, progress=kill)
    assert not victims
    near = nm.sweep(ENDLESS, out=tmp_path / "near", workers=2, progress=False)
    assert (far.done, far.failed) == (near.done, near.failed) == (5, 1)
    pd.testing.assert_frame_equal(far.read().drop(columns="took_s"), near.read().drop(columns="took_s"))
    failed = far.failures()
    assert list(failed["overrides"]) == ["run.duration=100 h"]
    assert f"longer than the time limit of {LIMIT_S} s" in failed["error"][0]
    assert failed["error"][0] in Path(failed["log"][0]).read_text(encoding="utf-8")


def test_endless_dying_and_raising_cases_are_recorded_or_tried_again(tmp_path: Path, cluster: Any):
    def troubled(name: str, executor: Executor) -> pd.DataFrame:
        (tmp_path / name).mkdir()
        with executor:
            tally = run(fake_plan(10), tmp_path / name / "store", fakes.troubled, executor, str(tmp_path / name))
        assert (tally.done, tally.failed) == (7, 3)
        return read(tmp_path / name / "store")

    far = troubled("far", connected(cluster.scheduler_address, 1.0, b"no work", code_version())[0])
    pd.testing.assert_frame_equal(far, troubled("near", Processes(2, time_limit_s=1)))
    errors = far.set_index("case")["error"].dropna()
    assert list(errors.index) == [3, 5, 7]  # 4 died once and was tried again
    assert errors[5] == "the worker process ended by signal 9 (killed, perhaps for want of memory); tried 2 times"

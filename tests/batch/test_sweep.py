"""A small sweep of NovaBank, end to end: the same everywhere, on the command line, as a notebook."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import novamodel as nm
from novamodel.cli import main

SMALL: dict[str, Any] = {
    "name": "small",
    "scenario": "novabank",
    "fixed": {"run.duration": "5 s", "run.warm_up": "1 s"},
    "vary": {"services.core-api.pool.max": [5, 20], "traffic.peak": ["300 requests/s", "600 requests/s"]},
    "replications": 2,
    "record": {"metrics": ["p99", "p99(login)", "errors"]},
}


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    run = nm.sweep(SMALL, out=tmp_path_factory.mktemp("serial"), serial=True)
    assert (run.done, run.failed) == (4, 0)
    return run.read()


def same(table: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(table.drop(columns="took_s"), other.drop(columns="took_s"))


def test_the_table_has_what_a_case_alone_has(serial: pd.DataFrame):
    row = serial.iloc[3]
    overrides = {**SMALL["fixed"], "services.core-api.pool.max": 20, "traffic.peak": "600 requests/s"}
    scenario = nm.load("novabank").override(overrides)
    result = nm.simulate(scenario, replications=2)
    assert row["digest"] == result.digest
    assert (row["p99"], row["p99 low"], row["p99 high"]) == result.estimate("p99")
    assert row["p99(login)"] == result.estimate("p99", "login").value
    assert row["cost_month"] == float(nm.bill(result.scenario, result).mid.total)
    assert row["met"] == result.met
    assert (row["services.core-api.pool.max"], row["traffic.peak"]) == (20, 600.0)


def test_processes_give_the_same(tmp_path: Path, serial: pd.DataFrame):
    run = nm.sweep(SMALL, out=tmp_path, workers=2)
    same(run.read(), serial)
    again = nm.sweep(SMALL, out=tmp_path, workers=2)
    assert (again.done, again.before) == (0, 4)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "core-api.pool.max=20, traffic.peak=600 requests/s" in page


def test_a_dask_cluster_gives_the_same(tmp_path: Path, serial: pd.DataFrame):
    distributed = pytest.importorskip("distributed")
    options = {"host": "127.0.0.1", "dashboard_address": None, "n_workers": 2, "threads_per_worker": 1}
    with distributed.LocalCluster(processes=False, **options, protocol="tcp://") as cluster:
        run = nm.sweep(SMALL, out=tmp_path, dask=cluster.scheduler_address)
    assert (run.done, run.failed) == (4, 0)
    same(run.read(), serial)


def test_no_scheduler_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("novamodel.batch.cluster.CONNECT_S", 1)
    with pytest.raises(nm.UserError, match="no Dask scheduler answers at tcp:"):
        nm.sweep(SMALL, out=tmp_path, dask="tcp://127.0.0.1:9")


def test_command_line_from_dry_run_to_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.chdir(tmp_path)
    more = {"vary": {"traffic.peak": ["300 requests/s", "600 requests/s"]}, "record": {"cost": False}}
    Path("mine.yaml").write_text(json.dumps(SMALL | more), encoding="utf-8")

    def call(*words: str) -> tuple[int, str, str]:
        code = main(["sweep", *words])
        return (code, *capsys.readouterr())

    code, out, err = call("mine.yaml", "--dry-run")
    assert (code, err) == (0, "")
    assert out.startswith("small: 2 cases, design grid; all are valid\n  traffic.peak (1/s)\nabout ")
    assert not Path("reports").exists()
    code, out, err = call("mine.yaml", "--serial")
    assert (code, err) == (0, "")
    assert out.startswith("2 cases: 2 finished, 0 failed\n")
    assert call("status", "small")[1] == "small: 2 cases, 2 finished, 0 failed, 0 waiting\n"
    assert call("results", "small", "-o", "x.parquet")[:2] == (0, "wrote x.parquet: 2 of 2 cases\n")
    assert list(pd.read_parquet("x.parquet")["traffic.peak"]) == [300.0, 600.0]
    assert json.loads(call("retry-failed", "small", "--json", "--serial")[1])["before"] == 2
    assert call("clean", "small", "--all")[0] == 0
    assert not Path("reports/sweeps/small").exists()
    code, out, err = call("mine.yam")
    assert (code, out) == (2, "")
    assert err.startswith("error: mine.yam: no such file")


def test_a_case_that_does_not_hold_together_fails_and_the_rest_goes_on(tmp_path: Path, monkeypatch):
    """As in a sweep too large to check each case beforehand."""
    monkeypatch.setattr("novamodel.batch.checks.MOST_CHECKED", 0)
    scaler = "services.core-api.autoscaler"
    vary = {f"{scaler}.min_replicas": [2, 9], f"{scaler}.max_replicas": [4, 12]}
    run = nm.sweep(SMALL | {"vary": vary, "record": {"cost": False}}, out=tmp_path, serial=True)
    assert (run.done, run.failed) == (3, 1)
    (row,) = run.failures().itertuples()
    assert "min_replicas" in row.error
    assert "Traceback" in Path(row.log).read_text(encoding="utf-8")
    failed = run.read().query("status == 'failed'").iloc[0]
    assert (failed[f"{scaler}.min_replicas"], failed[f"{scaler}.max_replicas"]) == (9, 4)
    assert pd.isna(failed["p99"])


NOTEBOOK = """
scenario: str = "novabank"  # scenario
overrides: dict = {}  # changes
seed: int | None = None  # seed
quick: bool = False  # short
"""


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("import novamodel as nm\nprint(nm.load(scenario).override(overrides).traffic.peak, seed)", "done", "300.0 7"),
        ("import os\nos._exit(0)", "failed", "Kernel"),
    ],
)
def test_a_notebook_case(tmp_path: Path, code: str, status: str, words: str):
    def cell(text: str, *tags: str) -> dict[str, Any]:
        return {
            "cell_type": "code",
            "metadata": {"tags": list(tags)},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }

    kernel = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    notebook = {"cells": [cell(NOTEBOOK, "parameters"), cell(code)], "metadata": kernel}
    file = tmp_path / "case.ipynb"
    file.write_text(json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    sweep = SMALL | {
        "vary": {"traffic.peak": ["300 requests/s"]},
        "seeds": [7, 8],
        "fixed": {"run.duration": "0.5 s", "run.warm_up": "0 s"},
        "record": {"cost": False},
        "notebooks": {"notebook": str(file), "parameters": {"quick": True}},
    }
    run = nm.sweep(sweep, out=tmp_path / "store", workers=1)
    assert run.total == 3
    assert run.failed == (status == "failed")
    page = (tmp_path / "store" / "index.html").read_text(encoding="utf-8")
    if status == "failed":
        assert words in run.failures()["error"].iloc[0]
        assert not (tmp_path / "store" / "notebooks").exists()
        return
    (kept,) = (tmp_path / "store" / "notebooks").iterdir()
    assert f'href="notebooks/{kept.name}/notebook.html"' in page
    executed = json.loads((kept / "notebook.ipynb").read_text(encoding="utf-8"))
    assert words in json.dumps(executed["cells"][-1]["outputs"])
    assert words in (kept / "notebook.html").read_text(encoding="utf-8")

"""`novamodel init`: the study works as it is, holds only differences, and nothing half made is left."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import novamodel as nm
from novamodel.resources import data_dir
from novamodel.scenario import setting_changes
from novamodel.workflows import study as studying
from novamodel.yamlfile import read_mapping

FILES = {"README.md", "scenario.yaml", "sweep.yaml", "report.ipynb"}


def test_a_study_runs_and_holds_only_its_differences(call: Callable) -> None:
    made = call("init", "studies/growth")
    assert made.code == 0
    assert {Path(line).name for line in made.out.splitlines()} == FILES
    assert {file.name for file in Path("studies/growth").iterdir()} == FILES
    assert {file.name for file in Path("studies").iterdir()} == {"growth"}
    study = nm.load("studies/growth/scenario.yaml")
    assert [change.path for change in setting_changes(nm.load("novabank"), study)] == ["traffic.peak"]
    short = ("--set", "run.duration=5 s", "--set", "run.warm_up=1 s", "--replications", "1", "--json")
    done = call("run", "studies/growth/scenario.yaml", *short)
    assert done.code == 0
    assert json.loads(done.out)["scenario"] == "growth"


def test_what_the_comments_offer_is_accepted(call: Callable) -> None:
    call("init", "growth")
    file = Path("growth/scenario.yaml")
    lines = file.read_text().splitlines()
    offered = [line.removeprefix("# ") for line in lines[3:] if line.startswith("# ")]
    file.write_text("\n".join([*(line for line in lines if not line.startswith("#")), *offered]))
    found = [change.path for change in setting_changes(nm.load("novabank"), nm.load(file))]
    assert found == ["traffic.peak"]  # each comment says what holds now


def test_its_sweep_and_notebook_speak_of_its_scenario(call: Callable) -> None:
    call("init", "growth", "--from", "novabank-ecs")
    sweep, _ = read_mapping(Path("growth/sweep.yaml"))
    study = nm.load(Path("growth") / sweep["scenario"])
    assert sweep["vary"]["services.core-api.replicas"] == [2, 3, 4, 5]
    for path, values in sweep["vary"].items():
        for value in values:
            study.override({path: value})
    notebook = json.loads(Path("growth/report.ipynb").read_text())
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in codes)
    given = ast.parse("".join(codes[0]["source"])).body[0]
    assert ast.literal_eval(given.value) == "scenario.yaml"


def test_from_configuration_files_and_from_a_scenario_file(call: Callable) -> None:
    assert call("init", "own", "--from", data_dir() / "novabank").code == 0
    assert {file.name for file in Path("own").iterdir()} == FILES | {"base.yaml"}
    assert call("init", "deeper/second", "--from", "own/scenario.yaml").code == 0
    second = nm.load("deeper/second/scenario.yaml")
    assert second.traffic.peak == pytest.approx(1.2 * 1.2 * 100)
    assert "novamodel diff own/scenario.yaml deeper/second/scenario.yaml" in Path("deeper/second/README.md").read_text()


def test_an_existing_folder_stays_and_a_failure_leaves_nothing(call: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("there").mkdir()
    refused = call("init", "there")
    assert (refused.code, refused.out) == (2, "")
    assert "exists already" in refused.err
    assert call("init", "x", "--from", "nowhere").code == 2

    def broken(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(studying, "_readme", broken)
    with pytest.raises(KeyboardInterrupt):
        studying.init_study("far/away/x")
    assert [file.name for file in Path().iterdir()] == ["there"]

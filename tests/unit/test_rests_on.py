"""What an answer rests on: what is counted, what moves it, which verdicts are marked."""

from pathlib import Path

import pytest

import novamodel as nm
from novamodel.loading import scenario_from_folder
from novamodel.report import rests_sentence
from novamodel.scenario import Scenario, load_scenario, rests_on

FOLDERS = Path(__file__).parents[1] / "folders"
MINE = """
name: mine
traffic: {shape: constant, peak: 30 requests/s, mix: {look: 100 %}}
services:
  web:
    replicas: 2
    resources: {cpu_request: 500m, cpu_limit: 1, memory_request: 256 MiB}
    pool: {max: 4}
    routes: {look: [{cpu: 4 ms exponential}, {sql: [read]}]}
database: {instance_class: db.t4g.medium, statements: {read: {cpu: 8 ms exponential}}}
slo: [p95 < 50 ms, errors < 1 %, rejected < 1 %]
"""


def mine(folder: Path, text: str = MINE) -> Scenario:
    file = folder / "mine.yaml"
    file.write_text(text)
    return load_scenario(file)


def groups(scenario: Scenario) -> set[str]:
    return {one.what for one in rests_on(scenario).moving}


def test_a_scenario_that_says_its_load_rests_on_no_assumed_load(tmp_path: Path) -> None:
    rests = rests_on(mine(tmp_path))
    assert not rests.marks
    assert not rests.load_assumed
    assert not {"load", "mix", "demands", "SLO"} & {one.what for one in rests.moving}
    sentence = rests_sentence(rests.to_dict())
    assert sentence.startswith(f"READ {rests.read} values from mine.yaml; ASSUMED {rests.assumed}, of load, mix, ")
    assert "marked" not in sentence
    # name, shape, peak, share; replicas, three of resources, pool, two of the route; class, statement; three goals
    assert rests.read == 4 + 7 + 2 + 3


@pytest.mark.parametrize(
    ("said", "instead", "group", "marked"),
    [
        ("peak: 30 requests/s, ", "", "load", ["load"] * 3),
        ("slo: [p95 < 50 ms, errors < 1 %, rejected < 1 %]", "", "SLO", ["SLO"] * 2),
        ("{cpu: 4 ms exponential}, ", "{wait: 3 ms}, ", "", [None] * 3),
    ],
)
def test_what_is_left_out_is_assumed_and_marks(
    tmp_path: Path, said: str, instead: str, group: str, marked: list[str | None]
) -> None:
    scenario = mine(tmp_path, MINE.replace(said, instead))
    rests = rests_on(scenario)
    assert (group in {one.what for one in rests.moving}) is bool(group)
    found = [rests.of_verdict(goal.metric, number) for number, goal in enumerate(scenario.slo)]
    assert found == [[one] if one else [] for one in marked]


def test_a_file_may_say_that_its_own_values_are_assumed(tmp_path: Path) -> None:
    sources = "sources: {services.web.routes: 'assumed: a guess', database.statements: 'measured: load test of May'}\n"
    rests = rests_on(mine(tmp_path, MINE + sources))
    (demands,) = [one for one in rests.moving if one.what == "demands"]
    assert (demands.text, demands.why) == ("1 demand", "assumed: a guess")
    assert demands.paths == ("services.web.routes.look.0.cpu",)
    assert rests.of_verdict("p95", 0) == rests.of_verdict("errors", 1) == rests.of_advice() == ["demands"]
    assert rests.of_verdict("rejected", 2) == []  # the edge rejects before anything is computed
    assert rests.of_cost() == []


def test_what_is_set_is_no_longer_assumed() -> None:
    scenario = scenario_from_folder(FOLDERS / "shop")
    assert {"load", "mix", "demands", "SLO", "clients"} <= groups(scenario)
    changed = scenario.override({"traffic.peak": "50 requests/s", "slo": ["p99 < 1 s"]})
    assert {"load", "SLO"} <= groups(scenario) - groups(changed)
    before, after = rests_on(scenario), rests_on(changed)
    assert after.set == 2
    assert after.assumed == before.assumed - 4  # the peak, and three objectives
    assert after.read == before.read


@pytest.mark.parametrize("folder", sorted(FOLDERS.iterdir()), ids=lambda folder: folder.name)
def test_every_value_is_counted_once(folder: Path) -> None:
    scenario = scenario_from_folder(folder)
    rests = rests_on(scenario)
    stated = {row["file"] for row in scenario.resolved() if row["kind"] == "file"}
    assert set(rests.files) == stated
    paths = [path for one in rests.moving for path in one.paths]
    assert len(paths) == len(set(paths))
    assert rests.load_assumed  # no configuration file says how much is asked
    assert rests.marks
    assert rests.service_assumed is any(one["code"] == "no-service-found" for one in scenario.findings)


def test_the_bundled_bank_says_what_it_rests_on() -> None:
    rests = rests_on(nm.load("novabank"))
    said = {one.what: one.text for one in rests.moving}
    assert said["load"] == "load 450 requests/s"
    assert "demands" not in said  # measured
    assert len(rests_sentence(rests.to_dict())) < 400

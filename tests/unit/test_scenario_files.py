"""Files that a scenario names: samples of a demand, recorded traffic."""

import pytest

from novamodel.errors import UserError
from novamodel.scenario import load_scenario
from novamodel.scenario.recordings import Recorded
from tests.unit.test_scenario_graph import GRAPH, written


@pytest.fixture
def graph(tmp_path):
    return load_scenario(written(tmp_path, GRAPH))


SAMPLES = GRAPH.replace("{mixture: [[90 %, 1 ms], [10 %, 20 ms]]}", "{file: samples.txt}")


def test_samples_come_from_a_file(tmp_path):
    (tmp_path / "samples.txt").write_text("# recorded in May\n1 ms\n0.003   # seconds\n\n2 ms\n")
    (tmp_path / "elsewhere").mkdir()
    graph = load_scenario(written(tmp_path, SAMPLES))
    cpu = graph.services["stock"].routes["level"][0].cpu
    assert (cpu.law, cpu.samples) == ("empirical", (0.001, 0.003, 0.002))
    assert cpu.busy == pytest.approx(0.002)
    for name in ("samples", "busy", "law"):
        assert graph.origin(f"services.stock.routes.level.0.cpu.{name}") == ("file", "", "graph.yaml", 35)
    assert graph.paths()["services.stock.routes.level.0.cpu.samples"] == [0.001, 0.003, 0.002]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "graph.yaml:35: services.stock.routes.level.0.cpu: there is no file samples.txt beside graph.yaml"),
        ("# nothing\n", "graph.yaml:35: services.stock.routes.level.0.cpu: samples.txt holds no numbers (valid: one"),
        ("1 ms\n2 parsecs\n", "samples.txt:2: 'parsecs' is not a unit of time"),
        ("1 ms\n-2 ms\n", "samples.txt:2: '-2 ms' is below 0"),
        ("nan\n", "samples.txt:1: "),
    ],
)
def test_a_wrong_file_of_samples_is_one_line(tmp_path, text, says):
    if text is not None:
        (tmp_path / "samples.txt").write_text(text)
    with pytest.raises(UserError) as caught:
        load_scenario(written(tmp_path, SAMPLES))
    assert says in str(caught.value)


REPLAY = "extends: graph.yaml\ntraffic:\n  loop: replay\n  replay:\n    files: [logs/a.log]\n    load_factor: 2\n"


def reader(calls):
    def inspect(files, replay, routes):
        calls.append(files)
        assert routes == ["get", "put", "level", "send"]
        return Recorded("abc", 900, 100.0, {"get": 600, "put": 300})

    return inspect


def test_a_replay_is_read_beside_its_file(graph, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("x")
    calls: list = []
    found = load_scenario(written(tmp_path, REPLAY, "replay.yaml"), inspect=reader(calls))
    assert calls == [[tmp_path / "logs" / "a.log"]]
    assert found.traffic.mix == pytest.approx({"get": 2 / 3, "put": 1 / 3})
    assert found.traffic.most_per_s == 18
    assert found.origin("traffic.replay.requests").kind == "derived"
    assert found.origin("traffic.mix.get").kind == "derived"
    assert found.with_load(2).traffic.most_per_s == 36
    assert len(calls) == 1
    moved = tmp_path / "moved"
    (moved / "logs").mkdir(parents=True)
    (moved / "logs" / "a.log").write_text("x")
    written(moved, GRAPH)
    again = load_scenario(written(moved, REPLAY, "replay.yaml"), inspect=reader([]))
    assert again.content_hash() == found.content_hash()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("a.log", "b.log", "replay.yaml:5: traffic.replay.files.0: there is no file logs/b.log beside the scenario"),
        ("    load", "    routes: {GET /*: gett}\n    load", "replay.yaml:6: traffic.replay.routes.GET /*: names"),
        ("  replay:", "  mix: {get: 1}\n  replay:", "replay.yaml:4: traffic.mix: the files of a replay say the mix"),
        ("    files: [logs/a.log]\n", "", "traffic.replay.files: 'files' is needed"),
    ],
)
def test_a_wrong_replay_is_one_line(graph, tmp_path, old, new, says):
    with pytest.raises(UserError) as caught:
        load_scenario(written(tmp_path, REPLAY.replace(old, new), "replay.yaml"), inspect=reader([]))
    assert says in str(caught.value)

"""Recorded traffic by the command line: an access log or CSV beside the scenario, and what is wrong with one."""

import gzip
import json

import pytest

SCENARIO = """\
name: recorded
traffic:
  loop: replay
  replay: {{files: [{files}]{more}}}
  caller: {{timeout: 10 s}}
services:
  api:
    pool: {{max: 5}}
    routes: {{get: [{{sql: [row]}}], put: [{{cpu: 1 ms}}]}}
database: {{statements: {{row: {{cpu: 5 ms}}}}}}
run: {{start: "12:00", duration: 20 s, warm_up: 0 s, replications: 1}}
"""
CSV = "time,route,client,demand\n" + "".join(
    f"{1000 + n / 10},{'put' if n % 4 == 3 else 'get'},c{n % 7},{0.02 if n % 4 != 3 else ''}\n" for n in range(100)
)
LOG = "".join(
    f'10.0.0.{n % 9} - - [29/Nov/2026:11:00:{n // 4:02d} +0000] "{what} /rows/{n} HTTP/1.1" 200 10 "-" "-"\n'
    for n, what in enumerate(["GET", "GET", "PUT", "GET"] * 10)
)
ROUTES = ', routes: {"GET /rows/*": get, "PUT /rows/*": put}'


@pytest.fixture
def written(tmp_path):
    """Writes a scenario with its recordings; its path."""

    def make(more="", **files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        names = [name.replace("__", ".") for name in files] or ["log.csv"]
        (tmp_path / "scenario.yaml").write_text(SCENARIO.format(files=", ".join(names), more=more))
        return tmp_path / "scenario.yaml"

    return make


def run(call, file, *words):
    outcome = call("run", file, "--json", "--engine", "simpy", *words)
    assert outcome.code in (0, 1), outcome.err
    return json.loads(outcome.out)


def by_route(found):
    return {row["route"]: row["arrived"] for row in found["routes"]}


def test_a_csv_is_replayed_with_its_demands(call, written):
    found = run(call, written(", demand: row", log__csv=CSV))
    assert by_route(found) == {"get": 75, "put": 25}
    mean = next(row["value"] for row in found["estimates"] if row["metric"] == "mean" and row["of"] == "get")
    assert 0.020 < mean < 0.025


def test_an_access_log_is_replayed_and_so_is_its_gzip(call, written, tmp_path):
    found = run(call, written(ROUTES, access__log=LOG))
    assert by_route(found) == {"get": 30, "put": 10}
    with gzip.open(tmp_path / "access.log.gz", "wt") as file:
        file.write(LOG)
    (tmp_path / "scenario.yaml").write_text(SCENARIO.format(files="access.log.gz", more=ROUTES))
    assert run(call, tmp_path / "scenario.yaml")["estimates"] == found["estimates"]


def test_two_files_are_one_recording(call, written):
    lines = CSV.splitlines(keepends=True)
    late, early = lines[0] + "".join(lines[51:]), "".join(lines[:51])
    both = run(call, written(late__csv=late, early__csv=early))
    assert by_route(both) == {"get": 75, "put": 25}


def test_twice_the_load_is_every_client_twice(call, written):
    found = run(call, written(log__csv=CSV), "--set", "traffic.replay.load_factor=2")
    assert by_route(found) == {"get": 150, "put": 50}


def broken(number, line):
    lines = CSV.splitlines(keepends=True)
    lines[number - 1] = line + "\n"
    return "".join(lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (broken(3, "noon,get,c1,0.02"), ("log.csv:3", "noon")),
        (broken(4, "1000.2,get,c1,-1"), ("log.csv:4", "-1")),
        (broken(5, "1000.3,get"), ("log.csv:5",)),
        (broken(9, "900,get,c1,0.02"), ("log.csv:9", "goes back")),
        (broken(6, "1000.4,delete,c1,0.02"), ("delete", "get, put")),
        ("time,route,client,demand\n", ("log.csv", "empty")),
        ("", ("log.csv",)),
        ("route,client\nget,c1\n", ("log.csv", "time")),
        ("\x00\x01\x02\n", ("log.csv",)),
    ],
)
def test_a_file_that_cannot_be_replayed_is_one_line(call, written, text, says):
    outcome = call("run", written(log__csv=text), "--engine", "simpy")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    for words in says:
        assert words in outcome.err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("", ("log.csv", "scenario.yaml:4")),
        (", time_zone: Mars", ("Mars",)),
        (", columns: {when: t}", ("when",)),
        (", routes: {'GET /': nowhere}", ("nowhere",)),
        (", demand: colum", ("colum",)),
    ],
)
def test_a_replay_that_cannot_be_meant_is_one_line(call, written, tmp_path, more, says):
    file = written(more, log__csv=CSV)
    if not more:
        (tmp_path / "log.csv").unlink()
    outcome = call("run", file, "--engine", "simpy")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    for words in says:
        assert words in outcome.err

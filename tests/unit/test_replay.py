"""Recorded traffic: what is written is read back, whatever the format; mistakes are one clear line; blocks follow."""

from __future__ import annotations

import gzip
import json
import math
import sys
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from novamodel.errors import UserError
from novamodel.workload.arrivals import fill, new_block
from novamodel.workload.replay import ReplayOptions, fill_from, read_recording, stretch

sys.path.insert(0, str(Path(__file__).parents[1]))
from workload_fixture import a_source

NAMES = ("balance", "transfer")
ROUTES = {"GET /accounts/*": "balance", "POST /transfers": "transfer"}
ASKED = ("GET /accounts/77?full=1 HTTP/1.1", "POST /transfers HTTP/2.0")
BEGIN = 1_795_939_200  # 2026-11-29 08:00 UTC
TIMED = '$remote_addr [$msec] "$request" $upstream_response_time $upstream_cache_status $request_time'
MORE = {"hit": "upstream_cache_status", "demand": "upstream_response_time"}


def options(**changes):
    return ReplayOptions(**{"names": NAMES, "routes": ROUTES} | changes)


def combined(at: int, asked: str, client: str = "10.0.0.1") -> str:
    when = datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{client} - - [{when}] "{asked}" 200 532 "-" "Mozilla/5.0 \\x22quoted\\x22"'


def written(path: Path, lines: list[str]) -> Path:
    text = "".join(line + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


# --- round trips --------------------------------------------------------------------------------------------

requests = st.lists(
    st.tuples(
        st.integers(0, 10**7),  # milliseconds from the start
        st.integers(0, 1),  # route
        st.integers(0, 5),  # client
        st.sampled_from([None, 0, 1]),
        st.one_of(st.none(), st.integers(0, 10**6)),  # demand in microseconds
    ),
    min_size=1,
    max_size=30,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def write_nginx(path, rows):
    word = {None: "-", 0: "MISS", 1: "HIT"}
    lines = [
        f'10.0.0.{c} [{BEGIN + ms / 1000:.3f}] "{ASKED[r]}" {"-" if d is None else f"{d / 1e6:.6f}"} {word[h]} 0.001'
        for ms, r, c, h, d in rows
    ]
    return written(path, lines), options(log_format=TIMED, columns=MORE)


def write_json(path, rows):
    names = "ts", "method", "path", "ip", "hit", "demand"
    lines = []
    for ms, r, c, h, d in rows:
        method, uri, _ = ASKED[r].split()
        when = datetime.fromtimestamp(BEGIN + ms / 1000, UTC).isoformat()
        values = when, method, uri, f"c{c}", h, None if d is None else d / 1e6
        lines.append(json.dumps(dict(zip(names, values, strict=True))))
    return written(path, lines), options()


def write_csv(path, rows):
    lines = ["time;route;client;hit;demand"]
    lines += [
        f'{BEGIN * 1000 + ms};"{NAMES[r]}";{c};{"" if h is None else h};{"" if d is None else d / 1e6}'
        for ms, r, c, h, d in rows
    ]
    return written(path, lines), options(routes=None, time_unit="ms")


def write_parquet(path, rows):
    ms, r, c, h, d = (list(column) for column in zip(*rows, strict=True))
    table = pa.table(
        {
            "time": pa.array([BEGIN * 1000 + at for at in ms], type=pa.timestamp("ms")),
            "route": [NAMES[at] for at in r],
            "client": c,
            "hit": pa.array(h, type=pa.int8()),
            "demand": pa.array([None if x is None else x / 1e6 for x in d], type=pa.float64()),
        }
    )
    pq.write_table(table, path)
    return path, options(routes=None)


WRITERS = {
    "a.log": write_nginx, "a.log.2.gz": write_nginx, "a.jsonl": write_json, "a.json.gz": write_json,
    "a.csv": write_csv, "a.csv.gz": write_csv, "a.parquet": write_parquet,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=requests)
def test_round_trip(name, rows, tmp_path):
    path, how = WRITERS[name](tmp_path / name, rows)
    found = read_recording([path], ReplayOptions(**vars(how) | {"spread": False}))
    assert found.time_s == pytest.approx([(row[0] - rows[0][0]) / 1000 for row in rows], abs=1e-6)
    assert found.route.tolist() == [row[1] for row in rows]
    first_seen = list(dict.fromkeys(row[2] for row in rows))
    assert found.client.tolist() == [first_seen.index(row[2]) for row in rows]
    assert found.clients == len(first_seen)
    hits = [-1 if row[3] is None else row[3] for row in rows]
    assert (found.hit is None and set(hits) == {-1}) or found.hit.tolist() == hits
    demands = [math.nan if row[4] is None else row[4] / 1e6 for row in rows]
    if found.demand_s is None:
        assert all(math.isnan(demand) for demand in demands)
    else:
        assert found.demand_s == pytest.approx(demands, nan_ok=True, abs=1e-12)
    assert found.begin_clock_s == pytest.approx(8 * 3600 + rows[0][0] / 1000, abs=1e-5)
    assert read_recording([path], ReplayOptions(**vars(how) | {"spread": False})).hash == found.hash


def test_every_format_gives_the_same_requests(tmp_path):
    rows = [(i * 137, i % 2, i % 5, i % 2, i * 1000) for i in range(200)]
    found = [read_recording([path], how) for path, how in (w(tmp_path / n, rows) for n, w in WRITERS.items())]
    for other in found[1:]:
        assert np.allclose(found[0].time_s, other.time_s, atol=1e-6)
        assert np.array_equal(found[0].route, other.route)
        assert np.array_equal(found[0].client, other.client)
        assert np.array_equal(found[0].hit, other.hit)


def test_combined_log_spreads_requests_over_their_second(tmp_path):
    lines = [combined(BEGIN + i // 50, ASKED[i % 2], f"10.0.0.{i % 7}") for i in range(2000)]
    found = read_recording([written(tmp_path / "access.log", lines)], options())
    assert np.array_equal(np.floor(found.time_s), np.arange(2000) // 50)
    assert np.all(np.diff(found.time_s) > 0)
    assert np.array_equal(found.route, np.arange(2000) % 2)  # the order stays
    assert abs((found.time_s % 1.0).mean() - 0.5) < 4 * math.sqrt(1 / 12 / 2000)
    unspread = read_recording([tmp_path / "access.log"], options(spread=False))
    assert np.array_equal(unspread.time_s, np.arange(2000) // 50)


def test_duration_takes_times_back_to_the_arrival(tmp_path):
    lines = [f'10.0.0.1 [{BEGIN + end:.3f}] "{ASKED[r]}" - - {took}' for end, took, r in [(1, 0.2, 0), (2, 1.5, 1)]]
    how = options(log_format=TIMED, columns={"duration": "request_time"})
    found = read_recording([written(tmp_path / "access.log", lines)], how)
    assert found.time_s == pytest.approx([0.0, 0.3], abs=1e-6)
    assert found.route.tolist() == [1, 0]


def test_zone_of_times_without_one(tmp_path):
    path = written(tmp_path / "a.csv", ["time,route,client", "2026-07-01 12:00:00.5,balance,1"])
    berlin = read_recording([path], options(routes=None, zone="Europe/Berlin"))
    assert berlin.begin_epoch_s == datetime(2026, 7, 1, 10, 0, 0, 500_000, tzinfo=UTC).timestamp()
    assert berlin.begin_clock_s == 12 * 3600 + 0.5


# --- rotated files ------------------------------------------------------------------------------------------


def rotated(tmp_path, begins, length=100):
    return [
        written(tmp_path / f"a.log.{k}", [combined(begin + i, ASKED[i % 2], f"10.0.{k}.{i}") for i in range(length)])
        for k, begin in enumerate(begins)
    ]


def test_rotated_files_in_any_order_are_one_recording(tmp_path):
    files = rotated(tmp_path, [BEGIN + 200, BEGIN + 100, BEGIN])
    one, other = read_recording(files, options()), read_recording(files[::-1], options())
    assert len(one) == 300
    assert np.array_equal(np.floor(one.time_s), np.arange(300))
    assert one.hash == other.hash


@pytest.mark.parametrize("shift", [0, 50, 97])
def test_files_that_overlap(tmp_path, shift):
    with pytest.raises(UserError, match=r"begins .* s before a\.log\.0 ends"):
        read_recording(rotated(tmp_path, [BEGIN, BEGIN + shift]), options())


# --- routes -------------------------------------------------------------------------------------------------


def test_first_pattern_that_matches_wins_and_null_leaves_out(tmp_path):
    asked = ["GET /accounts/1", "GET /accounts/1/cards", "HEAD /accounts/1", "GET /static/a/b.js", "/transfers"]
    lines = [combined(BEGIN + i, f"{text} HTTP/1.1") for i, text in enumerate(asked)]
    routes = {"GET /accounts/*": "balance", "/static/**": None, "GET|HEAD /accounts/**": "transfer", "**": "balance"}
    found = read_recording([written(tmp_path / "a.log", lines)], options(routes=routes))
    assert found.route.tolist() == [0, 1, 1, 0]
    assert found.left_out == 1


def test_unmatched_requests_are_named_by_how_common_they_are(tmp_path):
    asked = [f"GET /cards/{i} HTTP/1.1" for i in range(30)] + [ASKED[0]] * 5 + ["GET /health HTTP/1.1"] * 3
    path = written(tmp_path / "a.log", [combined(BEGIN + i, text) for i, text in enumerate(asked)])
    with pytest.raises(UserError, match=r"33 of 38 .*'GET /cards/\*' \(30\), 'GET /health' \(3\)"):
        read_recording([path], options())
    found = read_recording([path], options(other="transfer"))
    assert np.bincount(found.route).tolist() == [5, 33]


def test_route_names_that_the_model_does_not_have(tmp_path):
    path = written(tmp_path / "a.csv", ["time,route,client", "1,balanc,1"])
    with pytest.raises(UserError, match=r"'balanc'.*did you mean balance"):
        read_recording([path], options(routes=None))
    with pytest.raises(UserError, match="'nowhere' is unknown"):
        options(routes={"GET /": "nowhere"})
    with pytest.raises(UserError, match="is no pattern"):
        read_recording([path], options(routes={"GET accounts": "balance"}))


# --- mistakes -----------------------------------------------------------------------------------------------

GOOD = combined(BEGIN, ASKED[0])
HEAD = "time,route,client,hit,demand"


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("a.log", [GOOD, "", "nonsense"], r"a\.log:3: .*broken line: the line does not follow the log_format"),
        ("a.log", [GOOD, GOOD.replace("Nov", "Now")], r"a\.log:2: .*is no time like"),
        ("a.log", [combined(BEGIN + 9, ASKED[0]), GOOD], r"a\.log:2: .*goes back by 9 s"),
        ("a.log", [], "the file is empty"),
        ("a.csv", [], "the file is empty"),
        ("a.csv", [HEAD], "the file is empty"),
        ("a.jsonl", [], "the file is empty"),
        ("a.csv", ["when,route,client", "1,balance,1"], r"no time column; say columns: .*when, route, client"),
        ("a.csv", [HEAD, "1,balance,1,,", "2,balance,1"], r"a\.csv:3: .*3 cells in place of 5"),
        ("a.csv", [HEAD, "1,balance,1,maybe,"], "'maybe' is neither hit nor miss"),
        ("a.csv", [HEAD, "1,balance,1,,-3"], "'-3' is no demand"),
        ("a.csv", [HEAD, "nan,balance,1,,"], "nan is no time"),
        ("a.csv", [HEAD, "1795939200000,balance,1,,"], "say time_unit"),
        ("a.csv", [HEAD, "2026-13-01,balance,1,,"], "is no time"),
        ("a.csv", [HEAD, "1,,1,,"], "'' is no route"),
        ("a.jsonl", ['{"ts": 1, "route": "balance", "ip": 1}', "{"], r"a\.jsonl:2: .*no JSON"),
        ("a.jsonl", ['{"ts": 1, "route": "balance", "ip": 1}', '{"ts": 1}'], r"a\.jsonl:2: .*no key 'route'"),
        ("a.jsonl", ['{"ts": 1, "route": 7, "ip": 1}'], "7 is no route"),
        ("a.jsonl", ["[1]"], "no JSON object"),
        ("a.parquet", ["PAR1 and no more"], "no Parquet file"),
    ],
)
def test_broken_files(tmp_path, name, lines, says):
    routes = ROUTES if name == "a.log" else None
    with pytest.raises(UserError, match=says) as raised:
        read_recording([written(tmp_path / name, lines)], options(routes=routes))
    assert "\n" not in str(raised.value)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_recording([tmp_path / "gone.log"], options())
    with pytest.raises(UserError, match="no file"):
        read_recording([], options())


def test_gzip_cut_off(tmp_path):
    path = written(tmp_path / "a.log.gz", [combined(BEGIN + i, ASKED[0]) for i in range(500)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="broken or cut off"):
        read_recording([path], options())


def test_broken_lines_can_be_skipped(tmp_path):
    path = written(tmp_path / "a.log", [GOOD, "nonsense", GOOD, "\x16\x03\x01"])
    found = read_recording([path], options(skip_broken=True))
    assert (len(found), found.broken) == (2, 2)
    with pytest.raises(UserError, match="none of its 2 lines can be read"):
        read_recording([written(tmp_path / "b.log", ["x", "y"])], options(skip_broken=True))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zone": "Europe/Berln"}, "time zone"),
        ({"load_factor": 0.0}, "load_factor"),
        ({"time_factor": math.inf}, "time_factor"),
        ({"columns": {"tiem": "ts"}}, "did you mean time"),
        ({"format": "xml"}, "format"),
    ],
)
def test_options_that_cannot_be_meant(changes, says):
    with pytest.raises(UserError, match=says):
        options(**changes)


def test_start_after_the_end(tmp_path):
    path = written(tmp_path / "a.log", [combined(BEGIN + i, ASKED[0]) for i in range(10)])
    assert len(read_recording([path], options(start_s=4.0))) == 6
    with pytest.raises(UserError, match="after the last request"):
        read_recording([path], options(start_s=60.0))


def test_memory_is_that_of_the_columns(tmp_path):
    """100,000 lines of 17 MB take a few times 25 B a line."""
    path = written(tmp_path / "a.log", [combined(BEGIN + i // 50, ASKED[i % 2]) + " " * 60 for i in range(100_000)])
    how = options(log_format=ReplayOptions(names=NAMES).log_format + "$tail")
    read_recording(rotated(tmp_path, [BEGIN]), options())  # what is made once is made
    tracemalloc.start()
    try:
        assert len(read_recording([path], how)) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 14e6
    finally:
        tracemalloc.stop()


# --- stretching ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """20,000 requests of 2,000 clients over 400 s."""
    lines = [combined(BEGIN + i // 50, ASKED[i % 2], f"10.0.{i * 7919 % 2000}.1") for i in range(20_000)]
    return read_recording([written(tmp_path_factory.mktemp("long") / "a.log", lines)], options())


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 2.0, 3.7])
@pytest.mark.parametrize("by", ["client", "request"])
def test_load_factor(long, factor, by):
    """Ten requests a client, so the sum over clients that stay by chance deviates by sqrt(2000 p (1 - p)) * 10."""
    made = stretch(long, load_factor=factor, by=by, seed=3)
    rest = factor % 1.0
    groups, each = (2000, 10) if by == "client" else (20_000, 1)
    assert len(made) == pytest.approx(20_000 * factor, abs=4 * math.sqrt(groups * rest * (1 - rest)) * each + 1e-9)
    assert np.all(np.diff(made.time_s) >= 0)
    assert made.time_s[0] >= 0
    assert made.length_s <= long.length_s
    assert np.array_equal(np.unique(made.client), np.arange(made.clients))
    assert np.mean(made.route) == pytest.approx(0.5, abs=0.05)
    if by == "client":
        assert made.clients == len(made) / 10
        assert set(np.bincount(made.client)) == {10}


def test_copies_do_not_come_as_pairs(long):
    made = stretch(long, load_factor=2.0)
    assert len(np.unique(made.time_s)) == len(made)
    counts = np.histogram(made.time_s, bins=40)[0]
    assert counts == pytest.approx(np.full(40, 1000), rel=0.15)


def test_load_factors_are_nested_and_repeatable(long):
    times = [set(stretch(long, load_factor=f).time_s.tolist()) for f in (0.2, 0.5, 1.0)]
    assert times[0] < times[1] < times[2]
    assert stretch(long, load_factor=1.3).hash == stretch(long, load_factor=1.3).hash
    assert stretch(long, load_factor=1.3).hash != stretch(long, load_factor=1.3, seed=1).hash
    assert stretch(long, time_factor=2.0).hash != long.hash


def test_time_factor(long):
    assert np.array_equal(stretch(long, time_factor=0.25).time_s, long.time_s * 0.25)


# --- into blocks --------------------------------------------------------------------------------------------


def test_blocks_follow_the_recording_and_draw_the_rest(tmp_path):
    rows = [(i * 10, i % 2, i % 3, [None, 0, 1][i % 3], None if i % 5 else i * 100) for i in range(1000)]
    path, how = write_csv(tmp_path / "a.csv", rows)
    recording = read_recording([path], how)
    source = a_source(10.0, 1000.0, first_population=2, first_client=100)
    block, drawn = new_block(300, 3), new_block(300, 3)
    for first in range(0, 1200, 300):
        made = fill_from(recording, block, source, 4, 1, first)
        assert made == min(300, 1000 - first)
        fill(source, drawn, 4, 1, first)
        for i, (ms, route, client, hit, demand) in enumerate(rows[first : first + 300]):
            assert block.time[i] == pytest.approx(ms / 1000, abs=1e-6)
            assert (block.route[i], block.population[i], block.client[i]) == (route, 2, 100 + client)
            draws = block.draw[i * 3 : i * 3 + (3, 2)[route]].tolist()
            want = drawn.draw[i * 3 : i * 3 + 3].tolist() if drawn.route[i] == route else None
            if demand is not None:
                place, mean = ((2, 0.010), (0, 0.020))[route]
                assert draws[place] == pytest.approx(demand / 1e6 / mean)
                draws[place] = want[place] if want else 0.0
            if hit is not None and route == 0:  # route 1 names no draw for hits
                assert draws[1] == (0.0 if hit else 1.0)
                draws[1] = want[1] if want else 0.0
            if want:
                assert draws == want[: len(draws)]
    assert fill_from(recording, block, source, 4, 1, 1200) == 0


def test_blocks_are_the_same_plain_and_compiled(long):
    from novamodel.workload.replay import filling

    python = getattr(filling.fill_tape, "py_func", filling.fill_tape)
    one, other = new_block(400, 3), new_block(400, 3)
    assert fill_from(long, one, a_source(), 4, 1, 700) == python(long.tape, other, a_source(), 4, 1, 700) == 400
    for column, again in zip(one, other, strict=True):
        assert np.array_equal(column, again)

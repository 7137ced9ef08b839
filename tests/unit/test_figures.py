"""Every figure on a made-up result: what it draws, what it says, its empty states, and the house's colours."""

from __future__ import annotations

import json
import math
import re
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novamodel import figures
from novamodel.figures import house, reshape, words

sys.path.insert(0, str(Path(__file__).parents[1]))
import figures_fixture as made

NAN = math.nan


def title(fig: go.Figure) -> str:
    """Title and subtitle with their lines joined, markup kept."""
    return re.sub(r"</b><br><b>|</span><br><span[^>]*>", " ", fig.layout.title.text)


def notes(fig: go.Figure) -> str:
    return " | ".join(str(annotation.text) for annotation in fig.layout.annotations)


def all_figures(result, knee, sizing):
    scenario = result.scenario
    return {
        "overview": figures.overview(result),
        "overview with cost": figures.overview(result, made.cost_per_hour()),
        "topology": figures.topology(scenario, result),
        "topology without result": figures.topology(scenario),
        "breakdown": figures.breakdown(result),
        "knee": figures.knee(knee, scenario.slo),
        "saturation": figures.saturation(knee),
        "autoscaler": figures.autoscaler(result, "core-api"),
        "no autoscaler": figures.autoscaler(result, "admin-interface"),
        "rejections": figures.rejections(result),
        "sizing": figures.sizing(sizing, scenario.slo),
        "bill": figures.bill(made.bill_frame()),
        "pool_chain": figures.pool_chain(scenario, result),
    }


FULL = all_figures(made.result(), made.knee(), made.sizing())
QUIET = all_figures(made.result(1, quiet=True), made.knee(None), made.sizing(met=False))


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("drawn", [FULL, QUIET], ids=["full", "quiet"])
def test_every_figure_keeps_the_house_rules(drawn, name):
    fig = drawn[name]
    text = fig.to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    assert len(text) < 45_000
    assert title(fig).startswith("<b>")
    assert "<span" in title(fig)  # how to read it
    assert fig.layout.width is None
    assert fig.layout.height > 150
    assert fig.layout.template.layout.plot_bgcolor == "white"


@pytest.mark.parametrize("name", [name for name in FULL if not name.startswith("topology")])
def test_every_value_axis_has_a_title_with_its_unit(name):
    layout = json.loads(FULL[name].to_json())["layout"]
    axes = {key: axis for key, axis in layout.items() if key.startswith(("xaxis", "yaxis"))}
    named = [axis["title"]["text"] for axis in axes.values() if axis.get("title", {}).get("text")]
    assert named
    units = ("requests/s", "ms", "%", "replicas", "USD", "connections", "time of day")
    assert [text for text in named if not any(unit in text for unit in units)] == []


@pytest.mark.parametrize("name", FULL)
def test_no_legend_of_one_entry(name):
    shown = [trace for trace in FULL[name].data if trace.showlegend is not False]
    assert len(shown) != 1


def test_overview_says_the_verdict_and_draws_the_slo():
    fig = FULL["overview"]
    assert "The SLO is missed at 447 requests/s: p99 is 412 ms [379 ms, 445 ms], limit 300 ms" in title(fig)
    assert "SLO p99 &lt; 300 ms" in notes(fig)
    assert any(shape.y0 == pytest.approx(300) for shape in fig.layout.shapes)
    assert "The SLO holds" in title(QUIET["overview"])
    assert "[" not in title(QUIET["overview"]).split("<br>")[0]
    assert "no intervals" in title(QUIET["overview"])


def test_overview_draws_means_and_ranges_of_the_replications():
    result = made.result()
    line = next(trace for trace in FULL["overview"].data if trace.name == "p99")
    table = result.intervals.groupby("clock_s")["p99_s"].mean() * 1000
    assert list(line.y) == pytest.approx(list(table), rel=1e-3)
    assert any(trace.fill == "tonexty" for trace in FULL["overview"].data)
    assert not any(trace.fill == "tonexty" for trace in QUIET["overview"].data)


def test_overview_names_the_busiest_tiers():
    text = notes(FULL["overview"])
    assert "core-api cpu (peak" in text
    assert "redis" not in text


def test_overview_has_a_cost_panel_only_with_a_cost():
    assert "USD an hour" in notes(FULL["overview with cost"])
    assert "USD" not in notes(FULL["overview"])


def test_overview_says_when_nothing_was_served():
    result = made.result()
    result.intervals[["p50_s", "p99_s"]] = NAN
    assert "No request was served" in notes(figures.overview(result))


def test_topology_has_a_box_for_each_part_and_none_overlap():
    fig = FULL["topology"]
    boxes = [shape for shape in fig.layout.shapes if shape.type == "rect"]
    text = notes(fig)
    for word in (
        "nginx",
        "core-api",
        "admin-interface",
        "PgBouncer",
        "PostgreSQL 15",
        "Redis",
        "450",
        "HPA 3 to 10",
    ):
        assert word in text
    assert len(boxes) == 8
    for one, other in combinations(boxes, 2):
        apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
        assert apart
    assert "busy" in text
    assert "busy" not in notes(FULL["topology without result"])


def test_topology_shows_read_replicas():
    copies = made.scenario().override({"database.read_replicas.count": 2, "database.read_replicas.share": "60 %"})
    assert "2 read replicas (60 %)" in notes(figures.topology(copies))


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        ({"kind": "kong", "limit": 1000, "by": "service"}, ("Kong", "at most 1,000 in 60 s", "for each service")),
        ({"kind": "aws", "latency": "5 ms"}, ("API Gateway", "10,000 requests/s", "bursts of 5,000", "adds 5 ms")),
    ],
)
def test_topology_draws_the_gateway_between_edge_and_services(gateway, words):
    fig = figures.topology(made.scenario(gateway=gateway))
    boxes = [shape for shape in fig.layout.shapes if shape.type == "rect"]
    assert len(boxes) == 9
    for one, other in combinations(boxes, 2):
        assert one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
    drawn = notes(fig)
    assert all(word in drawn for word in words)
    assert f"nginx and {words[0]} in front of" in title(fig)
    arrows = [(note.ax, note.x) for note in fig.layout.annotations if note.showarrow]
    edge, own, service = sorted({box.x0 for box in boxes})[:3]
    wide = boxes[0].x1 - boxes[0].x0
    assert (edge + wide, own) in arrows
    assert (edge + wide, service) not in arrows
    assert arrows.count((own + wide, service)) == 2


def test_topology_without_pgbouncer_cache_or_pools():
    bare = made.scenario(
        services={"api": {"routes": {"balance": [{"cpu": "1 ms"}]}}},
        traffic={"peak": "450 requests/s", "night": "5 requests/s", "mix": {"balance": "100 %"}},
        edge={},
        database={},
        slo=["p99 < 300 ms"],
    )
    text = notes(figures.topology(bare))
    assert "PgBouncer" not in text
    assert "Redis" not in text
    assert "pool" not in text
    assert "api" in text
    assert "No service has a connection pool" in title(figures.pool_chain(bare))


def test_breakdown_names_the_places_and_what_is_left_out():
    fig = FULL["breakdown"]
    assert "to pool wait near the p99 (36 %)" in title(fig)
    assert "connect and other" in title(fig)
    assert fig.data[0].y[0] == "edge"
    empty = made.result()
    empty.breakdown[["mean_s", "p99_s"]] = NAN
    assert "No request was served" in title(figures.breakdown(empty))


def test_knee_marks_today_and_the_breach():
    assert "holds up to 1.32 x" in title(FULL["knee"])
    assert "SLO missed from 1.32 x" in notes(FULL["knee"])
    assert "today's peak" in notes(FULL["knee"])
    assert "highest load tried" in title(QUIET["knee"])
    assert "missed at today's load already" in title(figures.knee(made.knee(0.8)))
    lifted = [note.yshift for note in figures.knee(made.knee(0.8)).layout.annotations if note.text == "today's peak"]
    assert lifted[0] > 10  # else it would lie on the knee's label, which runs towards it
    nothing = made.knee()
    nothing.curve = nothing.curve.iloc[:0]
    assert "No load was tried" in title(figures.knee(nothing))


def test_saturation_ranks_what_cannot_scale_out_first():
    fig = FULL["saturation"]
    assert fig.data[0].y[0] == "core-api pool"
    assert list(fig.data[0].y).index("redis") < list(fig.data[0].y).index("core-api cpu")
    assert "core-api pool gives out first: the SLO is missed from 1.32 x today's peak" in title(fig)
    assert "; it is full on average at 1.4 x" in title(fig)
    bursts = made.knee()
    bursts.first_tier = "pgbouncer"
    assert "pgbouncer gives out first" in title(figures.saturation(bursts))
    assert "core-api pool is the first tier full on average at 1.4 x" in title(figures.saturation(bursts))
    demands = made.knee().tiers.rename(
        columns={"utilisation_now": "utilisation", "multiple_to_limit": "saturation_multiple"}
    )
    assert list(figures.saturation(demands).data[0].y) == list(fig.data[0].y)
    assert "No tier" in title(figures.saturation(demands.iloc[:0]))
    endless = figures.saturation(demands.assign(utilisation=math.inf))
    assert max(endless.data[0].x) == 800
    assert "over 800 %, full at 1.4 x today" in notes(endless)


def test_connections_that_may_be_opened_are_a_warning_and_no_first_limit():
    knee = made.knee()
    fig = figures.saturation(knee)
    assert list(fig.data[0].y)[-2:] == ["pgbouncer clients", "postgres connections"]
    assert fig.data[0].x[-2] == 38
    assert "38 % open, 220 may open, 100 accepted" in notes(fig)
    assert list(fig.data[1].x) == pytest.approx([220, 20.62])
    assert "pgbouncer clients" not in title(fig)
    assert "opened by pools" in notes(fig)
    unseen = knee.tiers.assign(
        utilisation_now=math.nan
    )  # today's peak lies beyond the knee: nothing was simulated there
    assert "220 may open, 100 accepted" in notes(figures.saturation(unseen))
    bare = figures.saturation(knee.tiers[knee.tiers["may_open"].isna()])
    assert "Diamonds" not in title(bare)


def test_autoscaler_explains_each_decision():
    fig = FULL["autoscaler"]
    assert "3 to 9 ready replicas after 3 decisions" in title(fig)
    assert "within the policy" in notes(fig)
    assert "HPA maximum 10" in notes(fig)
    assert "first of 4 replications" in title(fig)
    assert "no decision changed the count" in title(QUIET["autoscaler"])
    assert "has no autoscaler: 1 ready replica throughout" in title(FULL["no autoscaler"])
    assert "no replicas recorded" in title(figures.autoscaler(made.result(), "other"))


def test_marks_of_decisions_do_not_overlap():
    assert reshape.stagger([(0, 7), (0.5, 7), (3, 7)], 1.0, 1.0) == [7, 8, 7]
    assert reshape.stagger([(0, 7), (0.5, 8), (0.6, 7)], 1.0, 1.0) == [7, 8, 6]
    result = made.result()
    scales = result.events[result.events["kind"] == "scale"]
    twin = scales.iloc[[0]].assign(clock_s=scales["clock_s"].iloc[0] + 5)
    result.events = pd.concat([result.events, twin])
    marks = next(part for part in figures.autoscaler(result, "core-api").data if part.mode == "markers+text")
    first, second = marks.y[:2]
    assert abs(second - first) > 1  # a mark is about a tenth of the panel high


def test_autoscaler_says_when_it_had_no_metric():
    result = made.result()
    result.replicas["cpu_of_request"] = NAN
    assert "never had a sample" in notes(figures.autoscaler(result, "core-api"))


def test_autoscaler_lists_no_more_decisions_than_fit():
    result = made.result(1)
    one = result.events.iloc[[0]]
    result.events = pd.concat([one] * 30, ignore_index=True)
    assert "22 more decisions" in notes(figures.autoscaler(result, "core-api"))


def test_rejections_compare_what_a_client_sends_with_its_limit():
    fig = FULL["rejections"]
    assert "51.4 % of the requests of abusers" in title(fig)
    assert "54 % of all rejections hit offices" in title(fig)
    assert "10r/s, burst 20" in title(fig)
    assert "SLO: below 0.01 %" in notes(fig)
    assert any("11.1 requests/s each" in name for name in fig.data[0].y)
    assert "rejects nobody" in title(QUIET["rejections"])
    assert "Nothing was rejected" in notes(QUIET["rejections"])
    assert QUIET["rejections"].data[0].error_x.visible is False


def test_sizing_marks_the_chosen_and_says_why_others_lost():
    fig = FULL["sizing"]
    assert "4 to 12 x 500m/750m, 512 MiB, pool 12 keeps the SLO" in title(fig)
    assert "87 more than today" in title(fig)
    assert "p99 320 ms is above 300 ms" in notes(fig)
    symbols = list(fig.data[1].marker.symbol)
    assert symbols.count("star") == 1
    assert symbols.index("star") == 3
    assert "None of 7 simulated candidates keeps the SLO" in title(QUIET["sizing"])
    none = made.sizing()
    none.candidates = none.candidates.iloc[:0]
    assert "No candidate was simulated" in title(figures.sizing(none))


def test_sizing_of_several_services_has_one_row_a_candidate():
    outcome = made.sizing()
    other = outcome.candidates.assign(service="admin-interface", min_replicas=1, max_replicas=1, cpu_request=0.1)
    outcome.candidates = pd.concat([outcome.candidates.assign(service="core-api"), other])
    outcome.candidates[["cpu_limit", "pool_max"]] = outcome.candidates[["cpu_limit", "pool_max"]].astype(float)
    outcome.candidates = outcome.candidates.reset_index(drop=True)
    fig = figures.sizing(outcome)
    assert len(fig.data[0].y) == 7
    assert list(fig.data[1].marker.symbol).count("star") == 1
    assert "core-api 4 to 12 x 500m/750m" in title(fig)


def test_sizing_says_when_today_is_the_cheapest():
    outcome = made.sizing()
    outcome.now = outcome.chosen
    assert "Nothing cheaper than today's size" in title(figures.sizing(outcome))


def test_pareto_joins_what_none_betters_and_marks_the_choice():
    outcome = made.explained_sizing()
    fig = figures.pareto(outcome, made.result().scenario.slo)
    assert "508 USD a month buy a p99 of 181 ms, 87 USD more than today (p99 412 ms)" in title(fig)
    assert "197 USD more buy 120 ms" in title(fig)
    assert list(fig.data[0].x) == list(outcome.front.loc[outcome.front["on_front"], "cost_month"])
    assert list(fig.data[1].marker.symbol).count("star") == 1
    assert "chosen" in notes(fig)
    assert "today" in notes(fig)
    outcome.front = outcome.front.iloc[:0]
    assert "No candidate was simulated" in title(figures.pareto(outcome))


def test_tornado_ranks_steps_and_names_what_moves_nothing():
    told = made.explained_sizing().explained
    fig = figures.tornado(told)
    assert "core-api cpu limit moves the p99 most: 750m -&gt; 500m changes it by +719 ms" in title(fig)
    assert "of what is assumed it is load" in title(fig)
    assert "missed by a step of core-api cpu limit" in title(fig)
    assert list(fig.layout.yaxis.ticktext) == ["core-api cpu limit", "load"]
    assert "no effect: core-api pool max" in fig.layout.xaxis.title.text
    assert fig.layout.xaxis.range[1] == pytest.approx(4 * 59)  # the giant runs out of the panel
    assert "+719 ms, same cost" in notes(fig)
    assert "No sensitivity was asked for" in title(figures.tornado(None))


def test_bill_adds_up_and_splits_by_driver():
    frame = made.bill_frame()
    fig = FULL["bill"]
    fixed, use = (sum(trace.x) for trace in fig.data)
    assert fixed == pytest.approx(frame[frame["driver"] == "fixed"]["amount"].sum())
    assert use == pytest.approx(frame[frame["driver"] == "use"]["amount"].sum())
    assert "485 USD a month: 390 fixed and 95 driven by use; Amazon RDS is the largest" in title(fig)
    assert "Nothing is priced" in title(figures.bill(frame.iloc[:0]))


def test_pool_chain_finds_the_overflow():
    assert "Every connection budget holds" in title(FULL["pool_chain"])
    database = {"max_connections": 100, "statements": {"read": {"cpu": "42 us"}}}
    narrow = made.scenario(database=database | {"pgbouncer": {"max_client_conn": 100, "default_pool_size": 20}})
    text = title(figures.pool_chain(narrow))
    assert "overflows: pools at the HPA's maximum may open 205 connections, PgBouncer accepts 100" in text
    assert "triangle" not in text  # nothing was run
    assert "The triangle is the most that were busy" in title(FULL["pool_chain"])
    direct = made.scenario(database=database)
    assert "PostgreSQL accepts 97" in title(figures.pool_chain(direct))


# Colours stay apart for every reader.

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}  # fmt: skip


def lab(colour: str, vision: str) -> tuple[float, float, float]:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    red, green, blue = (min(max(sum(a * b for a, b in zip(row, linear, strict=True)), 0), 1) for row in VISION[vision])
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089

    def f(t: float) -> float:
        return t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116

    return 116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))


@pytest.mark.parametrize("vision", VISION)
def test_tier_colours_stay_apart(vision):
    for one, other in combinations(house.COLOURS, 2):
        distance = math.dist(lab(house.COLOURS[one], vision), lab(house.COLOURS[other], vision))
        assert distance > 12, (one, other, distance)


@pytest.mark.parametrize(
    ("tier", "kind"),
    [
        ("edge", "edge"),
        ("core-api cpu", "api"),
        ("core-api event loop", "api"),
        ("admin-interface cpu", "admin"),
        ("core-api pool", "pool"),
        ("pgbouncer", "pool"),
        ("postgres cpu", "database"),
        ("postgres connections", "database"),
        ("redis", "cache"),
        ("pool wait", "pool"),
        ("database", "database"),
        ("storage", "database"),
        ("cache", "cache"),
    ],
)
def test_a_tier_has_the_colour_of_its_kind(tier, kind):
    assert house.kind_of(tier) == kind


# Reshaping and words.


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.01, 0.12))
def test_labels_are_moved_apart_in_order(heights, gap):
    placed = reshape.spread(heights, gap)
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    ranked = [placed[index] for index in order]
    assert all(later - earlier >= gap - 1e-9 for earlier, later in pairwise(ranked))
    assert max(placed) <= 1 + 1e-9
    assert min(placed) >= -1e-9


def test_long_frames_are_put_together():
    frame = pd.DataFrame({"clock_s": range(1000), "value": [1.0, 3.0] * 500})
    table = reshape.over_time(frame, "value", most=100)
    assert len(table) == 100
    assert set(table["mean"]) == {2.0}
    assert (table["low"].min(), table["high"].max()) == (1.0, 3.0)


def test_even_times_are_written_as_start_and_step():
    assert reshape.clock_points([3600, 3610, 3620]) == {"x0": "2000-01-01T01:00:00", "dx": 10_000}
    assert len(reshape.clock_points([3600, 3610, 3625])["x"]) == 3


def test_numbers_that_are_not_finite_are_left_out():
    assert reshape.tidy([1.23456, NAN, math.inf, None]) == [1.235, None, None, None]


def test_verdict_says_when_the_interval_contains_the_limit():
    close = made.slo("p99 < 300 ms", "p99", None, 0.3, made.Estimate(0.29, 0.27, 0.31), "s")
    assert words.verdict([close], "at 450 requests/s") == (
        "The SLO holds at 450 requests/s: p99 is 290 ms [270 ms, 310 ms], limit 300 ms; the interval contains "
        "the limit: more replications would decide"
    )
    assert words.verdict([], "at 450 requests/s") == "No SLO is given at 450 requests/s"


def test_an_interval_is_said_only_where_values_can_lie():
    assert words.span_text(0.5, -0.4, 1.3, "s") == "500 ms [0 s, 1.3 s]"
    assert words.span_text(0.5, -0.1, 1.2, "1") == "50 % [0 %, 100 %]"
    assert words.span_text(0.5, NAN, NAN, "s") == "500 ms"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4123, "s", "412 ms"),
        (0.000305, "s", "305 µs"),
        (0.0002, "1", "0.02 %"),
        (449.6, "1/s", "450 requests/s"),
        (NAN, "s", "unknown"),
    ],
)
def test_values_are_said_with_their_unit(value, unit, text):
    assert words.value_text(value, unit) == text

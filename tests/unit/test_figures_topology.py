"""The topology of any graph: a box for each part, an arrow for each question, nothing over anything else."""

import copy
import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novamodel import figures
from novamodel.figures.house import kind_of
from novamodel.figures.layers import layered
from novamodel.scenario import Tree, build
from tests.graph_fixture import SIZE, VALUES, graph


def many():
    """Twelve services with a call that leads back, parallel calls and two queues."""
    values = copy.deepcopy(VALUES)
    services = values["services"]
    routes = services["shop"]["routes"]
    routes["buy"].append({"parallel": [[{"call": "stock.reserve"}], [{"call": "prices.quote"}]]})
    services["orders"]["routes"]["place"] += [{"call": "billing.charge"}, {"publish": "events"}]
    services |= {
        "stock": {"resources": SIZE, "routes": {"reserve": [{"call": "shop.browse", "chance": "5 %"}]}},
        "prices": {"resources": SIZE, "routes": {"quote": [{"wait": "1 ms"}]}},
        "billing": {
            "resources": SIZE,
            "pools": {"ledger": {"max": 6}},
            "routes": {"charge": [{"sql": ["write"], "database": "ledger"}, {"call": "bank"}, {"call": "fraud.check"}]},
        },
        "fraud": {"resources": SIZE, "routes": {"check": [{"call": "rules.apply"}, {"call": "post"}]}},
        "rules": {"resources": SIZE, "routes": {"apply": [{"cpu": "1 ms"}]}},
        "search": {"resources": SIZE, "routes": {"find": [{"call": "stock.reserve"}]}},
        "indexer": {
            "resources": SIZE,
            "consumers": {"one": {"queue": "events", "route": "index"}},
            "routes": {"index": [{"call": "search.find"}]},
        },
        "a-profile-service-with-a-long-name": {"resources": SIZE, "pool": {}, "routes": {"me": [{"sql": ["read"]}]}},
    }
    values["queues"]["events"] = {}
    values["traffic"]["mix"] = {"browse": "50 %", "buy": "20 %", "find": "20 %", "me": "10 %"}
    return build(Tree(values))


DRAWN = {"four": figures.topology(graph()), "twelve": figures.topology(many())}
BOXES = {"four": 4 + 3 + 2 + 2 + 1 + 2 + 1 + 2, "twelve": 12 + 3 + 2 + 2 + 1 + 2 + 2 + 2}
"""Services, sources, edges, databases, PgBouncer, caches, queues, externals."""
ARROWS = {
    "four": (2 + 1) + (1 + 1) + 5 + 2 + 1 + 1 + 1,
    "twelve": (2 + 1) + (3 + 1) + 7 + 4 + 3 + 2 + 1 + 1 + 1 + 1 + (1 + 1) + 1 + 1,
}
"""From sources, edges, shop, orders, then (twelve: billing, fraud, stock, search, indexer, profile;) queues, mailer,
PgBouncer."""


def boxes(fig):
    return [shape for shape in fig.layout.shapes if shape.type == "rect"]


def paths(fig):
    return [shape for shape in fig.layout.shapes if shape.type == "path"]


def points(path):
    """Places along an arrow, curves in sixteen pieces."""
    numbers = re.findall(r"([MLC]) ([^MLC]+)", path)
    at, found = (0.0, 0.0), []
    for letter, text in numbers:
        values = [float(one) for one in text.split()]
        if letter == "C":
            for step in range(17):
                t = step / 16
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                xs, ys = [at[0], *values[::2]], [at[1], *values[1::2]]
                found.append(tuple(sum(w * v for w, v in zip(weights, vs, strict=True)) for vs in (xs, ys)))
        at = (values[-2], values[-1])
        found.append(at)
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_each_part_has_a_box_and_each_question_an_arrow(name):
    fig = DRAWN[name]
    assert len(boxes(fig)) == BOXES[name]
    assert len(paths(fig)) == ARROWS[name]
    assert len([note for note in fig.layout.annotations if note.showarrow]) == ARROWS[name]
    assert len(fig.to_json()) < 45_000


@pytest.mark.parametrize("name", DRAWN)
def test_no_box_covers_another_and_no_arrow_runs_through_one(name):
    fig = DRAWN[name]
    for one, other in combinations(boxes(fig), 2):
        assert one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
    (low, high), (left, right) = fig.layout.yaxis.range, fig.layout.xaxis.range
    for arrow in paths(fig):
        for x, y in points(arrow.path):
            assert left <= x <= right
            assert low <= y <= high
            assert not any(box.x0 < x < box.x1 and box.y0 < y < box.y1 for box in boxes(fig))


@pytest.mark.parametrize("name", DRAWN)
def test_texts_fit_their_boxes(name):
    """Letters of Arial are half as wide as high on average, bold ones a tenth more; a page has 1240 pixels."""
    fig = DRAWN[name]
    left, right = fig.layout.xaxis.range
    box = boxes(fig)[0]
    width = (box.x1 - box.x0) / (right - left) * 1240
    for note in fig.layout.annotations:
        if not note.showarrow:
            lines = [re.sub("<[^>]+>", "", line) for line in note.text.split("<br>")]
            assert max(len(line) for line in lines) * note.font.size * 0.5 < width * 1.05
            assert len(lines) * note.font.size * 1.3 < fig.layout.height


def test_what_the_boxes_say():
    text = " | ".join(str(note.text) for note in DRAWN["four"].layout.annotations)
    for words in ("<b>ledger</b><br>PgBouncer", "1 read replica (100 %)", "pool ledger 5", "every 10 s", "asked 90.8 %",
                  "<b>mails</b><br>queue", "<b>bank</b><br>external<br>80 ms", "<b>lists</b><br>Redis"):  # fmt: skip
        assert words in text
    assert "4 services on ECS, beside them 2 databases, 2 caches, 1 queue and 2 externals" in re.sub(
        "</b><br><b>", " ", DRAWN["four"].layout.title.text
    )


def test_messages_are_dashed_and_questions_solid():
    dashes = [shape.line.dash for shape in paths(DRAWN["four"])]
    assert (dashes.count("dash"), dashes.count("solid")) == (2, ARROWS["four"] - 2)


def test_what_stands_by_itself_and_is_not_asked_is_left_out():
    fig = figures.topology(graph(services__shop__routes__browse=[{"cpu": "1 ms"}], traffic__via="office"))
    text = " | ".join(str(note.text) for note in fig.layout.annotations)
    assert "<b>PostgreSQL 15</b>" not in text
    assert "<b>Redis</b>" not in text
    assert "<b>nginx</b>" not in text


@pytest.mark.parametrize(
    ("tier", "kind"),
    [
        ("ledger postgres cpu", "database"),
        ("lists redis", "cache"),
        ("office edge", "edge"),
        ("ledger pgbouncer clients", "pool"),
        ("external bank", "cost"),
        ("queue mails consumers", "pool"),
        ("core-api event loop", "api"),
        ("orders ledger pool", "pool"),
    ],
)
def test_tiers_of_further_parts_have_the_colour_of_their_kind(tier, kind):
    assert kind_of(tier) == kind


NODES = st.integers(1, 14)


@settings(max_examples=60)
@given(NODES, st.data())
def test_layers_keep_apart_and_lead_to_the_right(count, data):
    names = [f"n{number}" for number in range(count)]
    heights = {name: data.draw(st.floats(20, 120)) for name in names}
    pairs = st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda pair: pair[0] != pair[1])
    links = data.draw(st.lists(pairs, unique=True, max_size=25)) if count > 1 else []
    layout = layered(heights, links, 20.0)
    for one, other in combinations(names, 2):
        if layout.column[one] == layout.column[other]:
            room = (heights[one] + heights[other]) / 2 + 20.0
            assert abs(layout.y[one] - layout.y[other]) >= room - 1e-6
    for start, end in links:
        assert layout.column[start] != layout.column[end]
        between = abs(layout.column[start] - layout.column[end]) - 1
        assert len(layout.through[start, end]) == between


def test_a_chain_is_level_and_a_circle_has_one_arrow_back():
    layout = layered({"a": 40.0, "b": 60.0, "c": 40.0}, [("a", "b"), ("b", "c"), ("c", "a")], 20.0)
    assert layout.column == {"a": 0, "b": 1, "c": 2}
    assert len(layout.through["c", "a"]) == 1
    plain = layered({"a": 40.0, "b": 60.0, "c": 40.0}, [("a", "b"), ("b", "c")], 20.0)
    assert plain.y == pytest.approx({"a": 0.0, "b": 0.0, "c": 0.0})

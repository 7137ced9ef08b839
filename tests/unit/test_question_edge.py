"""The question of the edge: whom limits reject, and the smallest that hold a flood."""

import pytest

import novamodel as nm
from novamodel.analytic import erlang_b
from novamodel.questions.edge_limits.trials import Limit, nginx_rate


@pytest.fixture(scope="module")
def answer():
    return nm.questions.edge(nm.load("novabank"), quick=True, seed=3)


def test_more_rate_never_rejects_more(answer):
    for _, rows in answer.curve.groupby("population"):
        shares = rows.sort_values("rate_per_s")["share"].to_numpy()
        assert (shares[1:] <= shares[:-1] + 1e-12).all()


def test_today_is_the_curve_at_todays_limit(answer):
    here = answer.curve[answer.curve["rate"] == "10r/s"].set_index("population")["rejected"]
    assert here.to_dict() == answer.today.set_index("population")["rejected"].to_dict()
    assert here["offices"] > 0


def test_a_larger_burst_needs_no_larger_rate(answer):
    rates = answer.frontier.sort_values("burst")["rate_per_s"].to_numpy()
    assert (rates[1:] < rates[:-1]).all()
    assert answer.frontier["chosen"].sum() == 1


def test_the_advised_limit_spares_customers_and_holds_what_no_limit_does_not(answer):
    rows = answer.flood.set_index("variant")
    assert answer.holds
    assert not rows.at["no limit", "held"]
    assert rows.at["advised", "hurt_share"] <= answer.most_rejected
    assert rows.at["advised", "passed_per_s"] < rows.at["no limit", "passed_per_s"]
    assert rows.at["no limit", "passed_per_s"] == pytest.approx(rows.at["no limit", "offered_per_s"])


def test_what_passes_of_the_flood_is_what_the_limit_lets_through(answer):
    passed = answer.passing.set_index(["variant", "population"])["per_s"]
    seconds = 10  # the window of a quick run; each client may send its rate, and its burst once
    most = answer.flood_clients * (answer.advised.per_s + (answer.advised.burst + 1) / seconds)
    assert 0.9 * answer.flood_clients * answer.advised.per_s < passed["advised", "flood"] <= most


def test_what_passes_is_counted_by_population(answer):
    rows = answer.passing[answer.passing["variant"] == "no limit"].set_index("population")
    assert list(rows.index) == ["customers", "offices", "abusers", "flood"]
    total = answer.flood.set_index("variant").at["no limit", "passed_per_s"]
    assert rows["per_s"].sum() == pytest.approx(total)
    assert answer.legitimate == "customers and offices"
    drawn = {bar.name: bar.x[-1] for bar in nm.figures.edge_flood(answer).data}  # the lowest bar is the first row
    assert drawn == pytest.approx(rows["per_s"].to_dict(), rel=1e-2)
    assert "customers and offices can live with" in answer.conclusion()


def test_a_peak_beyond_the_knee_is_said_and_no_flood_is_blamed():
    small = nm.load("novabank-compose").override({"traffic.peak": "900 requests/s", "edge.limits": {}})
    found = nm.questions.edge(small, quick=True, seed=3)
    assert 0 < found.bears_per_s < 900  # not the lowest load that was tried at first
    assert found.overloaded
    assert found.flood_held is None
    assert "the peak alone brings 900" in found.conclusion()
    assert "The peak alone is more" in nm.figures.edge_flood(found).layout.title.text


def test_no_text_of_the_flood_is_crossed_by_the_knee(answer):
    fig = nm.figures.edge_flood(answer)
    texts = [note for note in fig.layout.annotations if note.text.startswith("p99")]
    assert len(texts) == len(answer.flood)
    assert all(note.x >= max(answer.bears_per_s, answer.flood["passed_per_s"].max()) for note in texts)
    assert answer.bears_per_s == pytest.approx(fig.layout.shapes[0].x0)


def test_limit_conn_follows_erlangs_formula(answer):
    row = answer.connections.iloc[1]
    each = 450 * 0.98 * 0.10 / 4  # an office's requests a second to core-api
    assert row["offices"] == pytest.approx(float(erlang_b(2, each * row["latency_s"])), rel=1e-9)
    assert answer.connection_limit >= 1


def test_answer_says_figures_and_sentences(answer):
    assert answer.conserved
    assert answer.headline()["advised rate (requests/s)"] == answer.advised.per_s
    assert str(answer.advised) in answer.conclusion()
    assert {"edge_limits", "edge_flood"} <= set(dir(nm.figures))
    title = nm.figures.edge_limits(answer).layout.title.text
    assert str(answer.advised) in title.replace("</b><br><b>", " ")  # wherever the line is broken
    assert "holds a flood" in nm.figures.edge_flood(answer).layout.title.text


def test_without_limit_and_with_one_client_each_it_still_answers():
    people = {"people": {"share": 1.0, "clients": 1}}
    bare = nm.load("novabank").override({"edge.limits": {}, "traffic.populations": people, "slo": ["p99 < 300 ms"]})
    bare = bare.override({"traffic.peak": "40 requests/s", "traffic.night": "4 requests/s"})
    found = nm.questions.edge(bare, quick=True, flood_clients=1, flood_each_per_s=1)
    assert found.now is None
    assert found.today["rejected"].sum() == 0
    assert found.conclusion()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"flood_clients": 0}, "flood of 0 clients"),
        ({"flood_each_per_s": 1e6}, "up to 20,000 requests/s"),
        ({"most_rejected": 0}, "most_rejected"),
        ({"abusers": ["customer"]}, "'customer', which is no population"),
        ({"abusers": ["customers", "offices", "abusers"]}, "nobody is left"),
    ],
)
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(nm.UserError, match=words):
        nm.questions.edge(nm.load("novabank"), quick=True, **options)


@pytest.mark.parametrize(("per_s", "text"), [(11.4, "11r/s"), (5, "5r/s"), (1.5, "90r/m"), (0.001, "1r/m")])
def test_rate_as_nginx_writes_it(per_s, text):
    assert nginx_rate(per_s) == text
    assert Limit(text, 0).per_s > 0

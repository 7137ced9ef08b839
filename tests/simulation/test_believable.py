"""What a result says of itself: warm-up, precision, what its intervals rest on, warnings, and two variants compared."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import novamodel
from novamodel.components.nginx.limit_zone import zone_capacity
from novamodel.errors import UserError
from novamodel.simulation import compare, simulate
from novamodel.simulation.counts import between, metrics, value_of
from novamodel.simulation.precision import next_count
from novamodel.simulation.replication import replicate
from novamodel.simulation.settling import with_warm_up
from novamodel.simulation.zone_doubts import zone_doubts
from novamodel.workflows.answer import to_json

LIMITLESS = ["mean < 1 h"]


@pytest.fixture(scope="module")
def queue(plain):
    """One event loop with exponential work of 5 ms: it does 200 requests/s."""

    def make(rate=100, slo=None, steps=({"cpu": "5 ms exponential"},), traffic=None, service=None, **run):
        window = {"duration": "60 s", "warm_up": "5 s", "interval": "5 s", "replications": 4} | run
        return plain(
            {
                "traffic": {"peak": f"{rate} requests/s", **(traffic or {})},
                "services": {"api": {"routes": {"read": list(steps)}, **(service or {})}},
                "slo": slo or LIMITLESS,
                "run": window,
            }
        )

    return make


@pytest.fixture(scope="module")
def slow_to_settle(queue):
    """Half a minute in an outside call: requests in flight rise for two minutes from an empty start."""

    def make(**run):
        return queue(steps=({"wait": "30 s exponential"}, {"cpu": "1 ms"}), **{"duration": "300 s"} | run)

    return make


def texts(result, word):
    return [text for text in result.warnings if word in text]


# --- warm-up ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("replications", [1, 3])
def test_a_warm_up_that_is_too_short_is_said_in_words(slow_to_settle, replications):
    (text,) = texts(simulate(slow_to_settle(warm_up="10 s", replications=replications)), "settling")
    assert "MSER-5" in text
    assert "run.warm_up of 10 s is too short" in text


def test_a_long_enough_warm_up_is_not_warned_of(slow_to_settle, queue):
    assert not texts(simulate(slow_to_settle(warm_up="150 s", replications=3)), "settling")
    warned = sum(bool(texts(simulate(queue(160, seed=seed, replications=2)), "settling")) for seed in range(30))
    assert warned <= 1


def test_a_ramp_of_the_load_is_no_warm_up(queue):
    ramp = [["12:00", "50 requests/s"], ["12:05", "150 requests/s"], ["12:10", "50 requests/s"]]
    result = simulate(queue(traffic={"shape": ramp}, duration="300 s"))
    assert result.warnings == ()


def test_an_automatic_warm_up_is_derived_whole_and_the_same_on_both_engines(slow_to_settle, queue):
    scenario = slow_to_settle(warm_up="auto", interval="20 s", duration="60 s")
    found = with_warm_up(scenario, "compiled")
    assert found.origin("run.warm_up").kind == "derived"
    assert "MSER-5" in found.origin("run.warm_up").source
    assert 60 <= found.run.warm_up_s <= 400
    assert found.run.warm_up_s % 20 == 0
    assert simulate(scenario, replications=1).scenario.run.warm_up == found.run.warm_up
    light = queue(warm_up="auto", duration="10 s", interval="0.5 s")
    found, again = with_warm_up(light, "compiled"), with_warm_up(light, "simpy")
    assert found.content_hash() == again.content_hash()
    assert found.run.warm_up_s >= 0.5


def test_settling_is_shown_from_the_very_beginning(queue):
    result = simulate(queue(replications=2))
    frame = result.settling
    assert set(frame["replication"]) == {0, 1}
    assert frame["clock_s"].min() < result.scenario.run.start < frame["clock_s"].max()
    early = frame[frame["warm_up"]]
    assert early["clock_s"].max() <= result.scenario.run.start + 1e-6
    counted = frame[~frame["warm_up"]]["served"].sum()
    served = result.routes["served"].sum()
    assert counted == pytest.approx(served, rel=0.02)


# --- what intervals rest on ------------------------------------------------------------------------------------


def test_one_replication_has_intervals_from_its_batches(queue):
    alone, four = simulate(queue(), replications=1), simulate(queue())
    assert set(four.estimates["method"]) == {"replications"}
    by_metric = alone.estimates[alone.estimates["of"] == ""].set_index("metric")
    assert by_metric.at["mean", "method"] == by_metric.at["p50", "method"] == "batch means"
    assert by_metric.at["p99.9", "method"] == "none"  # 6,000 requests make no five batches for it
    assert math.isnan(by_metric.at["p99.9", "low"])
    for metric in ("mean", "p50", "p90", "rate", "goodput"):
        assert by_metric.at[metric, "low"] < by_metric.at[metric, "value"] < by_metric.at[metric, "high"]
    assert by_metric.at["rate", "low"] < 100 < by_metric.at["rate", "high"]


def test_batches_of_a_changing_load_are_no_sample(queue):
    ramp = queue(traffic={"shape": [["12:00", "50 requests/s"], ["12:01", "100 requests/s"]]})
    alone, four = simulate(ramp, replications=1), simulate(ramp)
    rate = alone.estimates.set_index(["metric", "of"]).loc[("rate", "")]
    assert rate["method"] == "none"
    assert math.isnan(rate["low"])
    assert texts(alone, "that changes (or an operation)")
    assert not texts(four, "that changes (or an operation)")


def test_batches_add_up_to_the_replication(queue):
    run = replicate(queue(replications=1), 0, "compiled")
    assert len(run.batches) == 20
    assert sum(batch.length_s for batch in run.batches) == pytest.approx(60)
    for name in ("histogram", "latency", "outcome", "population", "arrived"):
        np.testing.assert_allclose(sum(getattr(batch, name) for batch in run.batches), getattr(run, name), rtol=1e-12)
    assert replicate(queue(), 0, "compiled").batches == []
    nothing = between(run.batches[0], run.batches[0])
    values = {m.name: value_of(m, nothing) for m in metrics(queue()) if m.of == ""}
    assert all(math.isnan(value) for value in values.values())


def test_a_share_never_seen_is_not_known_to_be_zero(queue):
    for replications in (1, 4):
        result = simulate(queue(), replications=replications)
        errors = result.estimate("errors")
        assert errors.value == errors.low == 0
        arrived = result.routes["arrived"].sum()
        assert errors.high >= 3.68 / arrived  # as if each failure were for itself
        most = max(r["in_flight"] for r in result.settling.to_dict("records"))
        seldom = {1: 0.975, 4: 0.602}[replications]  # shares of replications that may show some (Clopper and Pearson)
        assert errors.high == pytest.approx(max(3.69, seldom * most * replications) / arrived, rel=0.05)


def test_the_estimates_are_of_all_replications_together_and_near_the_single_ones(queue):
    result = simulate(queue())
    groups = result.by_replication.groupby(["metric", "of"], sort=False)
    means = groups["value"].mean().to_numpy()
    seen = result.estimates["metric"] != "p99.9"
    np.testing.assert_allclose(means[seen], result.estimates["value"][seen], rtol=0.05)
    (route,) = result.routes.to_dict("records")
    for metric in ("mean", "p50", "p95", "p99"):
        assert result.estimate(metric).value == route[f"{metric}_s"]  # one figure wherever it stands
    # without one replication: what the other three say together
    three = simulate(queue(replications=3)).estimate("p95").value
    left = result.by_replication.query("metric == 'p95' and of == '' and replication == 3")["without"].item()
    assert left == pytest.approx(three, rel=1e-12)


# --- precision -------------------------------------------------------------------------------------------------


def test_replications_are_added_until_the_estimate_is_precise(queue):
    scenario = queue(150, precision="mean < 5 %", duration="20 s")
    result = simulate(scenario)
    assert result.precision.met
    assert result.precision.reached <= 0.05
    assert result.replications == result.precision.replications > 4
    mean = result.estimate("mean")
    assert (mean.high - mean.low) / 2 / mean.value == pytest.approx(result.precision.reached)
    assert not texts(result, "precision")
    assert json.loads(to_json(result.to_dict()))["precision"]["met"] is True


def test_precision_does_not_depend_on_workers_or_engine(queue):
    scenario = queue(180, precision="mean < 15 %", duration="5 s")
    one, two, simpy = simulate(scenario, workers=1), simulate(scenario, workers=2), simulate(scenario, engine="simpy")
    assert one.digest == two.digest == simpy.digest
    assert one.estimates.equals(two.estimates)
    assert one.replications == two.replications == simpy.replications


def test_a_precision_that_is_not_reached_is_said(queue):
    result = simulate(queue(180, precision="p99(read) < 0.1 %", most_replications=6, duration="5 s"))
    assert result.replications == 6
    assert not result.precision.met
    (text,) = texts(result, "precision")
    assert "p99(read) < 0.1 % was not reached" in text
    assert "after 6 replications" in text


def test_rounds_grow_by_need_and_never_more_than_double():
    assert next_count(4, 0.06, 0.05, 64) == 6
    assert next_count(4, 0.5, 0.05, 64) == 8
    assert next_count(4, math.inf, 0.05, 64) == 8
    assert next_count(40, 0.5, 0.05, 64) == 64
    assert next_count(10, 0.0501, 0.05, 64) == 11


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"run.precision": "p99 within 5"}, "not a precision"),
        ({"run.precision": "p42 < 5 %"}, "not a precision"),
        ({"run.precision": "p99(nowhere) < 5 %"}, "nowhere"),
        ({"run.precision": "rate(read) < 5 %"}, "read"),
        ({"run.precision": "p99 < 0 %"}, "greater than 0"),
        ({"run.warm_up": "automatic"}, "run.warm_up"),
        ({"run.warm_up": "-1 s"}, "run.warm_up"),
        ({"run.most_replications": 0}, "most_replications"),
    ],
)
def test_slips_in_the_run_are_refused(queue, changes, word):
    with pytest.raises(UserError, match=word):
        queue().override(changes)


def test_precision_is_written_like_an_objective(queue):
    for text in ("p99 < 5 %", "p99 5%", "p99(read) < 5 %"):
        assert queue().override({"run.precision": text}).run.precision.limit == 0.05


# --- warnings --------------------------------------------------------------------------------------------------


def test_requests_that_pile_up_are_called_unstable(queue):
    for replications in (1, 4):
        warned = texts(simulate(queue(210, replications=replications)), "unstable")
        assert any("requests in flight grow" in text for text in warned)
        assert any("api event loop is fully used" in text for text in warned)


def test_overload_that_time_outs_hide_is_called_unstable_too(queue):
    scenario = queue(300, traffic={"caller": {"timeout": "1 s"}}, service={"pool": None}, duration="100 s")
    assert texts(simulate(scenario), "api event loop is fully used")


@pytest.mark.parametrize("rate", [100, 160, 180])
def test_a_busy_system_is_not_called_unstable(queue, rate):
    warned = sum(bool(simulate(queue(rate, seed=seed, replications=2)).warnings) for seed in range(12))
    assert warned <= 1


def test_an_objective_that_the_interval_straddles_is_undecided(queue):
    p90 = simulate(queue(160)).estimate("p90")
    result = simulate(queue(160, slo=[f"p90 < {p90.value * 1000 + 0.01:.2f} ms"]))
    (text,) = texts(result, "cannot tell")
    assert "holds: [" in text
    assert not simulate(queue(160, slo=[f"p90 < {p90.high * 1050:.2f} ms"])).warnings


def test_too_few_requests_are_counted_by_replication_and_route(plain):
    scenario = plain(
        {
            "traffic": {"mix": {"read": "98 %", "write": "2 %"}, "peak": "200 requests/s"},
            "services": {"api": {"routes": {"read": [{"cpu": "1 ms"}], "write": [{"cpu": "1 ms"}]}}},
            "slo": ["p99 < 1 s", "p99(write) < 1 s"],
            "run": {"duration": "10 s", "replications": 8},
        }
    )
    (text,) = texts(simulate(scenario), "few for a p99")
    assert text.startswith("p99(write) < 1 s: ")
    assert len(texts(simulate(scenario.override({"run.duration": "4 s"})), "few for a p99")) == 2


def test_an_objective_without_interval_is_said_to_have_none(queue):
    result = simulate(queue(50, slo=["p99 < 1 s"], replications=1))  # 3,000 requests: no five batches of 1,000
    assert result.warnings == ("p99 < 1 s has no interval: one replication is too short for batches of it",)


# --- two variants ----------------------------------------------------------------------------------------------


def test_pairs_tell_what_single_figures_cannot(queue):
    a, b = queue(150, duration="20 s"), queue(150, steps=({"cpu": "4.9 ms exponential"},), duration="20 s")
    found = compare(a, b)
    assert found.a.seed == found.b.seed
    row = found.differences[(found.differences["metric"] == "mean") & (found.differences["of"] == "")].iloc[0]
    assert row["verdict"] == "lower"
    assert row["unpaired_low"] < 0 < row["unpaired_high"]
    assert row["variance_reduction"] > 10
    assert found.difference("mean").value == pytest.approx(row["b"] - row["a"])
    assert found.difference("rate") == (0, 0, 0)
    with pytest.raises(KeyError):
        found.difference("p42")


def test_a_comparison_shows_itself(queue):
    found = novamodel.compare(queue(), queue(), seed=5, replications=2)
    assert found.a.seed == 5
    assert set(found.differences["verdict"]) == {"equal"}
    assert "2 pairs of replications, seed 5" in found._repr_html_()
    assert json.loads(to_json(found.to_dict()))["replications"] == 2


def test_a_comparison_takes_one_warm_up_and_one_number_of_replications(queue):
    found = compare(queue(warm_up="auto"), queue(warm_up="20 s", replications=9, precision="mean < 5 %"))
    assert found.a.scenario.run.warm_up == found.b.scenario.run.warm_up >= 20
    assert found.a.replications == found.b.replications == 4
    assert found.difference("rate") == (0, 0, 0)


def test_a_comparison_without_pairs_is_refused(queue):
    with pytest.raises(UserError, match="duration"):
        compare(queue(), queue(duration="30 s"))
    with pytest.raises(UserError, match="pair"):
        compare(queue(), queue(), replications=1)


def test_a_zone_that_holds_fewer_clients_than_come_is_told(plain):
    """32 KiB hold 127 states of 128 bytes beside the tree's page and the label's."""
    limit = {"api": {"rate": "1000r/s", "burst": 1000, "zone_size": "32 KiB", "zone": "slim"}}

    def told(clients, **more):
        people = {"users": {"share": "100 %", "clients": clients}}
        scenario = plain({"traffic": {"populations": people}, "edge": {"limits": {"api": limit["api"] | more}}})
        return [text for text in zone_doubts(scenario) if "zone slim" in text]

    held = zone_capacity(32 * 1024, 4)
    assert not told(held)
    assert f"holds {held:,} clients and {held + 1:,} come" in told(held + 1)[0]
    assert not told(held + 1, key="server")
    assert not told(held + 1, zone_size="64 KiB")

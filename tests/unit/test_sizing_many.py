"""Many services are sized without the product of their rows; what is said of the choice is what was proved."""

import itertools
import math
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.systems import many_services
from novamodel.analytic import reaching
from novamodel.errors import UserError
from novamodel.sizing import size, variables
from novamodel.sizing.guarantee import Proof, legal_count, sentence
from novamodel.sizing.joint import MOST_JOINT, space
from novamodel.sizing.loads import standing_load
from novamodel.sizing.price import compute_cost
from novamodel.sizing.screen import screen
from novamodel.sizing.sums import priced, smallest_sums
from novamodel.sizing.unused import Spare, Unused
from novamodel.sizing.variables import allowed_values

sys.path.insert(0, str(Path(__file__).parents[1]))
from sizing_fixture import Recorder, shop

LISTS = st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=5), min_size=1, max_size=4)


@given(LISTS)
def test_sums_come_in_order_and_each_combination_once(lists):
    rows = [np.array(row, dtype=float) for row in lists]
    found = [tuple(int(at) for at in places) for places in smallest_sums(rows)]
    assert sorted(found) == list(itertools.product(*(range(row.size) for row in rows)))
    sums = [sum(row[at] for row, at in zip(rows, places, strict=True)) for places in found]
    assert sums == sorted(sums)


@given(LISTS, st.integers(0, 100))
def test_priced_sums_keep_a_limit_that_can_be_kept(lists, seed):
    rng = np.random.default_rng(seed)
    cost = [np.abs(np.array(row, dtype=float)) + 1 for row in lists]
    uses = [rng.uniform(0.0, 1.0, (row.size, 1)) for row in cost]
    least = sum(float(own.min()) for own in uses)
    room = np.array([1.05 * least + 1e-6])
    first = next(smallest_sums(priced(cost, uses, room)))
    assert sum(float(own[at, 0]) for own, at in zip(uses, first, strict=True)) <= room[0]


@pytest.fixture(scope="module")
def twelve():
    return many_services(12)


def test_twelve_services_are_combined_without_their_product(twelve):
    begun = time.process_time()
    spot = space(twelve, variables(twelve))
    assert time.process_time() - begun < 60  # some seconds; the product would take years
    assert math.prod(own.peak.size for own in spot.rows[0]) > 1000 * MOST_JOINT
    assert spot.pick.shape[0] <= MOST_JOINT
    assert spot.pick.nbytes + spot.position.nbytes < 50 * 2**20
    assert not spot.whole
    assert spot.overrides(int(np.flatnonzero(spot.changes == 0)[0])) == {}
    cheap = spot.cost[spot.ratio < 1].min()
    assert cheap <= spot.cost[spot.changes == 0].min()
    assert np.unique(spot.pick, axis=0).shape == spot.pick.shape


def test_a_full_service_leaves_the_others_their_latencies(twelve):
    """s01 needs three times what it has; a call to it waits without end, and so does whoever shares its database."""
    standing = standing_load(twelve)
    assert float(standing.counts["s01"]) > 2
    assert np.isfinite(float(standing.load.bouncer_wait_s))
    touched = reaching(standing.load.routes, "s01")
    assert touched == {"s01-read", "s00-read"}  # and s00, which asks it


def test_a_pod_of_fargate_has_no_more_cpu_than_it_is_billed_for():
    """250m are billed as a quarter of a core, whatever the limit says: both limits have one estimate."""
    roomy = shop({"services.api.resources.cpu_limit": "1000m"})
    rows = [screen(scenario, "api", allowed_values(scenario, ())) for scenario in (shop(), roomy)]
    assert rows[0].shares[0][-1] == pytest.approx(rows[1].shares[0][-1])


def test_today_keeps_its_limits_with_any_request_below():
    allowed = {"services.api.resources.cpu_request": [0.1, 0.25]}
    rows = screen(shop(), "api", allowed)
    assert set(rows.settings["cpu_request"].tolist()) == {0.1, 0.25}


def test_the_sentence_says_what_was_proved_and_what_was_not():
    proof = Proof(0.999, 2, 4, 26_509_590_866_304_000, 7, 0.03)
    text = sentence(proof, True)
    assert "none of the 3 other simulated sizes does for over 2 % less" in text
    assert "Not covered: the 2.6 x 10^16 other legal sizes, which were screened by closed forms only" in text
    assert "(7) the closed forms, corrected by what was simulated, give 3 %" in text
    assert "Every size in question was simulated." in sentence(Proof(0.9, 1, 4, 4, 0, 0.0), True)
    assert "probability" not in sentence(proof, False)
    assert "but p99 < 1 ms in the window" in sentence(proof._replace(beside=("p99 < 1 ms",)), True)


def test_counts_nobody_reads_are_rounded_down():
    assert legal_count(999_999_999) == "999,999,999"
    assert legal_count(26_509_590_866_304_000) == "2.6 x 10^16"
    assert legal_count(10**400) == "1.0 x 10^400"
    assert legal_count(10**30 - 10**26) == "1.0 x 10^30"


def test_every_cheaper_simulated_size_misses_where_one_is_chosen():
    answer = size(shop(), simulate=Recorder(), cost_of=compute_cost)
    cheaper = [c for c in answer.simulated if c.cost_month < 0.98 * answer.chosen.cost_month]
    assert not any(c.met for c in cheaper)
    assert answer.to_dict()["certainty"] == answer.certainty


def test_requests_far_above_use_are_said_though_they_save_nothing():
    one = Unused("api", "cpu", 0.5, 0.1201, 0.15)
    assert one.text == "api cpu request 500m, used 121m (24 %): 150m would cover it"
    assert Spare((one,), 0.0).texts[-1] == "Together: that saves nothing today."
    assert Spare((one,), 12.0).texts[-1] == "Together: that saves 12.00 USD a month."
    assert "costs 3.00 USD a month more" in Spare((one,), -3.0).texts[-1]
    assert Spare().texts == []


def test_a_size_may_have_to_hold_a_rollout_and_a_lost_zone():
    recorder = Recorder()
    answer = size(shop(), simulate=recorder, cost_of=compute_cost, budget=3, holds=("rollout", "zone"))
    kinds = [[operation.kind for operation in scenario.operations] for scenario in recorder.scenarios]
    assert kinds.count(["rollout"]) == kinds.count(["lost_zone"]) == kinds.count([])
    texts = [objective.text for objective in answer.chosen.slo]
    assert texts == [
        *("p99 < 200 ms", "errors < 0.1 %"),
        *("p99 < 200 ms during a rollout", "errors < 0.1 % during a rollout"),
        *("p99 < 200 ms during a lost zone", "errors < 0.1 % during a lost zone"),
    ]
    assert "in the window at the peak and during a rollout and during a lost zone" in answer.certainty
    missed = next(c for c in answer.simulated if not c.met)
    assert "p99 during a rollout" in missed.why
    assert answer.effort == 3 * sum(c.replications for c in answer.simulated)


def test_what_nobody_can_hold_is_refused():
    with pytest.raises(UserError, match="'strike'"):
        size(shop(), simulate=Recorder(), holds=("strike",))
    with pytest.raises(UserError, match="one zone"):
        size(shop({"platform.zones": 1}), simulate=Recorder(), holds=("zone",))


def test_what_a_full_size_is_not_billed_does_not_hide_cheaper_ones():
    """Today's size is full and answers less: its bill lacks traffic that every size that holds is billed."""

    def cost(scenario):
        return compute_cost(scenario) + (0.0 if scenario.content_hash() == shop().content_hash() else 500.0)

    answer = size(shop(), simulate=Recorder(), cost_of=cost)
    plain = size(shop(), simulate=Recorder(), cost_of=compute_cost)
    assert answer.chosen.cost_month - 500 == pytest.approx(plain.chosen.cost_month, rel=0.02)

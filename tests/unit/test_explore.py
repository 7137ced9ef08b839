"""One point under the sliders, and the sliders themselves, without a browser."""

import pytest

import novamodel as nm
from novamodel.errors import UserError
from novamodel.questions import explore, explore_settings


@pytest.fixture(scope="module")
def novabank():
    return nm.load("novabank")


def test_todays_settings_are_the_scenarios(novabank):
    now = explore_settings(novabank)
    own = novabank.services["core-api"]
    assert own.autoscaler.min_replicas < now["replicas"] <= own.autoscaler.max_replicas  # where it rests at the peak
    assert now["pool"] == own.pool.max
    assert now["rate"] == novabank.traffic.most_per_s
    assert now["cpu_limit"] == own.resources.cpu_limit


def test_the_first_point_is_the_system_as_deployed(novabank):
    point = explore(novabank, quick=True)
    assert point.scaled
    assert "by the autoscaler" in point.conclusion()
    assert point.cost_month == pytest.approx(float(nm.bill(novabank).mid.total), abs=0.005)
    fixed = explore(novabank, {"replicas": 4}, quick=True)
    assert (fixed.ready, fixed.scaled) == (4.0, False)


def test_more_replicas_less_use(novabank):
    few = explore(novabank, {"replicas": 3}, quick=True)
    many = explore(novabank, {"replicas": 9}, quick=True)
    busy = [point.tiers.set_index("tier").loc["core-api cpu", "utilisation"] for point in (few, many)]
    assert busy[1] < 0.5 * busy[0]


def test_more_load_costs_more_and_keeps_the_tiers_busier(novabank):
    calm = explore(novabank, {"rate": 200.0, "replicas": 8}, quick=True)
    wild = explore(novabank, {"rate": 900.0, "replicas": 8}, quick=True)
    assert wild.cost_month > calm.cost_month
    assert wild.tiers["utilisation"].max() > calm.tiers["utilisation"].max()


def test_less_memory_for_the_cache_asks_more_of_the_database(novabank):
    large = explore(novabank, quick=True)
    small = explore(novabank, {"cache_memory": 1024.0**2}, quick=True)
    busy = [point.tiers.set_index("tier").loc["postgres cpu", "utilisation"] for point in (large, small)]
    assert busy[1] > busy[0]


def test_a_point_says_all_of_it(novabank):
    point = explore(novabank, quick=True)
    assert len(point.headline()) == 6
    assert "USD a month" in point.conclusion()
    assert len(nm.figures.explored(point).data) == len(nm.figures.explored(point, point).data) == 5


def test_moving_a_slider_moves_the_figure(novabank):
    explorer = nm.explorer(novabank, quick=True)
    before, words = list(explorer.figure.data[0].y), explorer.words.value
    explorer.sliders["cpu_limit"].value = 1.0
    assert list(explorer.figure.data[0].y) != before
    assert explorer.words.value != words
    assert explorer.point.settings["cpu_limit"] == 1.0
    assert list(explorer.figure.data[3].y) == before  # the ghost of the point before
    assert "simulating" not in explorer.words.value


def test_axes_grow_and_never_shrink(novabank):
    explorer = nm.explorer(novabank, quick=True)
    calm = explorer.figure.layout.yaxis.range[1]
    explorer.sliders["replicas"].value = 1
    wild = explorer.figure.layout.yaxis.range[1]
    assert wild > calm
    explorer.sliders["replicas"].value = 8
    assert explorer.figure.layout.yaxis.range[1] == wild


def test_a_refused_point_is_said_in_words():
    """A Fargate task has the sizes that AWS sells, and no others."""
    explorer = nm.explorer(nm.load("novabank-ecs"), quick=True)
    explorer.sliders["cpu_limit"].value = 0.3
    assert explorer.point is None
    assert "Fargate" in explorer.words.value


def test_what_is_not_there_has_no_slider(novabank):
    bare = novabank.override({"services.core-api.resources.cpu_limit": None})
    explorer = nm.explorer(bare, quick=True)
    assert explorer.sliders["cpu_limit"].disabled
    assert "cpu_limit" not in explorer.settings()


def test_an_unknown_service_is_refused(novabank):
    with pytest.raises(UserError, match="is no service"):
        explore(novabank, service="nobody")

"""Fixes are tried on what breaks, in every service."""

from pathlib import Path

import pandas as pd
import pytest

import novamodel as nm
from novamodel.workflows.plan import Plan, busiest_service
from novamodel.workflows.plan.fixes import AS_NOW, fixes_of

SHOP = Path(__file__).parents[1] / "folders" / "shop"


@pytest.fixture(scope="module")
def shop() -> nm.Scenario:
    return nm.load(SHOP)


def test_the_service_that_gives_out_first_has_its_fixes_tried(shop: nm.Scenario) -> None:
    fixes = {fix.name: fix for fix in fixes_of(shop, "checkout cpu")}
    assert next(iter(fixes)) == AS_NOW.name
    limit, replicas = fixes["checkout: twice the CPU limit"], fixes["checkout: twice the replicas"]
    assert limit.change == "400m -> 800m"
    assert replicas.change == "2 -> 4"
    assert limit.overrides == {"services.checkout.resources.cpu_limit": "800m"}
    assert replicas.overrides == {"services.checkout.replicas": 4}
    assert busiest_service(shop) == "catalog"
    assert any(name.startswith("catalog: ") for name in fixes)  # what most requests are for is tried as well


@pytest.mark.parametrize("name", ["catalog", "checkout"])
def test_every_service_may_be_the_one_that_gives_out(shop: nm.Scenario, name: str) -> None:
    own = [fix for fix in fixes_of(shop, f"{name} pool") if fix.name.startswith(f"{name}: ")]
    assert own
    for fix in own:
        assert any(path.startswith(f"services.{name}.") for path in fix.overrides)


def test_the_cheapest_fix_is_the_first_that_gains(shop: nm.Scenario) -> None:
    def cheapest(gains: list[float]) -> object:
        frame = pd.DataFrame({"fix": ["a", "b"], "gain": gains})
        return Plan(shop, None, None, None, frame, None, None).cheapest_fix  # type: ignore[arg-type]

    assert cheapest([0.0, 0.0]) is None
    assert cheapest([0.0, 0.5]) == {"fix": "b", "gain": 0.5}
    assert cheapest([0.2, 0.5]) == {"fix": "a", "gain": 0.2}

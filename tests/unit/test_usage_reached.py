"""Every field of the usage language is set by some scenario or file: none is there for nobody."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import novamodel as nm
from novamodel.cost import MonthUsage, load_book
from novamodel.cost.usage.base import Thing
from novamodel.scenario import Scenario
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.bill_of_run import Month
from tests.graph_fixture import graph
from tests.unit.test_billing_operations import SIZE, deployed

BILLS = Path(__file__).parents[1] / "bills"
BURSTABLE = {
    "database.instance_class": "db.t4g.micro",
    "platform.node_type": "t3.medium",
    "traffic.night": "450 requests/s",
    "services.core-api.autoscaler": None,
}


def usage_of(scenario: Scenario, result: nm.Result | None = None) -> MonthUsage:
    return Month(scenario, result, load_book(scenario.pricing.region), lenient=True).usage({})


def said() -> Iterator[MonthUsage]:
    """Usage of scenarios and files: the bills of the cases, NovaBank with what may be asked of it, a graph, a run."""
    for folder in sorted(path for path in BILLS.iterdir() if path.name != "odd"):
        yield usage_of(nm.load(folder))
    bank = nm.load("novabank")
    for changes in (
        {"pricing.date": "2027-06-01", "pricing.free_allowances": True, "pricing.hours_per_month": 720},
        {"pricing.outward": "public subnet", "pricing.backup_bucket": "10 GiB", "backup.storage_class": "standard_ia"},
        {"pricing.outward": "interface endpoints", "traffic.peak": "9000 requests/s"},
        {"gateway": {"kind": "aws", "api": "rest"}},
        {"monitoring.logs": "opensearch", "monitoring.prometheus": "managed"},
        BURSTABLE,
    ):
        yield usage_of(bank.override(changes))
    yield usage_of(nm.load(BILLS / "ecs-terraform-only").override({"traffic.peak": "20000 requests/s"}))
    yield usage_of(
        bank.override({"traffic.peak": "2000 requests/s", "services.core-api.resources.cpu_request": "450m"})
    )
    nightly = nm.load(BILLS / "rds-gp2").override({"backup": {"keep_days": 20, "storage_class": "glacier"}})
    yield usage_of(nightly)
    yield usage_of(graph())
    fifo = Declared(type="aws_sqs_queue", name="mails", values={"fifo_queue": True})
    yield usage_of(graph().model_copy(update={"declared": (fifo,)}))
    for platform, size in (
        ({"kind": "ecs", "compute": "fargate"}, SIZE),
        ({"kind": "eks", "compute": "ec2"}, {"cpu_request": "1500m", "memory_request": "1 GiB"}),
    ):
        scenario = deployed(2, platform, size)
        yield usage_of(scenario, nm.simulate(scenario))


def set_fields(thing: BaseModel) -> Iterator[str]:
    """`Class.field` of everything in it that is not its default; required fields count."""
    for name, field in type(thing).model_fields.items():
        value = getattr(thing, name)
        if field.is_required() or value != field.default:
            yield f"{type(thing).__name__}.{name}"
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, BaseModel):
                yield from set_fields(inner)


def all_things(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, Thing):
                yield from all_things(part)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


@pytest.fixture(scope="module")
def reached() -> set[str]:
    return {name for usage in said() for name in set_fields(usage)}


def test_every_field_of_the_usage_is_set_by_a_scenario_or_a_file(reached: set[str]) -> None:
    every = {f"{thing.__name__}.{name}" for thing in all_things(MonthUsage) for name in thing.model_fields}
    assert len(every) > 60
    assert sorted(every - reached) == []

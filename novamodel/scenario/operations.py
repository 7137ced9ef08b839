"""What is done to the system while it runs: an agenda of deployments by time of day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from novamodel.scenario.fields import ClockTime, Part, given, needed

if TYPE_CHECKING:
    from novamodel.scenario.model import Scenario


class RolloutOf(Part):
    """A new version of a service is deployed; `services.NAME.rollout` says how."""

    service: str = needed("which service")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"service": value} if isinstance(value, str) else value


class Operation(Part):
    """One entry of the agenda: when, and exactly one thing that happens then."""

    at: ClockTime = needed("time of day; it happens once, the first time that the run comes to it")
    rollout: RolloutOf | None = given(None, "a new version of a service", "default: none")

    @model_validator(mode="after")
    def _one(self) -> Operation:
        kinds = [name for name in type(self).model_fields if name != "at"]
        named = [name for name in kinds if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"an operation is exactly one of {', '.join(kinds)}, not {' and '.join(named) or 'none'}")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(name for name in type(self).model_fields if name != "at" and getattr(self, name) is not None)

    @property
    def what(self) -> Any:
        """The part that says more."""
        return getattr(self, self.kind)


def check_operations(scenario: Scenario) -> None:
    """Names that an operation uses must exist. Errors: ValueError with the path."""
    for number, operation in enumerate(scenario.operations):
        where = f"operations.{number}.{operation.kind}"
        service = getattr(operation.what, "service", None)
        if service is not None and service not in scenario.services:
            raise ValueError(
                f"{where} names {service!r}, which is no service (services: {', '.join(scenario.services)})"
            )


def delay_of(scenario: Scenario, operation: Operation) -> float | None:
    """Seconds from the beginning of the run (its warm-up included) to an operation; None when it lies outside."""
    run = scenario.run
    delay = (operation.at - (run.start - run.warm_up_s)) % 86400.0
    return delay if delay < run.warm_up_s + run.duration else None

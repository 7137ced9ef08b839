"""Declared secrets, keys, alarms, dashboards, logs, queues, and what is free or billed by use alone."""

from __future__ import annotations

from collections.abc import Callable

from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks


def secret(one: Declared, found: Found) -> None:
    """A secret, in the place of `pricing.secrets`."""
    found.count("secrets", one.count)


def key(one: Declared, found: Found) -> None:
    """A key of one's own, in the place of `pricing.kms_keys`."""
    found.count("kms_keys", one.count)


def alarm(one: Declared, found: Found) -> None:
    """An alarm: each metric of it; more than one a minute is high resolution; anomaly bands have three."""
    queries = [prefix for prefix in blocks(one, "metric_query") if f"{prefix}expression" not in one.values]
    metrics = max(1, len(queries))
    if "anomaly" in " ".join(str(value).lower() for value in one.values.values()):
        metrics = 3
    if (one.number("period") or 60) < 60:
        found.meter("cloudwatch.alarm.high_resolution", metrics * one.count, one)
    else:
        found.count("alarms", metrics * one.count)


def composite_alarm(one: Declared, found: Found) -> None:
    """An alarm on alarms."""
    found.meter("cloudwatch.alarm.composite", one.count, one)


def dashboard(one: Declared, found: Found) -> None:
    """A dashboard."""
    found.meter("cloudwatch.dashboard", one.count, one)


def grafana(one: Declared, found: Found) -> None:
    """A workspace has one editor at least."""
    found.meter("grafana.editor", one.count, one)
    found.leave(one, f"further editors, and viewers: {BY_USE}")


def parameter(one: Declared, found: Found) -> None:
    """Standard parameters cost nothing."""
    if one.text("tier") == "Advanced":
        found.leave(one, "an advanced parameter: no price of it")
    else:
        found.costs_nothing(one)


def queue(one: Declared, found: Found) -> None:
    """A queue's requests are priced where it is one of the scenario's."""
    if one.name not in found.scenario.queues:
        found.leave(one, f"requests: {BY_USE}")


def log_group(one: Declared, found: Found) -> None:
    """What is written to it is counted by traffic; without a retention it is kept for ever."""
    found.costs_nothing(one, "its bytes are priced by traffic")


def prometheus(one: Declared, found: Found) -> None:
    """Samples are priced where the scenario's Prometheus is the managed one."""
    if found.scenario.monitoring.prometheus != "managed":
        found.leave(one, f"samples: {BY_USE}; monitoring.prometheus is {found.scenario.monitoring.prometheus}")


def by_use(what: str) -> Callable[[Declared, Found], None]:
    """A handler of what costs nothing but what is done with it."""

    def handle(one: Declared, found: Found) -> None:
        found.leave(one, f"{what}: {BY_USE}")

    return handle


def free(one: Declared, found: Found) -> None:
    """What AWS does not charge for."""
    found.costs_nothing(one)

"""Declared secrets, keys, alarms, logs, managed tools, a content network, and what is free or billed by use alone."""

from __future__ import annotations

from collections.abc import Callable

from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, blocks
from novamodel.workflows.month.declared.table import PARTS, Part, leave_unsaid, meter_used


def secret(one: Declared, found: Found) -> None:
    """A secret, in the place of `pricing.secrets`; requests of it as a usage file says."""
    found.count("secrets", one.count, one)
    meter_used(one, found, (Part("secrets.api", "monthly_requests"),))


def key(one: Declared, found: Found) -> None:
    """A key of one's own, in the place of `pricing.kms_keys`; requests of it as a usage file says."""
    found.count("kms_keys", one.count, one)
    spec = one.text("customer_master_key_spec") or one.text("key_spec") or "SYMMETRIC_DEFAULT"
    price = {"SYMMETRIC_DEFAULT": "kms.requests", "RSA_2048": "kms.requests_rsa_2048"}.get(
        spec, "kms.requests_asymmetric"
    )
    meter_used(one, found, (Part(price, "monthly_requests"),))


def alarm(one: Declared, found: Found) -> None:
    """An alarm: each metric of it; more than one a minute is high resolution; anomaly bands have three."""
    queries = [prefix for prefix in blocks(one, "metric_query") if f"{prefix}expression" not in one.values]
    metrics = max(1, len(queries))
    if "anomaly" in " ".join(str(value).lower() for value in one.values.values()):
        metrics = 3
    periods = [one.number("period"), *(one.number(f"{prefix}metric.period") for prefix in queries)]
    if min((period for period in periods if period is not None), default=60) < 60:
        found.meter("cloudwatch.alarm.high_resolution", metrics * one.count, one)
    else:
        found.count("alarms", metrics * one.count, one)


def grafana(one: Declared, found: Found) -> None:
    """A workspace has one editor at least."""
    editors = one.used("editors_administrator_licenses")
    found.meter("grafana.editor", (1 if editors is None else max(1, editors)) * one.count, one)
    viewers = one.used("viewer_licenses")
    found.meter("grafana.viewer", (viewers or 0) * one.count, one, "use")
    if editors is None or viewers is None:
        found.leave(one, f"further editors, and viewers: {BY_USE}")


def certificate(one: Declared, found: Found) -> None:
    """A certificate of a private authority; public ones cost nothing."""
    if any("certificate_authority_arn" in part for part in (one.values, one.links)):
        found.meter("acm.certificate", one.count, one)
    else:
        found.costs_nothing(one)


def parameter(one: Declared, found: Found) -> None:
    """Standard parameters cost nothing; advanced ones by the hour that they are kept."""
    high = str(one.usage.get("api_throughput_limit", one.text("tier"))).lower()
    if one.text("tier") != "Advanced":
        found.costs_nothing(one)
    else:
        hours = one.used("parameter_storage_hrs")
        found.meter("ssm.parameter.hour", one.count * (found.hours if hours is None else hours), one)
    if high in ("advanced", "higher"):
        meter_used(one, found, (Part("ssm.parameter.requests", "monthly_api_interactions"),))


def log_group(one: Declared, found: Found) -> None:
    """A group of logs: what a usage file says of it; else its bytes are counted by traffic."""
    if not one.usage and not found.alone:
        found.costs_nothing(one, "its bytes are priced by traffic")
        return
    rare = one.text("log_group_class") == "INFREQUENT_ACCESS"
    parts = (
        Part(f"cloudwatch.logs.{'ingest_ia' if rare else 'ingest'}", "monthly_data_ingested_gb"),
        Part("cloudwatch.logs.storage", "storage_gb"),
        Part("cloudwatch.logs.scan", "monthly_data_scanned_gb"),
    )
    leave_unsaid(one, found, meter_used(one, found, parts))


def prometheus(one: Declared, found: Found) -> None:
    """Samples are priced where the scenario's Prometheus is the managed one."""
    if found.alone or found.scenario.monitoring.prometheus != "managed" or one.usage:
        leave_unsaid(one, found, meter_used(one, found, PARTS[one.type]))


EDGE_USE = {
    "monthly_data_transfer_to_internet_gb": "internet_out",
    "monthly_data_transfer_to_origin_gb": "origin_out",
    "monthly_http_requests": "http",
    "monthly_https_requests": "https",
}
EDGE_PARTS = (
    Part("cloudfront.invalidation", "monthly_invalidation_requests"),
    Part("cloudfront.encryption", "monthly_encryption_requests"),
    Part("cloudfront.realtime_logs", "monthly_log_lines"),
    Part("cloudfront.certificate", "custom_ssl_certificates"),
)


def distribution(one: Declared, found: Found) -> None:
    """A CloudFront distribution: bytes and requests by the place of the edge, as a usage file says."""
    if not one.usage:
        found.leave(one, f"bytes and requests: {BY_USE}")
    meter_used(one, found, EDGE_PARTS)
    dedicated = one.text("viewer_certificate.ssl_support_method") == "vip"
    if dedicated and one.used("custom_ssl_certificates") is None:
        found.meter("cloudfront.certificate", one.count, one)
    for path in one.usage:
        name, dot, place = path.partition(".")
        if dot and name in EDGE_USE:
            found.meter(f"cloudfront.{place}.{EDGE_USE[name]}", (one.used(path) or 0) * one.count, one, "use")
        elif dot and name == "monthly_shield_requests":
            found.meter(f"cloudfront.shield.{place}", (one.used(path) or 0) * one.count, one, "use")


def activation(one: Declared, found: Found) -> None:
    """Machines of one's own that Systems Manager looks after, in its advanced tier."""
    advanced = str(one.usage.get("instance_tier", "standard")).lower() == "advanced"
    machines = one.used("instances")
    if not advanced and machines is not None:
        found.costs_nothing(one, "the standard tier")
    elif machines is None:
        found.leave(one, f"machines of the advanced tier: {BY_USE}")
    else:
        found.meter("ssm.instance.hour", machines * found.hours * one.count, one)


def by_use(what: str) -> Callable[[Declared, Found], None]:
    """A handler of what costs nothing but what is done with it, and has no price here."""

    def handle(one: Declared, found: Found) -> None:
        found.leave(one, f"{what}: {BY_USE}")

    return handle


def free(one: Declared, found: Found) -> None:
    """What AWS does not charge for."""
    found.costs_nothing(one)

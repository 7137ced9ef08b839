"""Rules of the worked examples of network, storage and monitoring (see `cases`)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from novamodel.cost.meters import capacity_units, cross_az_billed_gib, full_hours, gib_months
from novamodel.cost.money import to_decimal
from novamodel.errors import UserError
from novamodel.verify.aws_form import HOURS, ZERO, Answer, Case


def _api_gateway(case: Case) -> Answer:
    if case.inputs.get("api") != "REST" or case.inputs.get("cache") or case.has("payload_mb", "endpoint_azs"):
        raise UserError(f"case {case.id}: this kind of API is not answered", valid="a REST API without a cache")
    calls = case.get("calls") if case.has("calls") else case.get("calls_per_minute") * 1440 * case.get("days", 30)
    # AWS rounds the transferred data to a tenth of a GB before it prices it.
    gib = (calls * case.get("response_kb") / 1024**2).quantize(Decimal("0.1"))
    return case.answer(
        {
            "calls": calls / 1_000_000 * case.price("apigateway.rest", "per_1M", "1M"),
            "data out": gib * case.price("transfer.internet_out", "data_out_gb", "data", "gb"),
        }
    )


def _s3(case: Case) -> Answer:
    if case.has("objects"):
        hours = 24.0 * float(case.get("days_in_month", 30))
        held = [(float(item["gb"]), 24.0 * float(item["days"])) for item in case.inputs["objects"]]
        months = to_decimal(gib_months(held, hours))
        return case.answer({"GB-months": months})
    lines: dict[str, Decimal] = {}
    if case.has("gb_first_15_days", "gb_last_16_days"):
        days = float(case.get("days_in_month", 31))
        held = [(float(case.get("gb_first_15_days")), 15 * 24.0)]
        held.append((float(case.get("gb_last_16_days")), (days - 15) * 24.0))
        months = to_decimal(gib_months(held, days * 24.0))
        for number, amount in enumerate(case.tiered("s3.standard.storage", months)):
            lines[f"storage, tier {number + 1}"] = amount
    if case.has("put_per_day", "get_per_day"):
        days_held = case.get("days", 30)
        put = case.price("s3.put", "put_per_1000", "put")
        get, per = case.price("s3.get", "get_per_1000", "get_per_10000"), 1000
        per = 10_000 if "get_per_10000" in case.prices else per
        lines["PUT"] = case.get("put_per_day") * days_held / 1000 * put
        lines["GET"] = case.get("get_per_day") * days_held / per * get
        lines["DELETE"] = ZERO
    if case.has("retrieved_gb"):
        lines["retrieval"] = case.get("retrieved_gb") * case.price("s3.standard_ia.retrieval", "retriev", "gb")
    return case.answer(lines)


def _transfer(case: Case) -> Answer:
    tb = case.get("tb_gb", 1024)
    out = case.get("internet_tb") * tb + case.get("gb_per_night") * case.get("nights", 30)
    out += (case.get("s3_tb_per_day") + case.get("ec2_tb_per_day")) * case.get("days", 30) * tb
    # The free GB lie inside the first tier of AWS's examples.
    free = min(case.get("free_gb"), out)
    amounts = case.tiered("transfer.internet_out", out - free, free)
    lines = {f"internet, tier {number + 1}": amount for number, amount in enumerate(amounts)}
    if case.has("cross_az_tb"):
        moved = to_decimal(cross_az_billed_gib(float(case.get("cross_az_tb") * tb)))
        lines["between zones"] = moved * case.price("transfer.cross_az", "cross_az_gb_each_way", "az")
    return case.answer(lines)


def _cloudwatch(case: Case) -> Answer:
    tb = case.get("tb_gb", 1024)
    lines: dict[str, Decimal] = {}
    metrics = case.get("metrics") + case.get("instances") * case.get("metrics_per_instance")
    if metrics:
        for number, amount in enumerate(case.tiered("cloudwatch.metrics", metrics)):
            lines[f"metrics, tier {number + 1}"] = amount
    if case.has("ingest_gb_per_day"):
        ingested = case.get("ingest_gb_per_day") * case.get("days", 30)
        billed = max(ZERO, ingested - case.get("free_ingest_gb"))
        lines["ingestion"] = billed * case.price("cloudwatch.logs.ingest", "ingest_gb", "ingest")
    if case.has("archived_gb_compressed"):
        billed = max(ZERO, case.get("archived_gb_compressed") - case.get("free_archive_gb"))
        lines["archive"] = billed * case.price("cloudwatch.logs.storage", "archive_gb", "archive")
    if case.has("vended_tb"):
        for number, amount in enumerate(case.tiered("cloudwatch.logs.vended", case.get("vended_tb") * tb)):
            lines[f"vended logs, tier {number + 1}"] = amount
    if case.has("archived_tb", "s3_archived_tb"):
        archived = (case.get("archived_tb") + case.get("s3_archived_tb")) * tb
        key = "s3.standard.storage" if case.has("s3_archived_tb") else "cloudwatch.logs.storage"
        lines["archive"] = archived * case.price(key, "archive_gb", "archive", "s3")
    if case.has("standard_alarms"):
        lines["alarms"] = case.get("standard_alarms") * case.price("cloudwatch.alarm.standard", "alarm")
    return case.answer(lines)


def _waf(case: Case) -> Answer:
    return case.answer(
        {
            "web ACLs": case.get("web_acls") * case.price("waf.web_acl", "acl"),
            "requests": case.get("requests") / 1_000_000 * case.price("waf.requests", "request", "1M"),
        }
    )


def _load_balancer(case: Case) -> Answer:
    active = case.get("new_connections_per_s") * case.get("connection_minutes") * 60
    units = capacity_units(
        float(case.get("new_connections_per_s")), float(active), float(case.get("processed_gb_per_hour"))
    )
    hours = to_decimal(full_hours(float(case.get("hours", HOURS))))
    lines = {"capacity units": to_decimal(units) * hours * case.price("elb.alb.lcu", "lcu_hour", "lcu")}
    for name in ("alb_hour", "hour", "alb"):
        if name in case.prices:
            lines["load balancer"] = hours * case.price("elb.alb.hour", name)
            break
    return case.answer(lines)


def _nat(case: Case) -> Answer:
    hours = case.get("nat_az") * to_decimal(full_hours(float(case.get("hours", HOURS))))
    amount = hours * case.price("nat.hour", "hour") + case.get("gb") * case.price("nat.data", "gb")
    return case.answer({"NAT gateways and data": amount})


def _vpc(case: Case) -> Answer:
    hours = case.get("hours", HOURS)
    lines: dict[str, Decimal] = {}
    if case.has("in_use", "idle"):
        rate = case.price("vpc.public_ipv4", "ipv4", "hour", "in_use")
        lines["addresses in use"] = case.get("in_use") * hours * rate
        lines["idle addresses"] = case.get("idle") * hours * rate
    if case.has("endpoints"):
        count = case.get("endpoints") * case.get("azs", 1)
        lines["endpoints"] = count * hours * case.price("vpc.endpoint.hour", "hour")
        lines["endpoint data"] = count * case.get("gb_per_eni") * case.price("vpc.endpoint.data", "gb")
    return case.answer(lines)


RULES: Mapping[str, Callable[[Case], Answer]] = {
    "AmazonApiGateway": _api_gateway,
    "AmazonS3": _s3,
    "AWSDataTransfer": _transfer,
    "AmazonCloudWatch": _cloudwatch,
    "awswaf": _waf,
    "AWSELB": _load_balancer,
    "AmazonEC2": _nat,
    "AmazonVPC": _vpc,
}

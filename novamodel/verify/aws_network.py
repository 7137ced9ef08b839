"""Usage of the worked examples of network, storage and monitoring (see `aws`)."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from novamodel.cost import (
    ApiUse,
    Bucket,
    Endpoint,
    LoadBalancer,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    Transfer,
)
from novamodel.cost.meters import gib_months
from novamodel.verify.aws_form import HOURS, Answer, Case, Part, Words

CLASSES = {
    "one zone": "one_zone_ia",
    "instant": "glacier_instant",
    "deep": "deep_archive",
    "glacier": "glacier",
    "intelligent": "intelligent_tiering",
    "ia": "standard_ia",
}
"""Words of an S3 storage class, the most telling first."""


def _api_gateway(case: Case) -> Answer:
    kind = "websocket" if case.has("users") else "rest" if "rest" in case.text("api") else "http"
    days = case.get("days", 30)
    calls = case.get("calls") + (case.get("calls_per_minute") + case.get("requests_per_minute")) * 1440 * days
    sizes = (case.get("request_kb"), case.get("response_kb"), case.get("message_kb"), case.get("payload_mb") * 1024)
    minutes = Decimal(0)
    if kind == "websocket":
        calls = case.get("users") * (case.get("sent_per_user_day") + case.get("received_per_user_day")) * days
        minutes = case.get("users") * case.get("hours_per_day") * 60 * days
    moved = calls * (case.get("response_kb") / 1024**2 + case.get("payload_mb") / 1024)
    endpoint = case.has("endpoint_azs")
    cache = case.get("cache_gb") if case.has("cache_gb") else None
    usage = MonthUsage(
        hours_per_month=case.get("hours", HOURS),
        apis=(ApiUse(kind=kind, requests=calls, metered_kib=max(sizes), cache_gb=cache),),
        metered=(Metered(key="apigateway.websocket.minutes", quantity=minutes),),
        # AWS rounds the transferred data to a tenth of a GB before it prices it.
        transfer=Transfer(internet_gib=_tenth(moved) if kind == "rest" and not endpoint else Decimal(0)),
        endpoints=(Endpoint(name="endpoint", zones=int(case.get("endpoint_azs")), gib=moved),) if endpoint else (),
    )
    printed = {
        f"apigateway.{kind}.{'messages' if kind == 'websocket' else 'requests'}": Words(
            ("per_1M", "1M", "message", "request", "call"), listed=True
        ),
        "apigateway.websocket.minutes": Words(("minute", "connection")),
        "transfer.internet_out": Words(("data_out_gb", "data", "transfer")),
        "vpc.endpoint.hour": Words(("endpoint_hour", "eni_hour", "az_hour", "hour")),
        "vpc.endpoint.data": Words(("endpoint_gb", "gb")),
    }
    if cache is not None:
        printed[f"apigateway.cache.{cache.normalize():f}"] = Words(("cache_hour", "cache"))
    return case.answer(Part(usage, printed))


def _tenth(gib: Decimal) -> Decimal:
    return gib.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _storage_class(case: Case) -> str:
    words = case.text("class").replace("-", " ")
    return next((kind for word, kind in CLASSES.items() if word in words.split() or word in words), "standard")


def _s3(case: Case) -> Answer:
    hours = 24 * case.get("days_in_month", 30)
    kind = _storage_class(case) if case.has("class") else "standard"
    if case.has("objects"):
        held = [(item["gb"], 24 * item["days"]) for item in case.inputs["objects"]]
        bill = case.bill(Part(MonthUsage(buckets=(Bucket(gib=gib_months(held, hours)),)), {}))
        total = sum((line.quantity for line in bill.lines), Decimal(0))
        return Answer(total, {"GB-months": total})
    months = Decimal(0)
    if case.has("gb_first_15_days", "gb_last_16_days"):
        hours = 24 * case.get("days_in_month", 31)
        first = (case.get("gb_first_15_days"), Decimal(15 * 24))
        months = gib_months([first, (case.get("gb_last_16_days"), hours - 15 * 24)], hours)
    days = case.get("days", 30)
    bucket = Bucket(
        storage_class=kind,
        gib=months,
        put_requests=case.get("put_per_day") * days,
    )
    prefix = "s3" if kind == "standard" else f"s3.{kind}"
    printed = {
        f"s3.{kind}.storage": Words(("TB", "storage"), listed=True),
        f"{prefix}.put": Words(("put",)),
        f"{prefix}.get": Words(("get",)),
    }
    metered = [Metered(key=f"{prefix}.get", quantity=case.get("get_per_day") * days)]
    if kind != "standard":
        printed[f"s3.{kind}.retrieval"] = Words(("retriev", "gb"))
        metered.append(Metered(key=f"s3.{kind}.retrieval", quantity=case.get("retrieved_gb")))
    answer = case.answer(Part(MonthUsage(buckets=(bucket,), metered=tuple(metered)), printed))
    return Answer(answer.total, {**answer.lines, "DELETE": Decimal(0)})


def _transfer(case: Case) -> Answer:
    tb = case.get("tb_gb", 1024)
    out = case.get("internet_tb") * tb + case.get("gb_per_night") * case.get("nights", 30)
    out += (case.get("s3_tb_per_day") + case.get("ec2_tb_per_day")) * case.get("days", 30) * tb
    free = min(case.get("free_gb"), out)
    usage = MonthUsage(transfer=Transfer(internet_gib=out, cross_az_gib=case.get("cross_az_tb") * tb))
    printed = {
        "transfer.internet_out": Words(("internet", "first", "next", "tb", "gb"), listed=True),
        "transfer.cross_az": Words(("cross_az", "az", "zone")),
    }
    names = [name for name in case.prices if "az" not in name and not isinstance(case.prices[name], list)]
    if len(names) > 1:  # prices printed one by one are the tiers, in their order
        tiers = [case.prices[name] for name in names]
        case = Case(case.id, case.region, case.inputs, {**_but(case.prices, names), "tiers": tiers}, case.cents)
    # AWS's examples count the free GB as part of the first tier.
    return case.answer(Part(usage, printed)) if not free else _less_free(case, usage, printed, free)


def _but(prices: Mapping[str, object], names: list[str]) -> dict[str, object]:
    return {name: value for name, value in prices.items() if name not in names}


def _less_free(case: Case, usage: MonthUsage, printed: Mapping[str, Words], free: Decimal) -> Answer:
    """The free GB lie inside the first tier of AWS's examples: all of it less the first, at the first price."""
    whole = case.answer(Part(usage, printed))
    first = case.answer(Part(MonthUsage(transfer=Transfer(internet_gib=free)), printed))
    name = next(name for name in whole.lines if "internet" in name)
    lines = {**whole.lines, name: whole.lines[name] - first.total}
    return Answer(whole.total - first.total, lines)


def _cloudwatch(case: Case) -> Answer:
    tb = case.get("tb_gb", 1024)
    metrics = case.get("metrics") + case.get("instances") * case.get("metrics_per_instance")
    ingested = max(Decimal(0), case.get("ingest_gb_per_day") * case.get("days", 30) - case.get("free_ingest_gb"))
    archived = max(Decimal(0), case.get("archived_gb_compressed") - case.get("free_archive_gb"))
    usage = MonthUsage(
        logs=(
            LogGroup(ingested_gib=ingested),
            LogGroup(kind="vended", ingested_gib=case.get("vended_tb") * tb),
        ),
        buckets=(Bucket(gib=case.get("s3_archived_tb") * tb),),
        metered=(
            Metered(key="cloudwatch.logs.storage", quantity=archived + case.get("archived_tb") * tb),
            Metered(key="cloudwatch.metrics", quantity=metrics),
            Metered(key="cloudwatch.alarm.standard", quantity=case.get("standard_alarms")),
        ),
    )
    printed = {
        "cloudwatch.metrics": Words(("metric",), listed=bool(metrics)),
        "cloudwatch.logs.ingest": Words(("ingest_gb", "ingest")),
        "cloudwatch.logs.storage": Words(("archive_gb", "archive", "storage")),
        "cloudwatch.logs.vended": Words(("tiers", "vended"), listed=True),
        "s3.standard.storage": Words(("s3", "archive_gb", "archive")),
        "cloudwatch.alarm.standard": Words(("alarm",)),
    }
    return case.answer(Part(usage, printed))


def _waf(case: Case) -> Answer:
    usage = MonthUsage(
        metered=(
            Metered(key="waf.web_acl", quantity=case.get("web_acls")),
            Metered(key="waf.rule", quantity=case.get("rules")),
            Metered(key="waf.requests", quantity=case.get("requests")),
        )
    )
    words = {"waf.web_acl": Words(("acl",)), "waf.rule": Words(("rule",)), "waf.requests": Words(("request", "1M"))}
    return case.answer(Part(usage, words))


def _route53(case: Case) -> Answer:
    usage = MonthUsage(
        metered=(
            Metered(key="route53.firewall.domains", quantity=case.get("domains")),
            Metered(key="route53.firewall.queries", quantity=case.get("queries")),
        )
    )
    words = {
        "route53.firewall.domains": Words(("domain",)),
        "route53.firewall.queries": Words(("quer", "1M", "million"), listed=True),
    }
    return case.answer(Part(usage, words))


def _load_balancer(case: Case) -> Answer:
    rate = case.get("new_connections_per_s")
    balancer = LoadBalancer(
        name="balancer",
        new_connections_per_s=(rate,),
        active_connections=(rate * case.get("connection_minutes") * 60,),
        processed_gib_per_hour=(case.get("processed_gb_per_hour"),),
    )
    words = {"elb.alb.lcu": Words(("lcu_hour", "lcu"))}
    hourly = [name for name in ("alb_hour", "hour", "alb") if name in case.prices]
    if hourly:  # else the figure is that of the capacity units alone
        words["elb.alb.hour"] = Words((hourly[0],))
    usage = MonthUsage(hours_per_month=case.get("hours", HOURS), load_balancers=(balancer,))
    return case.answer(Part(usage, words, only=tuple(words)))


def _nat(case: Case) -> Answer:
    nat = NatGateway(count=int(case.get("nat_az", 1)), gib=case.get("gb"))
    usage = MonthUsage(hours_per_month=case.get("hours", HOURS), nat=(nat,))
    return case.answer(Part(usage, {"nat.hour": Words(("hour",)), "nat.data": Words(("gb",))}))


def _vpc(case: Case) -> Answer:
    hours = case.get("hours", HOURS)
    count, zones = int(case.get("endpoints")), int(case.get("azs", 1))
    data = count * zones * case.get("gb_per_eni")
    usage = MonthUsage(
        hours_per_month=hours,
        endpoints=(Endpoint(name="endpoints", count=count, zones=zones, gib=data),) if count else (),
        metered=tuple(
            Metered(key="vpc.public_ipv4", name=name, quantity=case.get(name) * hours) for name in ("in_use", "idle")
        ),
    )
    words = {
        "vpc.public_ipv4": Words(("ipv4", "in_use", "hour")),
        "vpc.endpoint.hour": Words(("hour",)),
        "vpc.endpoint.data": Words(("gb",)),
    }
    return case.answer(Part(usage, words))


RULES: Mapping[str, Callable[[Case], Answer]] = {
    "AmazonApiGateway": _api_gateway,
    "AmazonS3": _s3,
    "AWSDataTransfer": _transfer,
    "AmazonCloudWatch": _cloudwatch,
    "awswaf": _waf,
    "AmazonRoute53": _route53,
    "AWSELB": _load_balancer,
    "AmazonEC2": _nat,
    "AmazonVPC": _vpc,
}

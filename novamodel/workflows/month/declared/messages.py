"""Declared functions, queues, topics, streams, state machines and APIs, with what is done with them."""

from __future__ import annotations

from math import ceil

from novamodel.cost import ApiUse
from novamodel.scenario.declared import Declared
from novamodel.workflows.month.declared.collect import BY_USE, Found, flag
from novamodel.workflows.month.declared.table import Part, leave_unsaid, meter_used

CHUNK_KB = 64.0
"""KB that SQS and SNS bill as one request."""
FREE_EPHEMERAL_MB = 512
SNS_ENDPOINTS = (
    ("http", "sns.http"),
    ("email", "sns.email"),
    ("kinesis", "sns.firehose"),
    ("mobile_push", "sns.mobile"),
    ("macos", "sns.macos"),
)
"""Kinds of subscribers that pay for a notification; SQS and Lambda take them for nothing."""
ON_DEMAND = (
    Part("kinesis.on_demand.hour", hours=True),
    Part("kinesis.on_demand.in", "monthly_on_demand_data_in_gb"),
    Part("kinesis.on_demand.out", "monthly_on_demand_data_out_gb"),
    Part("kinesis.on_demand.fanout", "monthly_on_demand_efo_data_out_gb"),
    Part("kinesis.on_demand.retention.extended", "monthly_on_demand_extended_retention_gb"),
    Part("kinesis.on_demand.retention.long", "monthly_on_demand_long_term_retention_gb"),
)
PROVISIONED = (
    Part("kinesis.put", "monthly_provisioned_put_units"),
    Part("kinesis.retention.extended", "monthly_provisioned_extended_retention_gb"),
    Part("kinesis.retention.long", "monthly_provisioned_long_term_retention_gb"),
    Part("kinesis.retention.retrieval", "monthly_provisioned_long_term_retrieval_gb"),
    Part("kinesis.fanout.data", "monthly_provisioned_efo_data_out_gb"),
    Part("kinesis.fanout.hour", "monthly_provisioned_efo_consumer_hours"),
)


def architecture(one: Declared) -> str:
    """x86 or arm64 of a function."""
    return "arm64" if "arm64" in (one.text("architectures"), str(one.usage.get("architecture", ""))) else "x86"


def function(one: Declared, found: Found) -> None:
    """A function: its requests, their duration times its memory, its disk above 512 MB."""
    requests, duration = one.used("monthly_requests"), one.used("request_duration_ms")
    arch, memory = architecture(one), one.number("memory_size") or 128
    if requests is not None:
        found.meter("lambda.requests", requests * one.count, one, "use")
    if requests is not None and duration is not None:
        seconds = requests * ceil(duration) / 1000 * one.count
        found.meter(f"lambda.{arch}.duration", seconds * memory / 1024, one, "use")
        disk = max(0.0, (one.number("ephemeral_storage.size") or 0) - FREE_EPHEMERAL_MB) / 1024
        if disk:
            found.meter("lambda.ephemeral", seconds * disk, one, "use")
    else:
        found.leave(one, f"requests and their duration: {BY_USE}")


def kept_warm(one: Declared, found: Found) -> None:
    """Environments that are kept warm, for the hours that are said or all month; what they answer is billed less."""
    function_of = found.linked(one, "function_name") or found.linked(one, "qualifier")
    memory = one.used("memory_mb") or (function_of.number("memory_size") if function_of else None) or 128
    arch = "arm64" if "arm64" in (architecture(one), architecture(function_of) if function_of else "") else "x86"
    warm = one.number("provisioned_concurrent_executions") or 0
    hours = one.used("monthly_duration_hrs")
    kept = warm * one.count * memory / 1024 * 3600 * (found.hours if hours is None else hours)
    found.meter(f"lambda.{arch}.provisioned", kept, one)
    requests, duration = one.used("monthly_requests"), one.used("request_duration_ms")
    if requests is None or duration is None:
        found.leave(one, f"requests and their duration: {BY_USE}")
        return
    found.meter("lambda.requests", requests, one, "use")
    busy = requests * ceil(duration) / 1000 * memory / 1024
    found.meter(f"lambda.{arch}.provisioned_duration", busy, one, "use")


def _requests(one: Declared) -> float | None:
    """Requests as they are billed: one for each chunk of 64 KB."""
    requests = one.used("monthly_requests")
    return None if requests is None else requests * max(1, ceil((one.used("request_size_kb") or CHUNK_KB) / CHUNK_KB))


def queue(one: Declared, found: Found) -> None:
    """A queue that is none of the scenario's: its requests as a usage file says."""
    if one.name in found.scenario.queues and not one.usage and not found.alone:
        return
    requests = _requests(one)
    if requests is None:
        found.leave(one, f"requests: {BY_USE}")
    else:
        key = "sqs.fifo_requests" if flag(one, "fifo_queue") else "sqs.requests"
        found.meter(key, requests * one.count, one, "use")


def topic(one: Declared, found: Found) -> None:
    """A topic: requests in chunks, a notification for each subscriber; FIFO topics also pay for bytes."""
    requests = _requests(one)
    if flag(one, "fifo_topic"):
        _fifo_topic(one, found)
    elif requests is None:
        found.leave(one, f"messages: {BY_USE}")
    else:
        found.meter("sns.requests", requests * one.count, one, "use")
        for kind, key in SNS_ENDPOINTS:
            found.meter(key, requests * one.count * (one.used(f"{kind}_subscriptions") or 0), one, "use")
        texts = requests * one.count * (one.used("sms_subscriptions") or 0)
        if texts:
            found.leave(one, f"{texts:,.0f} text messages: priced by country and carrier")


def _fifo_topic(one: Declared, found: Found) -> None:
    messages, kb = one.used("monthly_requests"), one.used("request_size_kb") or CHUNK_KB
    if messages is None:
        found.leave(one, f"messages: {BY_USE}")
        return
    gib = messages * kb / 1e6
    found.meter("sns.fifo.requests", messages * one.count, one, "use")
    found.meter("sns.fifo.payload", gib * one.count, one, "use")
    told = found.linking(one, "topic_arn", "aws_sns_topic_subscription")
    number = int(one.used("subscriptions") or sum(other.count for other in told))
    found.meter("sns.fifo.notifications", messages * number * one.count, one, "use")
    found.meter("sns.fifo.notification_payload", gib * number * one.count, one, "use")


def subscription(one: Declared, found: Found) -> None:
    """A subscriber whose notifications a usage file counts; a topic that counts its own pays for them there."""
    requests = _requests(one)
    protocol = one.text("protocol")
    topic_of = found.linked(one, "topic_arn")
    if topic_of is not None and (topic_of.usage or flag(topic_of, "fifo_topic")):
        found.costs_nothing(one, "counted with its topic")
    elif protocol in ("sqs", "lambda"):
        found.costs_nothing(one)
    elif requests is None:
        found.leave(one, f"notifications: {BY_USE}")
    else:
        keys = {
            "email": "sns.email",
            "email-json": "sns.email",
            "firehose": "sns.firehose",
            "application": "sns.mobile",
        }
        found.meter(keys.get(protocol, "sns.http"), requests * one.count, one, "use")


def stream(one: Declared, found: Found) -> None:
    """A Kinesis stream: by the shard and hour, or on demand; what goes through as a usage file says."""
    if one.text("stream_mode_details.stream_mode") == "ON_DEMAND":
        parts = ON_DEMAND
    else:
        shards = (one.number("shard_count") or 1) * one.count
        found.meter("kinesis.shard.hour", shards * found.hours, one)
        parts = PROVISIONED
    leave_unsaid(one, found, meter_used(one, found, parts))


def delivery_stream(one: Declared, found: Found) -> None:
    """A Firehose stream: bytes in, converted, delivered into a VPC; a VPC's zones by the hour."""
    gib = one.used("monthly_data_ingested_gb")
    search = next((p for p in ("elasticsearch", "opensearch") if f"{p}_configuration.vpc_config" in _prefixes(one)), "")
    zones = one.number(f"{search}_configuration.vpc_config.subnet_ids.count") if search else None
    if search:
        found.meter("firehose.vpc.hour", (zones or 1) * one.count * found.hours, one)
    if gib is None:
        found.leave(one, f"its data: {BY_USE}")
        return
    found.meter("firehose.ingest", gib * one.count, one, "use")
    conversion = "extended_s3_configuration.data_format_conversion_configuration"
    if conversion in _prefixes(one) and flag(one, f"{conversion}.enabled", default=True):
        found.meter("firehose.format", gib * one.count, one, "use")
    if search:
        found.meter("firehose.vpc.data", gib * one.count, one, "use")


def _prefixes(one: Declared) -> set[str]:
    """Names of the blocks that a resource has, nested ones with dots."""
    names = (key.split(".") for key in (*one.values, *one.links))
    return {".".join(parts[:size]) for parts in names for size in range(1, len(parts))}


def state_machine(one: Declared, found: Found) -> None:
    """Standard ones by the transition; express ones by requests and GB-seconds, in steps of 64 MB and 100 ms."""
    if one.text("type").upper() != "EXPRESS":
        leave_unsaid(one, found, meter_used(one, found, (Part("sfn.transitions", "monthly_transitions"),)))
        return
    requests, duration = one.used("monthly_requests"), one.used("workflow_duration_ms")
    if requests is None or duration is None:
        found.leave(one, f"requests and their duration: {BY_USE}")
        return
    memory = max(1, ceil((one.used("memory_mb") or 64) / 64)) * 64
    seconds = requests * ceil(duration / 100) / 10
    found.meter("sfn.express.requests", requests * one.count, one, "use")
    found.meter("sfn.express.duration", seconds * memory / 1024 * one.count, one, "use")


def api(one: Declared, found: Found) -> None:
    """An API whose requests a usage file says, or which the scenario prices where it goes through `gateway`."""
    websocket = one.text("protocol_type").upper() == "WEBSOCKET"
    requests = one.used("monthly_messages" if websocket else "monthly_requests")
    if requests is None:
        if found.alone or found.scenario.gateway is None or found.scenario.gateway.kind != "aws":
            found.leave(one, f"{'messages and connections' if websocket else 'requests'}: {BY_USE}")
        return
    if websocket:
        use = ApiUse(name=one.name, kind="websocket", requests=requests, metered_kib=one.used("message_size_kb") or 32)
        found.meter("apigateway.websocket.minutes", one.used("monthly_connection_mins") or 0, one, "use")
    elif one.type == "aws_apigatewayv2_api":
        use = ApiUse(name=one.name, kind="http", requests=requests, metered_kib=one.used("request_size_kb") or 512)
    else:
        use = ApiUse(name=one.name, kind="rest", requests=requests)
    found.add("apis", *[use] * one.count)


def api_stage(one: Declared, found: Found) -> None:
    """A stage costs nothing but its cache."""
    size = one.number("cache_cluster_size")
    if size and flag(one, "cache_cluster_enabled", default=True):
        found.add("apis", *[ApiUse(name=one.name, kind="rest", cache_gb=size)] * one.count)
    else:
        found.costs_nothing(one)

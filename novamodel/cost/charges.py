"""From a month's usage to bill lines: which price each quantity takes, service by service."""

from decimal import Decimal

from novamodel.cost.book import PriceBook
from novamodel.cost.lines import Counter, Driver, Line
from novamodel.cost.meters import (
    Volume,
    billed_backup_gib,
    billed_ephemeral_gib,
    capacity_unit_hours,
    cross_az_billed_gib,
    excess,
    full_hours,
    rds_gp3_included,
    stored_log_gib,
)
from novamodel.cost.money import to_decimal
from novamodel.cost.usage import Database, MonthUsage
from novamodel.errors import UserError
from novamodel.scenario.fargate import require_fargate_size


def compute_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """Fargate tasks and pods, EKS control planes, EC2 nodes with their disks."""
    lines: list[Line] = []
    fargate = Counter(book, "AWS Fargate")
    for service in usage.fargate:
        size = require_fargate_size(service.vcpu, service.memory_gib, path=f"fargate.{service.name}")
        vcpu, gib = to_decimal(size.vcpu), to_decimal(size.memory_gib)
        disk = to_decimal(billed_ephemeral_gib(service.ephemeral_gib))
        prefix = f"fargate.linux.{service.arch}"
        parts: list[tuple[Driver, str, float]] = [
            ("fixed", service.name, service.fixed_task_hours),
            ("use", f"{service.name} above its minimum", service.use_task_hours),
            ("fixed", f"{service.name} during operations", service.surge_task_hours),
        ]
        for driver, name, hours in parts:
            tasks = to_decimal(hours, "task hours")
            lines += fargate.lines(f"{prefix}.vcpu", vcpu * tasks, name, driver)
            lines += fargate.lines(f"{prefix}.memory", gib * tasks, name, driver)
            lines += fargate.lines("fargate.ephemeral", disk * tasks, name, driver)
    support = "extended" if usage.eks_extended_support else "standard"
    clusters = usage.eks_clusters * to_decimal(usage.hours_per_month)
    lines += Counter(book, "Amazon EKS").lines(f"eks.cluster.{support}", clusters)
    return lines + _node_lines(usage, book)


def _node_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    lines: list[Line] = []
    ec2 = Counter(book, "Amazon EC2")
    month = to_decimal(usage.hours_per_month)
    for group in usage.nodes:
        key = f"ec2.linux.{group.instance_type}"
        disk = to_decimal(group.disk_gib)
        parts: list[tuple[Driver, str, float]] = [
            ("fixed", group.name, group.fixed_node_hours),
            ("use", f"{group.name} above its minimum", group.use_node_hours),
            ("fixed", f"{group.name} during operations", group.surge_node_hours),
        ]
        for driver, name, hours in parts:
            lines += ec2.lines(key, hours, name, driver)
        for driver, name, hours in parts:
            lines += ec2.lines("ebs.gp3.storage", disk * to_decimal(hours) / month, name, driver)
    lines += ec2.lines("ebs.gp3.storage", usage.ebs_gp3_gib)
    return lines + ec2.lines("ebs.snapshot", usage.ebs_snapshot_gib)


def database_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """RDS instances, storage, provisioned performance, backups above the allowance, add-ons."""
    rds = Counter(book, "Amazon RDS")
    lines = [line for database in usage.databases for line in _database(database, usage.hours_per_month, rds)]
    backups = billed_backup_gib(
        (database.backup_stored_gib for database in usage.databases),
        (database.storage_gib for database in usage.databases),
    )
    return lines + rds.lines("rds.backup", backups, driver="use")


def _database(database: Database, hours_per_month: float, rds: Counter) -> list[Line]:
    zones = "multi_az" if database.multi_az else "single_az"
    key = f"rds.postgres.{database.instance_class}.{zones}"
    hours = to_decimal(hours_per_month if database.instance_hours is None else database.instance_hours)
    vcpu = to_decimal(rds.book.price(key).attributes["vcpu"])
    instances = 2 if database.multi_az else 1
    name = database.name
    lines = rds.lines(key, hours, name)
    lines += rds.lines(f"rds.{database.storage_type}.storage.{zones}", database.storage_gib, name)
    if database.storage_type == "gp3":
        included = rds_gp3_included(database.storage_gib)
        billed = excess(_provisioned(database, included), included)
        lines += rds.lines(f"rds.gp3.iops.{zones}", billed.iops, name)
        lines += rds.lines(f"rds.gp3.throughput.{zones}", billed.mibps, name)
    elif database.storage_type == "io1":
        if database.iops is None:
            raise UserError("io1 storage without IOPS", path=f"databases.{name}.iops", valid="provisioned IOPS")
        lines += rds.lines(f"rds.io1.iops.{zones}", database.iops, name)
    if database.extended_support_year:
        year = "year_3" if database.extended_support_year == 3 else "year_1_2"
        lines += rds.lines(f"rds.extended_support.{year}", vcpu * hours * instances, name)
    if database.insights == "advanced":
        lines += rds.lines("rds.insights.advanced", vcpu * hours, name)
    if database.proxy:
        lines += rds.lines("rds.proxy", vcpu * hours, name)
    return lines + rds.lines("rds.snapshot_export", database.snapshot_export_gib, name)


def _provisioned(database: Database, included: Volume) -> Volume:
    iops = included.iops if database.iops is None else database.iops
    mibps = included.mibps if database.throughput_mibps is None else database.throughput_mibps
    return Volume(iops, mibps)


def cache_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """ElastiCache nodes by the full hour, and backups."""
    elasticache = Counter(book, "Amazon ElastiCache")
    hours = to_decimal(full_hours(usage.hours_per_month))
    lines: list[Line] = []
    for cache in usage.caches:
        lines += elasticache.lines(f"elasticache.{cache.engine}.{cache.node_type}", cache.nodes * hours, cache.name)
        lines += elasticache.lines("elasticache.backup", cache.backup_gib, cache.name)
    return lines


def network_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """Load balancers, API gateway, NAT gateways, public addresses, data transfer, DNS, WAF."""
    lines: list[Line] = []
    hours = to_decimal(full_hours(usage.hours_per_month))
    elb, vpc = Counter(book, "Elastic Load Balancing"), Counter(book, "Amazon VPC")
    transfer, dns, waf = (
        Counter(book, "AWS Data Transfer"),
        Counter(book, "Amazon Route 53"),
        Counter(book, "AWS WAF"),
    )
    for balancer in usage.load_balancers:
        lines += elb.lines(f"elb.{balancer.kind}.hour", hours, balancer.name)
        units = capacity_unit_hours(balancer, usage.hours_per_month)
        lines += elb.lines(f"elb.{balancer.kind}.lcu", units, balancer.name, "use")
    api = Counter(book, "Amazon API Gateway")
    lines += api.lines(f"apigateway.{usage.api_gateway}.requests", usage.api_requests, driver="use")
    lines += vpc.lines("nat.hour", usage.nat_gateways * hours)
    lines += vpc.lines("nat.data", usage.nat_gib, driver="use")
    lines += vpc.lines("vpc.public_ipv4", usage.public_ipv4 * to_decimal(usage.hours_per_month))
    lines += vpc.lines("vpc.public_ipv4", usage.public_ipv4_use_hours, "with tasks", "use")
    out = _less_free(usage, book, "transfer.internet_out", to_decimal(usage.internet_out_gib))
    lines += transfer.lines("transfer.internet_out", out, driver="use")
    lines += transfer.lines("transfer.cross_az", cross_az_billed_gib(usage.cross_az_gib), driver="use")
    lines += dns.lines("route53.hosted_zone", usage.hosted_zones)
    lines += dns.lines("route53.queries", usage.dns_queries, driver="use")
    lines += waf.lines("waf.web_acl", usage.web_acls)
    lines += waf.lines("waf.rule", usage.web_acl_rules)
    return lines + waf.lines("waf.requests", usage.web_acl_requests, driver="use")


def queue_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """Requests at SQS standard queues; tiers and the free million are those of all queues together."""
    sqs = Counter(book, "Amazon SQS")
    free = book.allowance("sqs.requests") if usage.free_tier and usage.queues else Decimal(0)
    lines: list[Line] = []
    above = Decimal(0)
    for queue in usage.queues:
        requests = to_decimal(queue.requests, queue.name)
        taken = min(free, requests)
        free -= taken
        lines += sqs.lines("sqs.requests", requests - taken, queue.name, "use", above=above)
        above += requests - taken
    return lines


def observability_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """CloudWatch logs, metrics, alarms and dashboards (the free 5 GB go to ingestion first), Prometheus, OpenSearch."""
    watch = Counter(book, "Amazon CloudWatch")
    fixed, use = to_decimal(usage.log_fixed_gib), to_decimal(usage.log_use_gib)
    stored = to_decimal(stored_log_gib(usage.log_stored_gib, usage.log_compression))
    scanned = to_decimal(usage.log_scanned_gib)
    free = book.allowance("cloudwatch.logs") if usage.free_tier else Decimal(0)
    billed = []
    for gib in (fixed, use, stored, scanned):
        taken = min(free, gib)
        free -= taken
        billed.append(gib - taken)
    lines = watch.lines("cloudwatch.logs.ingest", billed[0], "monitoring")
    lines += watch.lines("cloudwatch.logs.ingest", billed[1], driver="use")
    lines += watch.lines("cloudwatch.logs.storage", billed[2], driver="use")
    lines += watch.lines("cloudwatch.logs.scan", billed[3], driver="use")
    metrics = to_decimal(usage.custom_metrics) + to_decimal(usage.container_insights_metrics)
    lines += watch.lines("cloudwatch.metrics", _less_free(usage, book, "cloudwatch.metrics", metrics))
    alarms = _less_free(usage, book, "cloudwatch.alarm.standard", to_decimal(usage.alarms))
    lines += watch.lines("cloudwatch.alarm.standard", alarms)
    lines += watch.lines("cloudwatch.alarm.high_resolution", usage.alarms_high_resolution)
    dashboards = _less_free(usage, book, "cloudwatch.dashboard", to_decimal(usage.dashboards))
    lines += watch.lines("cloudwatch.dashboard", dashboards)
    return lines + _prometheus_lines(usage, book) + _search_lines(usage, book)


def _prometheus_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    managed = Counter(book, "Amazon Managed Prometheus")
    samples = _less_free(usage, book, "amp.samples", to_decimal(usage.prometheus_samples))
    kept = _less_free(usage, book, "amp.storage", to_decimal(usage.prometheus_gib))
    return managed.lines("amp.samples", samples) + managed.lines("amp.storage", kept)


def _search_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    if usage.search is None:
        return []
    domain, domains = usage.search, Counter(book, "Amazon OpenSearch")
    hours = domain.nodes * to_decimal(full_hours(usage.hours_per_month))
    lines = domains.lines(f"opensearch.{domain.node_type}", hours, "logs")
    return lines + domains.lines("opensearch.gp3.storage", domain.storage_gib, "logs", "use")


def storage_lines(usage: MonthUsage, book: PriceBook) -> list[Line]:
    """S3, image registry, secrets and keys."""
    s3, secrets, kms = (
        Counter(book, "Amazon S3"),
        Counter(book, "AWS Secrets Manager"),
        Counter(book, "AWS KMS"),
    )
    lines = s3.lines("s3.standard.storage", usage.s3_gib)
    lines += s3.lines("s3.put", usage.s3_put_requests, driver="use")
    lines += s3.lines("s3.get", usage.s3_get_requests, driver="use")
    lines += Counter(book, "Amazon ECR").lines("ecr.storage", usage.registry_gib)
    lines += secrets.lines("secrets.secret", usage.secrets)
    lines += secrets.lines("secrets.api", usage.secret_api_calls, driver="use")
    lines += kms.lines("kms.key", usage.kms_keys)
    requests = _less_free(usage, book, "kms.requests", to_decimal(usage.kms_requests))
    return lines + kms.lines("kms.requests", requests, driver="use")


def _less_free(usage: MonthUsage, book: PriceBook, key: str, quantity: Decimal) -> Decimal:
    return max(Decimal(0), quantity - book.allowance(key)) if usage.free_tier else quantity

"""ElastiCache, OpenSearch, CloudWatch Logs, S3."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from novamodel.cost.charges.ground import Ground, Quantity, machines
from novamodel.cost.meters import billed_object_gib, early_delete_gib, stored_log_gib
from novamodel.cost.provisioned import excess, search_gp3_included
from novamodel.cost.usage import Bucket, CacheCluster, MonthUsage, SearchDomain
from novamodel.errors import UserError

MOST_SHARDS, MOST_REPLICAS, MOST_MEMCACHED = 500, 5, 60
GLACIER_INDEX_KIB, GLACIER_NAME_KIB = Decimal(32), Decimal(8)
"""What each archived object adds: 32 KiB in its class, 8 KiB in S3 Standard."""
KIB_PER_GIB = Decimal(1024**2)
LOG_COMPRESSION = Decimal("0.2")
"""Stored bytes for each raw byte (AWS's example: 30 GB become 6 GB)."""


def cache_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """ElastiCache nodes by the full hour."""
    for cache in usage.caches:
        if not ground.sold(partial(check_cache, cache)):
            continue
        hours = cache.nodes * ground.full_month
        key = f"elasticache.{cache.engine}.{cache.node_type}"
        yield from machines(ground, key, hours, cache.name, "fixed", cache.purchase)


def check_cache(cache: CacheCluster) -> None:
    """Refuse (`UserError`) numbers of nodes that ElastiCache does not sell."""
    path = f"caches.{cache.name}"
    if cache.engine == "memcached":
        if cache.replicas or cache.nodes > MOST_MEMCACHED:
            raise UserError(
                f"Memcached with {cache.shards} nodes and {cache.replicas} replicas",
                path=path,
                valid=f"up to {MOST_MEMCACHED} nodes, no replicas",
            )
    elif cache.shards > MOST_SHARDS or cache.replicas > MOST_REPLICAS:
        raise UserError(
            f"{cache.shards} shards with {cache.replicas} replicas each",
            path=path,
            valid=f"up to {MOST_SHARDS} shards, {MOST_REPLICAS} replicas each",
        )


def search_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """OpenSearch nodes by the full hour, and their volumes."""
    for domain in usage.search:
        nodes = domain.nodes * ground.full_month
        yield from machines(ground, f"opensearch.{domain.node_type}", nodes, domain.name, "fixed", domain.purchase)
        for role, kind, count in (
            ("masters", domain.master_type, domain.masters),
            ("UltraWarm", domain.warm_type, domain.warm_nodes),
        ):
            if kind is not None:
                yield Quantity(f"opensearch.{kind}", count * ground.full_month, f"{domain.name}, {role}")
        yield from _search_volumes(domain)


def _search_volumes(domain: SearchDomain) -> Iterator[Quantity]:
    key, name = f"opensearch.{domain.storage_type}", domain.name
    yield Quantity(f"{key}.storage", domain.gib * domain.nodes, name, domain.storage_driver)
    if domain.storage_type == "gp3":
        above = excess(domain.iops, domain.throughput_mibps, search_gp3_included(domain.gib))
        yield Quantity(f"{key}.iops", above.iops * domain.nodes, name)
        yield Quantity(f"{key}.throughput", above.mibps * domain.nodes, name)
    elif domain.iops is not None:
        yield Quantity(f"{key}.iops", domain.iops * domain.nodes, name)


def log_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """CloudWatch Logs: taken in (raw), kept (compressed)."""
    del ground
    ingest = {"standard": "ingest", "infrequent_access": "ingest_ia", "vended": "vended"}
    for group in usage.logs:
        yield Quantity(f"cloudwatch.logs.{ingest[group.kind]}", group.ingested_gib, driver="use")
    for group in usage.logs:
        kept = stored_log_gib(group.stored_gib, LOG_COMPRESSION)
        yield Quantity("cloudwatch.logs.storage", kept, driver="use")


def bucket_charges(usage: MonthUsage, ground: Ground) -> Iterator[Quantity]:
    """S3: storage with the least size and time of each class, requests, retrievals, transitions."""
    del ground
    for bucket in usage.buckets:
        yield from _bucket(bucket)


def _bucket(bucket: Bucket) -> Iterator[Quantity]:
    kind, name = bucket.storage_class, bucket.name
    held = billed_object_gib(kind, bucket.gib, bucket.objects)
    archived = kind in ("glacier", "deep_archive")
    index = bucket.objects * GLACIER_INDEX_KIB / KIB_PER_GIB if archived else Decimal(0)
    yield Quantity(f"s3.{kind}.storage", held + index, name)
    early = early_delete_gib(kind, bucket.gib, bucket.held_days)
    yield Quantity(f"s3.{kind}.storage", early, f"{name}, deleted early".lstrip(", "))
    if archived:
        names = bucket.objects * GLACIER_NAME_KIB / KIB_PER_GIB
        yield Quantity("s3.standard.storage", names, f"{name}, names of archived objects".lstrip(", "))
    if kind == "intelligent_tiering":
        yield Quantity("s3.intelligent_tiering.monitoring", bucket.objects, name)
    prefix = "s3" if kind == "standard" else f"s3.{kind}"
    yield Quantity(f"{prefix}.put", bucket.put_requests, name, "use")

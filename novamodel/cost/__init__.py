"""What a month costs on AWS: price book, meters, bill.

`price(usage, book)` turns a `MonthUsage` (plain quantities) into a `Bill`. Prices are facts in
`data/prices/`, billing rules are the small functions in `meters`, `fargate` and `nodes`.
"""

from novamodel.cost.bill import Bill, BillRange, price, price_range
from novamodel.cost.book import Price, PriceBook, PriceMissing, load_book, regions
from novamodel.cost.book_files import book_file, book_files, read_raw, write_book
from novamodel.cost.lines import Line
from novamodel.cost.meters import (
    backup_stored_gib,
    enhanced_monitoring_gib,
    rule_evaluations_per_s,
    task_hours,
)
from novamodel.cost.new_books import Change, changes, check_book, offers_of_rules, refresh_book, with_private
from novamodel.cost.nodes import PodRequest, instance_allocatable, nodes_for_pods
from novamodel.cost.usage import (
    CacheCluster,
    Database,
    FargateService,
    LoadBalancer,
    MonthUsage,
    NodeGroup,
    QueueUse,
    SearchDomain,
)
from novamodel.scenario.fargate import FargateSize, fargate_pod_size, fargate_sizes, require_fargate_size

__all__ = [
    "Bill",
    "BillRange",
    "CacheCluster",
    "Change",
    "Database",
    "FargateService",
    "FargateSize",
    "Line",
    "LoadBalancer",
    "MonthUsage",
    "NodeGroup",
    "PodRequest",
    "Price",
    "PriceBook",
    "PriceMissing",
    "QueueUse",
    "SearchDomain",
    "backup_stored_gib",
    "book_file",
    "book_files",
    "changes",
    "check_book",
    "enhanced_monitoring_gib",
    "fargate_pod_size",
    "fargate_sizes",
    "instance_allocatable",
    "load_book",
    "nodes_for_pods",
    "offers_of_rules",
    "price",
    "price_range",
    "read_raw",
    "refresh_book",
    "regions",
    "require_fargate_size",
    "rule_evaluations_per_s",
    "task_hours",
    "with_private",
    "write_book",
]

"""What a month costs on AWS: price book, meters, bill.

`price(usage, book)` turns a `MonthUsage` (the usage language) into a `Bill`: `charges` says which price each thing
takes, `lines` prices it. Prices are facts in `data/prices/`, dates of support in `data/aws/`, billing rules the small
functions in `meters`, `provisioned`, `support` and `nodes`.
"""

from novamodel.cost.bill import Bill, BillRange, price, price_range
from novamodel.cost.book import Price, PriceBook, PriceMissing, load_book, regions
from novamodel.cost.book_files import book_file, book_files, read_raw, write_book
from novamodel.cost.lines import Line
from novamodel.cost.meters import (
    backup_stored_gib,
    enhanced_monitoring_gib,
    log_kept_gib,
    rule_evaluations_per_s,
    run_hours,
    task_hours,
)
from novamodel.cost.new_books import Change, changes, check_book, offers_of_rules, refresh_book, with_private
from novamodel.cost.nodes import PodRequest, instance_allocatable, node_allocatable, nodes_for_pods
from novamodel.cost.ranges import CostRange, Input, Moved, cost_range
from novamodel.cost.support import eks_support, rds_support
from novamodel.cost.usage import (
    ApiUse,
    AuroraCluster,
    AuroraInstance,
    Bucket,
    CacheCluster,
    Database,
    EksCluster,
    Endpoint,
    FargateService,
    FunctionUse,
    LoadBalancer,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    NodeGroup,
    QueueUse,
    SearchDomain,
    ServerlessCache,
    Transfer,
    Volume,
)
from novamodel.scenario.fargate import FargateSize, fargate_pod_size, fargate_sizes, require_fargate_size

__all__ = [
    "ApiUse",
    "AuroraCluster",
    "AuroraInstance",
    "Bill",
    "BillRange",
    "Bucket",
    "CacheCluster",
    "Change",
    "CostRange",
    "Database",
    "EksCluster",
    "Endpoint",
    "FargateService",
    "FargateSize",
    "FunctionUse",
    "Input",
    "Line",
    "LoadBalancer",
    "LogGroup",
    "Metered",
    "MonthUsage",
    "Moved",
    "NatGateway",
    "NodeGroup",
    "PodRequest",
    "Price",
    "PriceBook",
    "PriceMissing",
    "QueueUse",
    "SearchDomain",
    "ServerlessCache",
    "Transfer",
    "Volume",
    "backup_stored_gib",
    "book_file",
    "book_files",
    "changes",
    "check_book",
    "cost_range",
    "eks_support",
    "enhanced_monitoring_gib",
    "fargate_pod_size",
    "fargate_sizes",
    "instance_allocatable",
    "load_book",
    "log_kept_gib",
    "node_allocatable",
    "nodes_for_pods",
    "offers_of_rules",
    "price",
    "price_range",
    "rds_support",
    "read_raw",
    "refresh_book",
    "regions",
    "require_fargate_size",
    "rule_evaluations_per_s",
    "run_hours",
    "task_hours",
    "with_private",
    "write_book",
]

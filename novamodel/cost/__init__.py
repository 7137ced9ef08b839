"""What a month costs on AWS: price book, meters, bill.

`price(usage, book)` turns a `MonthUsage` (the usage language) into a `Bill`: `charges` says which price each thing
takes, `lines` prices it. Prices are facts in `data/prices/`, dates of support in `data/aws/`, billing rules the small
functions in `meters`, `provisioned`, `support` and `nodes`.
"""

from novamodel.cost.bill import Bill, BillRange, price, price_range
from novamodel.cost.book import Price, PriceBook, PriceMissing, load_book, oldest, regions
from novamodel.cost.book_files import book_file, bundled_books, read_raw, write_book
from novamodel.cost.charges.ground import book_date
from novamodel.cost.commitments import Plan
from novamodel.cost.committed.best import BestPlan, best_plan, best_reservation
from novamodel.cost.committed.sizes import size_of
from novamodel.cost.committed.spot import SpotMonth, spot_month
from novamodel.cost.committed.year import CommittedYear, Curve, Reservation, committed_year
from novamodel.cost.forms import focus_csv, markdown, per_million, sums
from novamodel.cost.lines import Line
from novamodel.cost.meters import (
    backup_stored_gib,
    enhanced_monitoring_gib,
    log_kept_gib,
    rule_evaluations_per_s,
    run_hours,
    task_hours,
)
from novamodel.cost.money import to_decimal
from novamodel.cost.new_books import Change, changes, check_book, offers_of_rules, refresh_book, with_private
from novamodel.cost.nodes import PodRequest, groups_of, instance_allocatable, nodes_by_group, nodes_for_pods
from novamodel.cost.ranges import CostRange, Input, Moved, cost_range
from novamodel.cost.show import bill_text
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
    LoadBalancer,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    NodeGroup,
    QueueUse,
    SearchDomain,
    Transfer,
    Volume,
)
from novamodel.scenario.fargate import FargateSize, fargate_pod_size, fargate_sizes, require_fargate_size

__all__ = [
    "ApiUse",
    "AuroraCluster",
    "AuroraInstance",
    "BestPlan",
    "Bill",
    "BillRange",
    "Bucket",
    "CacheCluster",
    "Change",
    "CommittedYear",
    "CostRange",
    "Curve",
    "Database",
    "EksCluster",
    "Endpoint",
    "FargateService",
    "FargateSize",
    "Input",
    "Line",
    "LoadBalancer",
    "LogGroup",
    "Metered",
    "MonthUsage",
    "Moved",
    "NatGateway",
    "NodeGroup",
    "Plan",
    "PodRequest",
    "Price",
    "PriceBook",
    "PriceMissing",
    "QueueUse",
    "Reservation",
    "SearchDomain",
    "SpotMonth",
    "Transfer",
    "Volume",
    "backup_stored_gib",
    "best_plan",
    "best_reservation",
    "bill_text",
    "book_date",
    "book_file",
    "bundled_books",
    "changes",
    "check_book",
    "committed_year",
    "cost_range",
    "eks_support",
    "enhanced_monitoring_gib",
    "fargate_pod_size",
    "fargate_sizes",
    "focus_csv",
    "groups_of",
    "instance_allocatable",
    "load_book",
    "log_kept_gib",
    "markdown",
    "nodes_by_group",
    "nodes_for_pods",
    "offers_of_rules",
    "oldest",
    "per_million",
    "price",
    "price_range",
    "rds_support",
    "read_raw",
    "refresh_book",
    "regions",
    "require_fargate_size",
    "rule_evaluations_per_s",
    "run_hours",
    "size_of",
    "spot_month",
    "sums",
    "task_hours",
    "to_decimal",
    "with_private",
    "write_book",
]

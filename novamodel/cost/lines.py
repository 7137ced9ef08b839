"""One line of a bill: a quantity, a unit price with its source, and an amount in cents; and how lines are written."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from novamodel.cost.book import PriceBook, PriceMissing
from novamodel.cost.charges import Quantity
from novamodel.cost.money import plain, to_cents
from novamodel.cost.usage import Driver

SERVICES = {
    "fargate": "AWS Fargate",
    "eks": "Amazon EKS",
    "ec2": "Amazon EC2",
    "ebs": "Amazon EC2",
    "lambda": "AWS Lambda",
    "rds": "Amazon RDS",
    "aurora": "Amazon Aurora",
    "dynamodb": "Amazon DynamoDB",
    "elasticache": "Amazon ElastiCache",
    "elb": "Elastic Load Balancing",
    "apigateway": "Amazon API Gateway",
    "nat": "Amazon VPC",
    "vpc": "Amazon VPC",
    "transfer": "AWS Data Transfer",
    "route53": "Amazon Route 53",
    "waf": "AWS WAF",
    "sqs": "Amazon SQS",
    "sns": "Amazon SNS",
    "cloudwatch": "Amazon CloudWatch",
    "events": "Amazon EventBridge",
    "amp": "Amazon Managed Prometheus",
    "grafana": "Amazon Managed Grafana",
    "opensearch": "Amazon OpenSearch",
    "s3": "Amazon S3",
    "ecr": "Amazon ECR",
    "secrets": "AWS Secrets Manager",
    "kms": "AWS KMS",
    "kinesis": "Amazon Kinesis",
    "firehose": "Amazon Data Firehose",
    "sfn": "AWS Step Functions",
    "docdb": "Amazon DocumentDB",
    "neptune": "Amazon Neptune",
    "mq": "Amazon MQ",
    "msk": "Amazon MSK",
    "cloudfront": "Amazon CloudFront",
    "globalaccelerator": "AWS Global Accelerator",
    "efs": "Amazon EFS",
    "backup": "AWS Backup",
    "cloudtrail": "AWS CloudTrail",
    "config": "AWS Config",
    "guardduty": "Amazon GuardDuty",
    "firewall": "AWS Network Firewall",
    "vpn": "Amazon VPC",
    "transit": "Amazon VPC",
    "ssm": "AWS Systems Manager",
    "acm": "AWS Certificate Manager",
}
"""The service that the first word of a price's key stands for; others show the price's offer."""

COMMITMENTS = "Commitments"
"""What stands in the place of a service on the line of a commitment."""

ALLOWANCES = {
    "transfer.internet_out": "transfer.internet_out",
    "cloudwatch.logs.ingest": "cloudwatch.logs",
    "cloudwatch.logs.storage": "cloudwatch.logs",
    "cloudwatch.logs.scan": "cloudwatch.logs",
    "cloudwatch.metrics": "cloudwatch.metrics",
    "cloudwatch.alarm.standard": "cloudwatch.alarm.standard",
    "cloudwatch.dashboard": "cloudwatch.dashboard",
    "amp.samples": "amp.samples",
    "amp.storage": "amp.storage",
    "kms.requests": "kms.requests",
    "sqs.requests": "sqs.requests",
    "sns.requests": "sns.requests",
    "sns.http": "sns.http",
    "sns.email": "sns.email",
    "lambda.requests": "lambda.requests",
    "lambda.x86.duration": "lambda.duration",
    "lambda.arm64.duration": "lambda.duration",
    "sfn.transitions": "sfn.transitions",
}
"""The always-free allowance of the account that each price's quantity uses up, in the order of the bill."""


@dataclass(frozen=True)
class Line:
    """`quantity` x `unit_price` = `exact`; `amount` is that rounded half up to the cent.

    `driver` is `use` where the quantity follows traffic. `source` names the entries of the price book's
    `sources` that the unit price was read from, `status` says how far it is confirmed, `date` is its data's.
    """

    service: str
    name: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    driver: Driver
    key: str
    sku: str
    source: str
    status: str
    date: str
    region: str = ""
    """Where it is billed, if not in the bill's region."""

    @property
    def exact(self) -> Decimal:
        """USD before rounding."""
        return self.quantity * self.unit_price


@dataclass
class Writer:
    """Writes lines from one book: tiers and allowances run on over all quantities of the account's month.

    `lenient`: what has no price is named in `unpriced` (its key in `without`) and left out; otherwise it is an error
    (`PriceMissing`).
    """

    book: PriceBook
    free_tier: bool = False
    lenient: bool = False
    unpriced: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    _counted: dict[str, Decimal] = field(default_factory=dict)
    _free: dict[str, Decimal] = field(default_factory=dict)

    def write(self, quantities: Iterable[Quantity]) -> list[Line]:
        """Lines of all quantities: one a tier, none where there is nothing to bill."""
        return [line for quantity in quantities for line in self._lines(quantity)]

    def _lines(self, quantity: Quantity) -> list[Line]:
        if quantity.amount == 0:
            return []
        try:
            price = self.book.price(quantity.key)
        except PriceMissing:
            if not self.lenient:
                raise
            named = f"{quantity.name}: " if quantity.name else ""
            self.without.append(quantity.key)
            self.unpriced.append(f"{named}no price of {quantity.key} in {self.book.region}")
            return []
        amount = self._less_free(quantity)
        above = Decimal(0) if quantity.own_tiers else self._counted.get(quantity.key, Decimal(0))
        self._counted[quantity.key] = above + amount
        label = f"{quantity.name}: {price.name}" if quantity.name else price.name
        service = SERVICES.get(quantity.key.split(".")[0], price.offer)
        return [
            Line(
                service=service,
                name=f"{label}, {_range(tier.start, tier.end)}" if len(price.tiers) > 1 else label,
                quantity=part / price.per,
                unit=price.unit,
                unit_price=tier.price,
                amount=to_cents(part / price.per * tier.price),
                driver=quantity.driver,
                key=quantity.key,
                sku=tier.sku,
                source=", ".join(tier.sources),
                status=tier.status,
                date=tier.date,
            )
            for tier, part in price.split(amount, above)
        ]

    def _less_free(self, quantity: Quantity) -> Decimal:
        name = ALLOWANCES.get(quantity.key)
        if not self.free_tier or name is None:
            return quantity.amount
        left = self._free.setdefault(name, self.book.allowance(name))
        taken = min(left, quantity.amount)
        self._free[name] = left - taken
        return quantity.amount - taken


def _range(start: Decimal, end: Decimal | None) -> str:
    if end is None:
        return f"above {plain(start, 0)}"
    return f"first {plain(end, 0)}" if start == 0 else f"{plain(start, 0)} to {plain(end, 0)}"

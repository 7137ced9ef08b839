"""Rules of the worked examples of computing: Fargate, savings plans, RDS, small mixed bills (see `cases`)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from novamodel.cost.book import load_book
from novamodel.cost.commitments import HourUsage, apply_plans, apply_reserved
from novamodel.cost.meters import (
    Volume,
    billed_ephemeral_gib,
    billed_task_seconds,
    excess,
    full_hours,
    rds_gp3_included,
)
from novamodel.cost.money import to_cents, to_decimal
from novamodel.errors import UserError
from novamodel.verify.aws_form import HOURS, ZERO, Answer, Case


def _fargate(case: Case) -> Answer:
    hours = case.get("hours", HOURS)
    days = case.get("days") if case.has("days") else hours / 24
    runs = case.get("tasks", 1) * case.get("pods", 1) * case.get("tasks_per_day", 1) * case.get("runs_per_day", 1)
    if case.has("seconds_per_run", "minutes"):
        seconds = float(case.get("seconds_per_run") + 60 * case.get("minutes"))
        task_hours = runs * days * to_decimal(billed_task_seconds(seconds, case.inputs.get("os", "linux"))) / 3600
    else:
        task_hours = runs * hours
    arch = case.inputs.get("arch", "x86")
    vcpu, gib = case.get("vcpu"), case.get("memory_gb")
    disk = to_decimal(billed_ephemeral_gib(float(case.get("ephemeral_gb"))))

    def rate(key: str, *words: str) -> Decimal:
        for name, value in case.prices.items():
            if any(name.startswith(word) for word in words):
                return to_decimal(value, name) * (3600 if name.endswith("second") else 1)
        return case.book_price(key).flat

    lines = {
        "vCPU": vcpu * task_hours * rate(f"fargate.linux.{arch}.vcpu", "vcpu"),
        "memory": gib * task_hours * rate(f"fargate.linux.{arch}.memory", "gb", "memory"),
    }
    if disk:
        lines["ephemeral storage"] = disk * task_hours * rate("fargate.ephemeral", "ephemeral")
    if case.inputs.get("os") == "windows":
        lines["operating system"] = vcpu * task_hours * rate("fargate.windows.licence", "os", "licence", "windows")
    return case.answer(lines)


def _savings_plans(case: Case) -> Answer:
    usage = [
        HourUsage(
            item["product"],
            to_decimal(item["qty"]),
            to_decimal(item["od"]),
            to_decimal(item["csp"]) if "csp" in item else None,
            to_decimal(item["ec2sp"]) if "ec2sp" in item else None,
        )
        for item in case.inputs["usage_in_hour"]
    ]
    list_price = sum((item.quantity * item.on_demand for item in usage), ZERO)
    plan_price = sum((item.quantity * (item.compute_rate or item.on_demand) for item in usage), ZERO)
    usage = apply_reserved(usage, "r5.4xlarge", case.get("reserved_r5_4xlarge"))
    hour = apply_plans(usage, case.get("compute_sp_commitment"), case.get("ec2_instance_sp_r5_commitment"), "r5")
    on_demand = sum(hour.on_demand.values(), ZERO)
    r5 = sum((amount for product, amount in hour.on_demand.items() if product.startswith("r5.")), ZERO)
    lines = {
        "usage at plan rates": plan_price,
        "on demand without plans": list_price,
        "r5 on demand": r5,
        "other on demand": on_demand - r5,
        "on demand": on_demand,
        "commitments": hour.committed,
        "commitments used": hour.used,
        "commitments lost": hour.committed - hour.used,
    }
    return case.answer(lines, total=hour.total)


def _rds(case: Case) -> Answer:
    hours, instances = case.get("hours", HOURS), case.get("instances", 1)
    if case.has("vcpu"):
        return case.answer({"proxy": case.get("vcpu") * hours * case.price("rds.proxy", "vcpu_hour")})
    if case.has("acu"):
        return case.answer({"capacity": case.get("acu") * instances * hours * case.price("rds.acu", "acu_hour")})
    if "standard_hour" in case.prices:
        standard = instances * hours * case.price("rds.aurora", "standard_hour")
        optimized = instances * hours * case.price("rds.aurora_io", "io_hour")
        # The source states both kinds of storage and totals the standard one.
        return case.answer({"standard": standard, "I/O-Optimized": optimized}, total=standard)
    key = f"rds.postgres.{case.inputs.get('class', '').split()[0]}" if case.has("class") else ""
    if not case.prices and not case.has("multi_az", "gb"):
        single, multi = (hours * case.book_price(f"{key}.{zones}").flat for zones in ("single_az", "multi_az"))
        # The source states both deployments and totals the Multi-AZ one.
        return case.answer({"Single-AZ": single, "Multi-AZ": multi}, total=multi)
    zones = "multi_az" if case.inputs.get("multi_az") else "single_az"
    lines: dict[str, Decimal] = {}
    if case.has("class"):
        lines["instance"] = instances * hours * case.price(f"{key}.{zones}", "hour", "instance")
    if case.has("gb"):
        lines |= _rds_volume(case, zones)
    return case.answer(lines)


def _rds_volume(case: Case, zones: str) -> dict[str, Decimal]:
    kind = str(case.inputs.get("storage", "gp3"))
    lines = {"storage": case.get("gb") * case.price(f"rds.{kind}.storage.{zones}", "gb_month", "gb", "storage")}
    included = Volume(0, 0)
    if kind == "gp3":
        included = rds_gp3_included(float(case.get("gb")), _engine(str(case.inputs.get("engine", ""))))
    iops, mibps = case.get("iops", included.iops), case.get("throughput_mibps", included.mibps)
    above = excess(Volume(float(iops), float(mibps)), included)
    if above.iops:
        lines["IOPS"] = to_decimal(above.iops) * case.price(f"rds.{kind}.iops.{zones}", "iops")
    if above.mibps:
        rate = case.price(f"rds.{kind}.throughput.{zones}", "throughput", "mibps")
        lines["throughput"] = to_decimal(above.mibps) * rate
    return lines


def _engine(name: str) -> str:
    plain = name.lower().replace(" ", "")
    return "oracle" if "oracle" in plain else "sqlserver" if "sqlserver" in plain else "postgres"


def _several(case: Case) -> Answer:
    if case.has("dynamodb_wru", "dynamodb_rru", "stepfunction_transitions"):
        raise UserError(f"case {case.id}: DynamoDB and Step Functions are not answered", valid="other services")
    if case.has("hours_long", "hours_short", "nat"):
        return _laboratory(case)
    kinds = {
        "alb_hours": ("elb.alb.hour", "alb"),
        "rds_db.t4g.micro_hours": ("rds.postgres.db.t4g.micro.single_az", "rds"),
        "ipv4_hours": ("vpc.public_ipv4", "ipv4"),
        "fargate_vcpu_hours": ("fargate.linux.x86.vcpu", "vcpu"),
        "rds_gp3_gb": ("rds.gp3.storage.single_az", "gp3"),
        "fargate_gb_hours": ("fargate.linux.x86.memory", "gb"),
        "lcu_hours": ("elb.alb.lcu", "lcu"),
    }
    lines = {name: case.get(name) * case.price(*kinds[name]) for name in kinds if case.has(name)}
    if case.has("hosted_zones"):
        zones = load_book("us-east-1").price("route53.hosted_zone")  # one price in all regions
        lines["hosted_zones"] = zones.amount(case.get("hosted_zones"))
    untaxed = sum((to_cents(amount) for amount in lines.values()), ZERO)
    if case.has("tax_rate"):
        lines["tax"] = untaxed * case.get("tax_rate")
    return case.answer(lines)


def _laboratory(case: Case) -> Answer:
    """A small set-up that runs for some hours: whole hours of load balancer and NAT, the rest pro rata."""

    def cost(hours: Decimal) -> Decimal:
        started = to_decimal(full_hours(float(hours)))
        by_hour = case.get("nat") * case.price("nat.hour", "nat") + case.get("alb") * case.price("elb.alb.hour", "alb")
        running = case.get("ipv4") * case.price("vpc.public_ipv4", "ipv4")
        running += case.get("t3.micro") * case.price("ec2.linux.t3.micro", "t3.micro")
        month = case.get("gp3_gb") * case.price("ebs.gp3.storage", "gp3_gb_month")
        month += case.get("snapshot_gb") * case.price("ebs.snapshot", "snapshot_gb_month")
        return by_hour * started + running * hours + month * hours / case.get("month_hours", HOURS)

    if not case.has("hours_long"):
        return case.answer({"run": cost(case.get("hours", 1))})
    short, long = cost(case.get("hours_short")), cost(case.get("hours_long"))
    return case.answer({"short run": short, "long run": long}, total=long)


RULES: Mapping[str, Callable[[Case], Answer]] = {
    "AWSFargate": _fargate,
    "SavingsPlans": _savings_plans,
    "AmazonRDS": _rds,
    "several": _several,
}

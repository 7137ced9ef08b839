"""Usage of the worked examples of computing: Fargate, RDS, savings plans, small mixed bills (see `aws`)."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from novamodel.cost import (
    AuroraCluster,
    AuroraInstance,
    Bucket,
    Database,
    FargateService,
    LoadBalancer,
    LogGroup,
    Metered,
    MonthUsage,
    NatGateway,
    NodeGroup,
    run_hours,
)
from novamodel.cost.commitments import HourUsage, apply_plans, apply_reserved
from novamodel.cost.money import to_cents, to_decimal
from novamodel.verify.aws_form import HOURS, ZERO, Answer, Case, Part, Words


def _fargate(case: Case) -> Answer:
    hours = case.get("hours", HOURS)
    days = case.get("days") if case.has("days") else hours / 24
    runs = case.get("tasks", 1) * case.get("pods", 1) * case.get("tasks_per_day", 1) * case.get("runs_per_day", 1)
    os = "windows" if case.text("os") == "windows" else "linux"
    arch = "arm64" if "arm" in case.text("arch") else "x86"
    ran = runs * hours
    if case.has("seconds_per_run", "minutes"):
        ran = run_hours(runs * days, case.get("seconds_per_run") + 60 * case.get("minutes"), os)
    service = FargateService(
        name="tasks",
        vcpu=case.get("vcpu"),
        memory_gib=case.get("memory_gb"),
        fixed_task_hours=ran,
        arch=arch,
        os=os,
        ephemeral_gib=case.get("ephemeral_gb", 20),
    )
    key = f"fargate.{os}.{arch}"
    words = {
        f"{key}.vcpu": Words(("vcpu_second", "vcpu_hour", "vcpu")),
        f"{key}.memory": Words(("gb_second", "gb_hour", "memory_gb", "memory", "gb")),
        "fargate.ephemeral": Words(("ephemeral",)),
    }
    if os == "windows":
        words[f"{key}.licence"] = Words(("os", "licence", "license", "windows"))
    return case.answer(Part(MonthUsage(fargate=(service,)), words))


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
    return Answer(to_cents(hour.total), {name: to_cents(amount) for name, amount in lines.items()})


def _rds(case: Case) -> Answer:
    hours = case.get("hours", HOURS)
    if case.has("vcpu"):
        proxy = Metered(key="rds.proxy", quantity=case.get("vcpu") * hours)
        return case.answer(Part(MonthUsage(metered=(proxy,)), {"rds.proxy": Words(("vcpu_hour",))}))
    named = f"{case.text('class')} {case.text('engine')}"
    if case.has("acu") or "aurora" in named:
        return _aurora(case, hours)
    if not case.has("class"):
        return case.answer(_volume_alone(case))
    instance_class = case.text("class").split()[0]
    engine = _engine(named)

    def part(zones: str) -> Part:
        count = int(case.get("instances", 1))
        kind = case.text("storage") or "gp3"
        alike = {
            "instance_class": instance_class,
            "engine": engine,
            "zones": zones,
            "storage_type": kind,
            "storage_gib": case.get("gb", 100),
            "iops": case.get("iops") if case.has("iops") else None,
            "throughput_mibps": case.get("throughput_mibps") if case.has("throughput_mibps") else None,
        }
        instances = tuple(Database(name=f"instance {number + 1}", **alike) for number in range(count))
        machine = f"rds.{engine}.{instance_class}.{zones}"
        words = {machine: Words(("instance", "hour"))} | _volume_words(kind, zones)
        only = None if case.has("gb") else (machine,)
        return Part(MonthUsage(hours_per_month=hours, databases=instances), words, only, zones)

    if not case.prices and not case.has("multi_az", "gb"):  # the source states both, and totals Multi-AZ
        return case.answer(part("single_az"), part("multi_az"))
    return case.answer(part("multi_az" if case.inputs.get("multi_az") else "single_az"))


def _volume_alone(case: Case) -> Part:
    """A volume without its instance: the lines of a database, less the machine."""
    zones = "multi_az" if case.inputs.get("multi_az") else "single_az"
    kind = case.text("storage") or "gp3"
    database = Database(
        name="volume",
        instance_class="db.m6g.large",
        engine=_engine(case.text("engine")) if _engine(case.text("engine")) in ("mysql", "mariadb") else "postgres",
        zones=zones,
        storage_type=kind,
        storage_gib=case.get("gb"),
        iops=case.get("iops") if case.has("iops") else None,
        throughput_mibps=case.get("throughput_mibps") if case.has("throughput_mibps") else None,
    )
    words = _volume_words(kind, zones)
    return Part(MonthUsage(databases=(database,)), words, tuple(words))


def _volume_words(kind: str, zones: str) -> dict[str, Words]:
    words = {f"rds.{kind}.storage.{zones}": Words(("gb_month", "storage", "gb"))}
    if kind in ("gp3", "io1", "io2"):
        words[f"rds.{kind}.iops.{zones}"] = Words(("iops",))
    if kind == "gp3":
        words[f"rds.gp3.throughput.{zones}"] = Words(("throughput", "mibps"))
    return words


def _engine(name: str) -> str:
    plain = name.replace(" ", "")
    known = {"mariadb": "mariadb", "mysql": "mysql", "oracle": "oracle-se2", "sqlserver": "sqlserver-se"}
    return next((engine for word, engine in known.items() if word in plain), "postgres")


def _aurora(case: Case, hours: Decimal) -> Answer:
    count = case.get("instances", 1)
    if case.has("acu"):
        cluster = AuroraCluster(name="cluster", acu_hours=case.get("acu") * count * hours)
        return case.answer(Part(MonthUsage(aurora=(cluster,)), {"aurora.serverless.standard": Words(("acu",))}))
    instance_class = case.text("class").split()[0]
    machines = (AuroraInstance(instance_class=instance_class, count=int(count)),)

    def part(mode: str, *words: str) -> Part:
        cluster = AuroraCluster(name="cluster", io_optimized=mode == "io_optimized", instances=machines)
        usage = MonthUsage(hours_per_month=hours, aurora=(cluster,))
        return Part(usage, {f"aurora.{instance_class}.{mode}": Words(words)}, None, mode)

    standard = part("standard", "standard_hour", "hour")
    if "io_hour" in case.prices:  # the source states both kinds of storage, and totals the standard one
        return case.answer(part("io_optimized", "io_hour"), standard)
    return case.answer(standard)


def _several(case: Case) -> Answer:
    if case.has("hours_long", "hours_short", "nat"):
        return _laboratory(case)
    names = {
        "alb_hours": ("elb.alb.hour", "alb"),
        "logs_gb": ("cloudwatch.logs.storage", "log_storage"),
        "s3_get": ("s3.get", "s3_get"),
        "rds_db.t4g.micro_hours": ("rds.postgres.db.t4g.micro.single_az", "rds"),
        "ipv4_hours": ("vpc.public_ipv4", "ipv4"),
        "fargate_vcpu_hours": ("fargate.linux.x86.vcpu", "vcpu"),
        "fargate_gb_hours": ("fargate.linux.x86.memory", "gb"),
        "rds_gp3_gb": ("rds.gp3.storage.single_az", "gp3"),
        "lcu_hours": ("elb.alb.lcu", "lcu"),
        "hosted_zones": ("route53.hosted_zone", "zone"),
        "ecr_gb": ("ecr.storage", "ecr"),
        "dynamodb_wru": ("dynamodb.wru", "wru"),
        "dynamodb_rru": ("dynamodb.rru", "rru"),
        "stepfunction_transitions": ("sfn.transitions", "transition"),
        "metrics": ("cloudwatch.metrics", "metric"),
        "alarms": ("cloudwatch.alarm.standard", "alarm"),
    }
    tasks = run_hours(case.get("fargate_runs"), case.get("minutes") * 60 + case.get("pull_seconds"))
    service = FargateService(
        name="runs",
        vcpu=case.get("vcpu", 0.25),
        memory_gib=case.get("memory_gb", 0.5),
        fixed_task_hours=tasks if case.has("fargate_runs") else ZERO,
        public_ipv4=True,
    )
    usage = MonthUsage(
        free_tier=case.has("logs_gb"),
        fargate=(service,),
        logs=(LogGroup(ingested_gib=case.get("logs_gb")),),
        buckets=(Bucket(gib=case.get("s3_gb"), put_requests=case.get("s3_put")),),
        metered=tuple(Metered(key=names[name][0], quantity=case.get(name)) for name in names if case.has(name)),
    )
    words = {key: Words((word,)) for key, word in names.values() if key in _keys(usage)}
    answer = case.answer(Part(usage, words))
    if not case.has("tax_rate"):
        return answer
    tax = to_cents(answer.total * case.get("tax_rate"))
    return Answer(answer.total + tax, {**answer.lines, "tax": tax})


def _keys(usage: MonthUsage) -> set[str]:
    return {item.key for item in usage.metered}


def _laboratory(case: Case) -> Answer:
    """A small set-up that runs for some hours: whole hours of load balancer and NAT, the rest pro rata."""
    month = case.get("month_hours", HOURS)
    words = {
        "nat.hour": Words(("nat",)),
        "elb.alb.hour": Words(("alb",)),
        "vpc.public_ipv4": Words(("ipv4",)),
        "ec2.linux.t3.micro": Words(("t3.micro",)),
        "ebs.gp3.storage": Words(("gp3",)),
        "ebs.snapshot": Words(("snapshot",)),
    }

    def part(hours: Decimal, label: str) -> Part:
        node = NodeGroup(name="node", instance_type="t3.micro", fixed_node_hours=case.get("t3.micro") * hours, disks=())
        usage = MonthUsage(
            hours_per_month=hours,
            nodes=(node,),
            nat=(NatGateway(count=int(case.get("nat"))),),
            load_balancers=(LoadBalancer(name="balancer"),) if case.get("alb") else (),
            metered=(
                Metered(key="ebs.gp3.storage", quantity=case.get("gp3_gb") * hours / month),
                Metered(key="vpc.public_ipv4", quantity=case.get("ipv4") * hours),
                Metered(key="ebs.snapshot", quantity=case.get("snapshot_gb") * hours / month),
            ),
        )
        return Part(usage, words, None, label)

    if not case.has("hours_long"):
        return case.answer(part(case.get("hours", 1), "run"))
    return case.answer(part(case.get("hours_short"), "short run"), part(case.get("hours_long"), "long run"))


RULES: Mapping[str, Callable[[Case], Answer]] = {
    "AWSFargate": _fargate,
    "SavingsPlans": _savings_plans,
    "AmazonRDS": _rds,
    "several": _several,
}

"""Tasks, instances, clusters, functions and their disks."""

from decimal import Decimal
from typing import Literal

from novamodel.cost.usage.base import ZERO, Amount, Count, Name, Purchase, Thing


class FargateService(Thing):
    """Tasks (ECS) or pods (EKS) of one size. `meters.task_hours` makes the hours from a replica curve,
    `meters.run_hours` from short runs; `fargate.fargate_pod_size` makes the size from a pod's requests.

    `vcpu`, `memory_gib`: a size that Fargate sells. `fixed_task_hours`: task-hours of the replicas that
    always run. `use_task_hours`: task-hours above them, driven by use. `surge_task_hours`: task-hours beyond the wanted
    number while a rolling update or another operation is under way, whatever the traffic. `spot_share`: share of all
    these hours on Fargate Spot (ECS only). `ephemeral_gib`: disk a task (20 are free). `public_ipv4`: each task has an
    address of its own. `os`: Windows pays a licence a vCPU.
    """

    name: Name
    vcpu: Amount
    memory_gib: Amount
    fixed_task_hours: Amount = ZERO
    use_task_hours: Amount = ZERO
    surge_task_hours: Amount = ZERO
    arch: Literal["x86", "arm64"] = "x86"
    os: Literal["linux", "windows"] = "linux"
    spot_share: Amount = ZERO
    ephemeral_gib: Amount = Decimal(20)
    public_ipv4: bool = False


class Volume(Thing):
    """EBS volumes of one kind, all alike; `gib`, `iops` and `throughput_mibps` are of each.

    `iops`, `throughput_mibps`: provisioned; None takes what gp3 includes (3,000 and 125), and is an error for io1 and
    io2. Requests to magnetic volumes are `ebs.magnetic.io`, metered.
    """

    name: Name
    kind: Literal["gp2", "gp3", "io1", "io2", "st1", "sc1", "magnetic"] = "gp3"
    gib: Amount
    count: Count = 1
    iops: Amount | None = None
    throughput_mibps: Amount | None = None


class NodeGroup(Thing):
    """EC2 instances of one type: EKS nodes, ECS on EC2, an autoscaling group, or a plain server.

    `fixed_node_hours`, `use_node_hours`, `surge_node_hours`: as of a Fargate service (`nodes.nodes_for_pods` gives
    the counts). `spot_share`: share of all these hours on Spot, at the book's indicative price.
    `disks`: volumes of each instance (their `count` is for each); None is one gp3 of 20 GiB, the default of an EKS
    managed node group. `cpu_credit_hours`: vCPU-hours of surplus credits of T instances in unlimited mode, *use*.
    `detailed_monitoring`: 7 metrics an instance at a minute's resolution. `public_ipv4`: each has an address.
    `disk_hours`: hours of the disks where they stay while instances are stopped. `ebs_optimized`: types of earlier
    generations pay for it. `purchase`: reserved instances are paid every hour of the month, whatever runs.
    """

    name: Name
    instance_type: Name
    fixed_node_hours: Amount = ZERO
    use_node_hours: Amount = ZERO
    surge_node_hours: Amount = ZERO
    os: Literal["linux", "windows"] = "linux"
    tenancy: Literal["shared", "dedicated"] = "shared"
    purchase: Purchase = "on_demand"
    ebs_optimized: bool = False
    disk_hours: Amount | None = None
    spot_share: Amount = ZERO
    disks: tuple[Volume, ...] | None = None
    cpu_credit_hours: Amount = ZERO
    detailed_monitoring: bool = False
    public_ipv4: bool = False


class EksCluster(Thing):
    """An EKS control plane. `version`: decides at the usage's date whether extended support is charged; None takes
    standard support. `extended`: says it outright, whatever the version.
    """

    name: Name
    version: str | None = None
    extended: bool | None = None

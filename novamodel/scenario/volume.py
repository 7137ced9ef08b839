"""Storage operations a second: of the volume, and of the instance that it hangs on.

Amazon RDS User Guide, gp3 storage (the volume's figures stand in ``data/machines.json``), and Amazon EBS-optimized
instances: the smaller of both holds. A throughput limit is one of operations, too, once their size is known; an
instance may go over its baseline for at least 30 minutes in 24 hours.
"""

from __future__ import annotations

from typing import NamedTuple

from novamodel.scenario.fields import Factor, Part, PositiveCount, given

PAGE_KIB = 8
"""PostgreSQL reads and writes pages of 8 KiB."""
MB, MIB, KIB = 1e6, 1024.0**2, 1024.0


R6G_LARGE = "documented: Amazon EC2, r6g.large (with an instance_class: what that one has)"


class InstanceLimits(NamedTuple):
    """What an instance lets through to its volumes; throughput in MB/s (10^6 bytes)."""

    baseline_iops: float
    most_iops: float
    baseline_mb_s: float
    most_mb_s: float


class Operations(NamedTuple):
    """Operations a second: of the volume alone, for good, and while the instance may burst."""

    volume: float
    sustained: float
    burst: float


def operations_a_second(io_kib: float, iops: float, throughput_mib_s: float, instance: InstanceLimits | None = None
                        ) -> Operations:  # fmt: skip
    """The limit for operations of one size (KiB) on a volume, and with its instance."""
    size = io_kib * KIB
    volume = min(iops, throughput_mib_s * MIB / size)
    if instance is None:
        return Operations(volume, volume, volume)
    sustained = min(volume, instance.baseline_iops, instance.baseline_mb_s * MB / size)
    return Operations(volume, sustained, min(volume, instance.most_iops, instance.most_mb_s * MB / size))


class InstanceStorage(Part):
    """What an instance lets through to its volume (EBS-optimised instances)."""

    baseline_iops: PositiveCount = given(3600, "operations a second, for good", R6G_LARGE)
    most_iops: PositiveCount = given(20000, "the same while it bursts", R6G_LARGE)
    baseline_mb_s: Factor = given(78.75, "throughput for good, MB/s", R6G_LARGE)
    most_mb_s: Factor = given(593.75, "the same while it bursts, MB/s", R6G_LARGE)
    bursts: bool = given(False, "whether a run sees the burst (30 min in 24 h) or what lasts", "assumed: what lasts")

    def operations(self, iops: float, throughput_mib_s: float) -> float:
        """Operations a second of one page, of a volume and this instance together."""
        limits = InstanceLimits(self.baseline_iops, self.most_iops, self.baseline_mb_s, self.most_mb_s)
        found = operations_a_second(PAGE_KIB, iops, throughput_mib_s, limits)
        return found.burst if self.bursts else found.sustained

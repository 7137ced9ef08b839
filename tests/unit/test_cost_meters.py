"""Billed quantities: Fargate sizes, nodes, capacity units, volumes, backups."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from novamodel.cost.meters import (
    backup_stored_gib,
    billed_backup_gib,
    billed_ephemeral_gib,
    billed_task_seconds,
    capacity_unit_hours,
    capacity_units,
    cross_az_billed_gib,
    enhanced_monitoring_gib,
    full_hours,
    gib_months,
    rule_evaluations_per_s,
    stored_log_gib,
    task_hours,
)
from novamodel.cost.nodes import PodRequest, instance_allocatable, nodes_for_pods
from novamodel.cost.provisioned import BASELINE, STRIPED, Performance, excess, rds_gp3_included
from novamodel.cost.usage import LoadBalancer
from novamodel.errors import UserError
from novamodel.scenario import node_allocatable
from novamodel.scenario.fargate import fargate_pod_size, fargate_sizes, require_fargate_size


def test_the_list_of_fargate_sizes() -> None:
    by_vcpu: dict[float, list[float]] = {}
    for size in fargate_sizes():
        by_vcpu.setdefault(size.vcpu, []).append(size.memory_gib)
    assert by_vcpu[0.25] == [0.5, 1, 2]
    assert by_vcpu[0.5] == [1, 2, 3, 4]
    assert (by_vcpu[1][0], by_vcpu[1][-1], len(by_vcpu[1])) == (2, 8, 7)
    assert (by_vcpu[4][0], by_vcpu[4][-1], len(by_vcpu[4])) == (8, 30, 23)
    assert by_vcpu[8][:2] == [16, 20]
    assert by_vcpu[16][-1] == 120
    assert by_vcpu[32] == [60, 120, 244]


@pytest.mark.parametrize("size", fargate_sizes(), ids=str)
def test_every_listed_size_is_valid(size: tuple[float, float]) -> None:
    assert require_fargate_size(*size) == size


@pytest.mark.parametrize(("vcpu", "gib"), [(0.5, 8), (0.3, 1), (8, 17), (64, 128), (0, 1), (float("nan"), 1), (-1, 2)])
def test_an_impossible_size_names_what_would_be_valid(vcpu: float, gib: float) -> None:
    with pytest.raises(UserError, match="Fargate has no task") as caught:
        require_fargate_size(vcpu, gib, path="services.core-api")
    assert "services.core-api" in str(caught.value)
    assert "valid" in str(caught.value)


def test_the_nearest_sizes_are_named() -> None:
    with pytest.raises(UserError, match=r"0\.5 vCPU / 4 GiB, 1 vCPU / 8 GiB"):
        require_fargate_size(0.5, 8)


@pytest.mark.parametrize(
    ("cpu", "gib", "expected"),
    [
        (0.25, 0.25, (0.25, 0.5)),
        (0.25, 0.5, (0.25, 1)),
        (0.25, 1.9, (0.5, 3)),
        (0.26, 0.1, (0.5, 1)),
        (0, 0, (0.25, 0.5)),
        (1, 8, (2, 9)),
    ],
)
def test_pods_are_rounded_up_after_the_overhead(cpu: float, gib: float, expected: tuple[float, float]) -> None:
    assert fargate_pod_size(cpu, gib) == expected


@given(st.floats(0, 16), st.floats(0, 100))
def test_a_pod_fits_its_size(cpu: float, gib: float) -> None:
    size = fargate_pod_size(cpu, gib)
    assert size in fargate_sizes()
    assert size.vcpu >= cpu - 1e-9
    assert size.memory_gib >= gib + 0.25 - 1e-9


def test_a_pod_too_large_for_fargate() -> None:
    with pytest.raises(UserError, match="no Fargate size holds"):
        fargate_pod_size(17, 1)


def test_a_node_keeps_room_for_itself() -> None:
    # 2 cores: 60m + 10m reserved; 29 pods: 574 MiB reserved, 100 MiB eviction.
    room = node_allocatable(2, 8, 29)
    assert room.cpu == pytest.approx(1.93)
    assert room.memory_gib == pytest.approx(8 * 0.925 - 674 / 1024)
    assert node_allocatable(8, 32, 58).cpu == pytest.approx(8 - 0.06 - 0.01 - 0.01 - 0.01)
    assert node_allocatable(1, 0.5, 4).memory_gib < 0.5


def test_pods_are_packed_by_cpu_memory_and_count() -> None:
    room = instance_allocatable("m6g.large")
    assert nodes_for_pods([], room) == 0
    assert nodes_for_pods([PodRequest(0.25, 0.25)] * 7, room) == 1  # 1.75 of 1.78 cores
    assert nodes_for_pods([PodRequest(0.25, 0.25)] * 8, room) == 2
    assert nodes_for_pods([PodRequest(0.1, 3.0)] * 5, room) == 3  # two by memory
    assert nodes_for_pods([PodRequest(0.0, 0.0)] * (room.pods + 1), room) == 2  # by number
    with pytest.raises(UserError, match="fits no node"):
        nodes_for_pods([PodRequest(2, 1)], room)


@given(st.lists(st.tuples(st.floats(0, 1.7), st.floats(0, 6)), max_size=30))
def test_nodes_are_neither_too_few_nor_wasteful(pods: list[tuple[float, float]]) -> None:
    room = instance_allocatable("m6g.large")
    requests = [PodRequest(*pod) for pod in pods]
    count = nodes_for_pods(requests, room)
    bound = max(sum(cpu for cpu, _ in pods) / room.cpu, sum(gib for _, gib in pods) / room.memory_gib)
    assert bound - 1e-6 <= count <= len(pods)
    assert nodes_for_pods(list(reversed(requests)), room) == count


def test_task_hours_split_into_floor_and_use() -> None:
    assert task_hours([3, 3, 6, 12], 730, minimum=3) == (2190, 2190)
    assert task_hours([3, 5], 730) == (2190, 730)
    assert task_hours([2, 2], 100, minimum=3) == (200, 0)  # no more than ran
    assert task_hours([], 730) == (0, 0)


def test_minimum_times_and_free_disk() -> None:
    assert billed_task_seconds(10) == 60
    assert billed_task_seconds(10, "windows") == 300
    assert billed_task_seconds(61.5) == Decimal("61.5")
    assert billed_ephemeral_gib(20) == 0
    assert billed_ephemeral_gib(30) == 10
    assert full_hours(1.5) == 2
    assert full_hours(730.0) == 730


def test_capacity_units_take_the_largest_dimension() -> None:
    assert capacity_units(100, 18_000, 0) == 6
    assert capacity_units(100, 0, 0) == 4
    assert capacity_units(0, 0, 7.5) == 7.5
    assert capacity_units(0, 0, 0, rule_evaluations_per_s(500, 14)) == 2
    assert rule_evaluations_per_s(500, 10) == 0
    assert capacity_units(1600, 0, 0, kind="nlb") == 2


def test_a_peaky_day_costs_more_than_its_mean() -> None:
    peaky = LoadBalancer(
        name="a", new_connections_per_s=[0] * 18 + [100] * 6, processed_gib_per_hour=[2] * 18 + [0] * 6
    )
    flat = LoadBalancer(name="b", new_connections_per_s=[25], processed_gib_per_hour=[1.5])
    assert capacity_unit_hours(flat, 730) == Decimal("1.5") * 730
    assert capacity_unit_hours(peaky, 720) == (18 * 2 + 6 * 4) * 30


def test_profiles_of_different_length_are_refused() -> None:
    with pytest.raises(ValidationError, match="profiles"):
        LoadBalancer(name="a", new_connections_per_s=[1] * 24, active_connections=[1] * 730)
    with pytest.raises(ValidationError, match="profiles"):
        LoadBalancer(name="a", new_connections_per_s=[])


def test_gp3_includes_more_from_400_gib() -> None:
    assert rds_gp3_included(Decimal(399)) == BASELINE == (3000, 125)
    assert rds_gp3_included(Decimal(400)) == STRIPED == (12000, 500)
    assert rds_gp3_included(Decimal(250), "oracle-se2") == STRIPED
    assert rds_gp3_included(Decimal(5000), "sqlserver-se") == BASELINE
    assert excess(Decimal(15000), Decimal(400), STRIPED) == Performance(Decimal(3000), Decimal(0))
    assert excess(None, None, STRIPED) == (0, 0)


def test_backups_above_the_allowance_of_the_region() -> None:
    assert billed_backup_gib([80, 30], [50, 50]) == 10
    assert billed_backup_gib([80], [100]) == 0
    assert backup_stored_gib(60, 5, 30) == 60 + 5 * 29
    assert backup_stored_gib(60, 5, 0) == 0


def test_small_meters() -> None:
    assert cross_az_billed_gib(100) == 200
    assert stored_log_gib(30, 0.2) == 6
    assert enhanced_monitoring_gib(60) == Decimal("0.2")
    assert enhanced_monitoring_gib(15) == Decimal("0.8")
    assert enhanced_monitoring_gib(0) == 0
    assert round(gib_months([(4, 744), (5, 384)], 744), 4) == Decimal("6.5806")

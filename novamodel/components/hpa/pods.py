"""Which pods a metric counts, and what each pod requests.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go (groupPods,
calculateRequests). The newest version also ignores Succeeded pods; a Deployment never has any.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from novamodel.components.hpa.types import ControllerSettings, NoAnswer, PodState, Sample, elapsed_s


class PodGroups(NamedTuple):
    """The pods sorted for one metric: how many count, and the names of the others by group."""

    counted: int
    unready: tuple[str, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


class ContainerRequest(NamedTuple):
    """One container's request of the resource at hand; None where it has none."""

    name: str
    request: int | None


def group_pods(
    pods: Sequence[PodState],
    samples: Mapping[str, Sample],
    resource: str,
    settings: ControllerSettings,
    now: float,
) -> PodGroups:
    """Sort the pods for a metric of `resource` ("cpu", "memory", or "" for a custom metric).

    First match wins: terminating or Failed are ignored, Pending are unready, without a sample missing;
    for CPU only, a sample that may still show the start-up is unready; the rest counts.
    """
    counted = 0
    unready: list[str] = []
    missing: list[str] = []
    ignored: list[str] = []
    for pod in pods:
        if pod.terminating or pod.phase == "Failed":
            ignored.append(pod.name)
        elif pod.phase == "Pending":
            unready.append(pod.name)
        elif pod.name not in samples:
            missing.append(pod.name)
        elif resource == "cpu" and not cpu_sample_is_trusted(pod, samples[pod.name], settings, now):
            unready.append(pod.name)
        else:
            counted += 1
    return PodGroups(counted, tuple(unready), tuple(missing), tuple(ignored))


def cpu_sample_is_trusted(pod: PodState, sample: Sample, settings: ControllerSettings, now: float) -> bool:
    """Whether a CPU sample shows normal work and not the pod's start.

    A young pod must be ready, with the sample's whole window after it became so; an older one is
    distrusted only if it is unready and never was ready beyond the initial delay.
    """
    if pod.ready is None or pod.start_s is None:
        return False
    if elapsed_s(pod.start_s, now) < settings.cpu_initialization_period_s:
        return pod.ready and not elapsed_s(pod.ready_changed_s, sample.time_s) < sample.window_s
    never_ready = elapsed_s(pod.start_s, pod.ready_changed_s) < settings.initial_readiness_delay_s
    return pod.ready or not never_ready


def ready_and_running(pods: Sequence[PodState]) -> int:
    """Pods that Object and External metrics multiply by: Running and Ready, terminating or not."""
    return sum(1 for pod in pods if pod.phase == "Running" and pod.ready is True)


def pod_request(
    pod_name: str,
    resource: str,
    containers: Sequence[ContainerRequest],
    *,
    container: str | None = None,
    pod_level_request: int | None = None,
) -> int:
    """The request of one pod: of the named container, else the pod-level one, else the containers' sum.

    Give `containers` in the pod's order, then its init containers; of those only sidecars count, so
    leave the plain ones out. Raises `NoAnswer` where a container that counts has no request.
    """
    if container is None and pod_level_request is not None:
        return pod_level_request
    chosen = [item for item in containers if container is None or item.name == container]
    if container is not None and not chosen:
        raise NoAnswer(f"container {container} not found in Pod {pod_name}")
    total = 0
    for item in chosen:
        if item.request is None:
            raise NoAnswer(f"missing request for {resource} in container {item.name} of Pod {pod_name}")
        total += item.request
    return total


def checked_requests(pods: Sequence[PodState], requests: Mapping[str, int | None], resource: str) -> dict[str, int]:
    """Requests of all matched pods, ignored ones too; one missing request spoils the metric (`NoAnswer`)."""
    checked: dict[str, int] = {}
    for pod in pods:
        request = requests.get(pod.name)
        if request is None:
            raise NoAnswer(f"missing request for {resource} in Pod {pod.name}")
        checked[pod.name] = request
    return checked

"""A Dask cluster as an executor. Needs `distributed` here and the same novamodel on every worker (docs/dask.md)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from novamodel.batch.processes import Processes
from novamodel.batch.version import code_version
from novamodel.batch.work import prepare
from novamodel.errors import UserError

CONNECT_S = 15
DOCS = "see docs/dask.md: the same novamodel has to be installed on every worker"
_OWN = threading.local()


def connected(address: str, time_limit_s: float, blob: bytes, code: str) -> tuple[Executor, int]:
    """An executor over the cluster at an address such as ``tcp://scheduler:8786``, and its number of threads."""
    try:
        from distributed import Client
    except ImportError:
        raise UserError("--dask needs the package distributed", valid="pip install 'novamodel[dask]'") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as problem:
        valid = "the scheduler's address, such as tcp://10.0.0.5:8786"
        raise UserError(f"no Dask scheduler answers at {address}: {problem}", valid=valid) from None
    try:
        _same_code(client, code)
        threads = sum(client.nthreads().values())
        if not threads:
            raise UserError(f"the Dask cluster at {address} has no workers", valid="dask worker ADDRESS")
    except BaseException:
        client.close()
        raise
    return _Cluster(client, time_limit_s, blob), threads


def _same_code(client: Any, code: str) -> None:
    """Results are the same only where the code is."""
    try:
        versions = client.run(code_version)
    except Exception as problem:
        raise UserError(
            f"the Dask workers cannot run novamodel: {type(problem).__name__}: {problem}", valid=DOCS
        ) from None
    for worker, version in versions.items():
        if version != code:
            raise UserError(f"the Dask worker {worker} has another version of novamodel's code", valid=DOCS)


class _Cluster(Executor):
    """Jobs as Dask tasks; each thread of a worker keeps one process, so that time limits and crashes are as at home."""

    def __init__(self, client: Any, time_limit_s: float, blob: bytes) -> None:
        self.client, self.time_limit_s, self.blob = client, time_limit_s, blob
        self.executor = client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a job to the cluster."""
        future: Future[Any] = self.executor.submit(in_process, self.time_limit_s, self.blob, function, args)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the cluster go; it stays up."""
        self.executor.shutdown(wait=wait and not cancel_futures)
        self.client.close()


def in_process(time_limit_s: float, blob: bytes, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """On a Dask worker: run a job in this thread's own process."""
    wanted = (time_limit_s, hash(blob))
    if getattr(_OWN, "wanted", None) != wanted:
        if hasattr(_OWN, "processes"):
            _OWN.processes.shutdown(cancel_futures=True)
        _OWN.processes = Processes(1, time_limit_s=time_limit_s, prepare=prepare, arguments=(blob,))
        _OWN.wanted = wanted
    return _OWN.processes.submit(function, *arguments).result()

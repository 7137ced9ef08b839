"""A Deployment of one container, and a folder of files imported, for tests of Kubernetes manifests."""

from pathlib import Path

from novamodel.importers import ImportReport
from novamodel.loading import import_folder

POD = """  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: shop:1
          resources: {requests: {cpu: 200m, memory: 256Mi}, limits: {cpu: "1", memory: 512Mi}}
"""


def workload(kind: str = "Deployment", version: str = "apps/v1", more: str = "") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: shop}}\nspec:\n  replicas: 3\n{more}{POD}"


def read(folder: Path, files: dict[str, str]) -> ImportReport:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return import_folder(folder)

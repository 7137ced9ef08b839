"""Deploy workflows (GitHub Actions): what each job needs and is not given, and what is rolled out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novamodel.audit.form import NotChecked, Place, fault, open_question
from novamodel.audit.seen import Seen
from novamodel.importers.aws.tasks import SERVICE
from novamodel.importers.names import image_name
from novamodel.importers.node import Node
from novamodel.scenario import Finding

_ENDED = {"node": {"10", "12", "14", "16", "18"}, "python": {"2.7", "3.6", "3.7", "3.8"}}
"""Without security fixes since April 2025 or before (nodejs.org/en/about/previous-releases, devguide.python.org)."""
_OLD_ACTIONS = {
    "actions/checkout": 3, "actions/setup-node": 3, "actions/setup-python": 4, "actions/setup-java": 3,
    "actions/setup-go": 4, "actions/cache": 3, "actions/upload-artifact": 3, "actions/download-artifact": 3,
    "aws-actions/configure-aws-credentials": 3, "aws-actions/amazon-ecr-login": 1, "docker/login-action": 2,
    "docker/build-push-action": 4, "docker/setup-buildx-action": 2,
}  # fmt: skip
"""The newest major version of each action that declares node16 or older in its action.yml."""
_AWAITED = r"rollout status|kubectl wait|--wait\b|skaffold|wait-for"
_CLUSTER = ("aws_ecs_cluster", "module")


def find(seen: Seen) -> Iterator[Finding | NotChecked]:
    """Every fault of workflows."""
    documents = seen.sources.found.all("workflow")
    for document in documents:
        for _, job in document["jobs"].entries():
            yield from _services(job)
            yield from _credentials(document, job)
            yield from _versions(job)
            yield from _actions(job)
        yield from _rollouts(document, seen)
    yield from _images(documents, seen)


def _runs(document: Node) -> list[Node]:
    return [step["run"] for _, job in document["jobs"].entries() for step in job["steps"] if step["run"]]


def _environment(*places: Node) -> list[tuple[str, Node]]:
    return [pair for place in places for pair in place["env"].entries()]


def _services(job: Node) -> Iterator[Finding]:
    """Containers beside a job: reached by localhost only through a published port; a database that is not there."""
    steps = [pair for step in job["steps"] for pair in _environment(step)]
    for name, service in job["services"].entries():
        image = image_name(service["image"].text).rpartition("/")[2]
        port = {"postgres": "5432", "postgis": "5432", "redis": "6379", "mysql": "3306", "mongo": "27017"}.get(image)
        for _, value in [*_environment(job), *steps]:
            asked = re.search(r"://[^/\s]*@?(localhost|127\.0\.0\.1):(\d+)(?:/(\w+))?", value.text)
            if port is None or asked is None or not value.text.startswith(_scheme(image)):
                continue
            published = any(one.text for one in service["ports"])
            if not job["container"] and not published and asked[2] == port:
                message = f"the job asks {asked[1]}:{port}, and service {name} publishes no port: connection refused"
                yield fault("job-service-port", value, message, f"add to service {name}: ports: ['{port}:{port}']")
            given = service["env"]
            if image in ("postgres", "postgis") and asked[3]:
                made = given["POSTGRES_DB"].text or given["POSTGRES_USER"].text or "postgres"
                creates = any(
                    re.search(r"createdb|create database|prisma|migrate", run.text, re.I) for run in _steps(job)
                )
                if asked[3] not in (made, "postgres", "template1") and "$" not in made and not creates:
                    message = (
                        f"the job asks for database {asked[3]}, and service {name} makes {made}: it does not exist"
                    )
                    yield fault("job-database-missing", value, message, f"set POSTGRES_DB: {asked[3]}")


def _scheme(image: str) -> tuple[str, ...]:
    return {"redis": ("redis://",), "mysql": ("mysql://",), "mongo": ("mongodb://",)}.get(image, ("postgres",))


def _steps(job: Node) -> list[Node]:
    return [step["run"] for step in job["steps"] if step["run"]]


def _credentials(document: Node, job: Node) -> Iterator[Finding]:
    """Every job runs on a machine of its own: what another job has signed in to is not there."""
    signed = any("configure-aws-credentials" in step["uses"].text for step in job["steps"])
    hosted = re.match(r"(ubuntu|macos|windows)-", job["runs-on"].text) and not job["container"]
    names = {name for name, _ in _environment(document, job)}
    for step in job["steps"]:
        run = step["run"]
        asks = re.search(r"(^|[\s;&|(])aws\s+(?!--version|configure)[a-z0-9-]+\s", run.text)
        own = names | {name for name, _ in _environment(step)}
        given = own & {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}
        if asks and hosted and not signed and not given and "AWS_ACCESS_KEY_ID" not in run.text:
            uses = [one["uses"].text for one in job["steps"] if one["uses"]]
            if any(not re.match(r"actions/|docker/|aws-actions/", one) for one in uses):
                continue  # an action that is not known may sign in
            message = (
                "this job calls aws and never signs in: each job has a machine of its own, credentials are missing"
            )
            yield fault(
                "job-without-credentials", run, message, "add aws-actions/configure-aws-credentials to this job"
            )
            break
    for step in job["steps"]:
        key = step.at("with", "aws-access-key-id")
        if "configure-aws-credentials" in step["uses"].text and key:
            message = "the workflow signs in with a key that never ends"
            yield fault("long-lived-key", key, message, "take role-to-assume with permissions: id-token: write (OIDC)")


def _versions(job: Node) -> Iterator[Finding]:
    for step in job["steps"]:
        for what, ended in _ENDED.items():
            place = step.at("with", f"{what}-version")
            version = place.text.removeprefix("v").removesuffix(".x")
            short = version.split(".")[0] if what == "node" else version
            if short in ended:
                message = f"{what} {place.text} gets no security fixes any more"
                yield fault("runtime-ended", place, message, "take a version that is maintained")


def _actions(job: Node) -> Iterator[Finding]:
    """Versions of actions that run on a Node.js without support."""
    for step in job["steps"]:
        name, _, version = step["uses"].text.partition("@")
        number = re.match(r"v?(\d+)(\.|$)", version)
        if number and int(number[1]) <= _OLD_ACTIONS.get(name, -1):
            message = f"{step['uses'].text} runs on a Node.js that has ended"
            yield fault("action-ended", step["uses"], message, f"take {name}@v{_OLD_ACTIONS[name] + 1} or newer")


def _rollouts(document: Node, seen: Seen) -> Iterator[Finding | NotChecked]:
    estate, runs = seen.sources.estate, _runs(document)
    text = "\n".join(run.text for run in runs)
    families = {task.raw_name for task in seen.sources.workloads["ecs"]}
    services = {one.text("name") for one in estate.of(SERVICE)}
    asked = [
        (name, line, run)
        for run in runs
        for line, words in _lines(run)
        for name in re.findall(r"ecs update-service\b.*?--service[= ]\s*([\w.-]+)", words)
    ]
    tries = re.search(r"\b(kind create|minikube|k3d|k3s)\b|helm/kind-action|setup-minikube", seen.text(document.file))
    evident = any(name in families for name, *_ in asked)
    for name, place, _ in asked:
        if name in families | services or not families:
            continue
        if not evident or any(not one.text("name") for one in estate.of(SERVICE)):
            yield open_question("deploys-unknown-service", place, f"which task definition service {name} runs")
            continue
        message = f"the workflow rolls out ECS service {name}, for which there is no task definition"
        yield fault("deploys-unknown-service", place, message, "add its task definition and service")
    for run in runs:
        rolls = "ecs update-service" in run.text
        if "--force-new-deployment" in run.text and ":latest" in text:
            message = "a rollout takes whatever :latest is at that moment: it cannot be repeated or rolled back"
            yield fault("rollout-by-latest", run, message, "register a task definition with the image's commit")
        if rolls and "services-stable" not in text:
            message = "nobody waits for the rollout: the workflow is green though the new tasks never start"
            fix = "aws ecs wait services-stable, and a deployment circuit breaker with rollback"
            yield fault("rollout-not-awaited", run, message, fix)
        if re.search(r"kubectl\s+(apply|set image)", run.text) and not re.search(_AWAITED, text) and not tries:
            message = "nobody waits for the rollout: the workflow is green though the new pods never start"
            yield fault("rollout-not-awaited", run, message, "kubectl rollout status --timeout=...")
    for run in runs:
        for name in dict.fromkeys(re.findall(r"ecs update-service\b.*?--cluster[= ]\s*([\w.-]+)", run.text)):
            if estate.resources and not estate.of(*_CLUSTER):
                message = f"no file of this folder makes ECS cluster {name}: it has to be there before"
                yield fault("made-elsewhere", run, message, "declare an aws_ecs_cluster, or write down who makes it")
    pushed = (
        document["on"]["push"] or document["true"]["push"] or "push" in (document["on"].text, document["true"].text)
    )
    if (asked or "kubectl apply" in text) and pushed and not tries and not _alone(document):
        message = "two pushes roll out at the same time, and the older one may end last"
        yield fault("rollouts-overlap", document["jobs"], message, "add concurrency: to the workflow")


def _alone(document: Node) -> bool:
    return bool(document["concurrency"]) or any(job["concurrency"] for _, job in document["jobs"].entries())


def _lines(run: Node) -> Iterator[tuple[Place, str]]:
    """Each command of a step at its own line; a block's text begins on the line below its key."""
    lines = run.text.replace("\\\n", " \\\n").split("\n")
    first = run.line + (1 if len(lines) > 1 else 0)
    whole, start = "", first
    for number, line in enumerate(lines, first):
        start = start if whole else number
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1]
            continue
        yield Place(run.file, start), whole
        whole = ""


def _images(documents: list[Node], seen: Seen) -> Iterator[Finding]:
    """Manifests that run an image which the workflow pushes under another name."""
    for document in documents:
        text = "\n".join(run.text for run in _runs(document))
        repositories = set(re.findall(r"[\w.-]+", " ".join(_repositories(document))))
        for workload in seen.sources.workloads["eks"]:
            image = image_name(workload.image)
            alike = any(name.endswith(image.rpartition("/")[2]) for name in repositories)
            if image and alike and image not in repositories and not re.search(r"kubectl|helm|kustomize|argocd", text):
                message = f"{workload.raw_name} runs image {workload.image}, which the workflow never pushes; "
                fix = "push that image and apply the manifests in the workflow"
                yield fault("image-never-built", workload, f"{message}it rolls out to ECS only", fix)


def _repositories(document: Node) -> list[str]:
    return [
        value.text
        for _, job in document["jobs"].entries()
        for step in job["steps"]
        for key, value in step["env"].entries()
        if "REPOSITORY" in key.upper()
    ]

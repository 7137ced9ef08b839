"""Compose projects as Compose itself makes them, and the graph that their services are."""

from pathlib import Path

import pytest

from novamodel.loading import import_folder, scenario_from_folder
from novamodel.scenario import Scenario


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def calls(scenario: Scenario, service: str) -> set[str]:
    steps = [step for route in scenario.services[service].routes.values() for step in route]
    return {step.call.to.split(".")[0] for step in steps if step.call}


def test_override_extends_include_and_env(tmp_path: Path) -> None:
    write(
        tmp_path,
        compose__yaml="include: [infra/db.yaml]\nservices:\n  shop:\n    extends: {file: base.yaml, service: web}\n"
        "    image: shop:${TAG:-1}\n    environment: [A=1]\n",
        compose__override__yaml="services:\n  shop:\n    scale: ${COUNT}\n    environment: {DB_POOL_MAX: '9'}\n",
        base__yaml="services:\n  web: {mem_limit: 300m, cpus: 0.5, image: x}\n",
        infra___db__yaml="services:\n  db: {image: 'postgres:${PG}'}\n",
        docker_compose__yml="services: {other: {image: other}}\n",
        __env="COUNT=3\nPG=14\n",
    )
    (tmp_path / "docker_compose.yml").rename(tmp_path / "docker-compose.yml")
    report = import_folder(tmp_path)
    shop = report.tree.values["services"]["shop"]
    assert list(report.tree.values["services"]) == ["shop"]
    assert (shop["replicas"], shop["resources"]["memory_limit"], shop["pool"]) == (3, "300 MiB", {"max": 9})
    assert report.tree.origins["services.shop.resources.memory_limit"].file == "base.yaml"
    assert report.tree.origins["services.shop.pool.max"].file == "compose.override.yaml"
    assert report.tree.values["database"]["version"] == "14"
    assert any(row["file"] == "docker-compose.yml" and "is taken" in row["why"] for row in report.not_modelled)


def test_services_of_a_profile_are_named_and_left_out(tmp_path: Path) -> None:
    text = "services:\n  shop: {image: shop}\n  debug: {image: tool, profiles: [debug]}\n"
    report = import_folder(write(tmp_path, compose__yaml=text))
    assert list(report.tree.values["services"]) == ["shop"]
    assert any("debug" in row["what"] and "not on" in row["why"] for row in report.not_modelled)
    write(tmp_path, __env="COMPOSE_PROFILES=debug\n")
    assert list(import_folder(tmp_path).tree.values["services"]) == ["shop", "debug"]


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ("{STOCK_URL: 'http://stock:80'}", {"stock"}),
        ("{STOCK_HOST: stock}", {"stock"}),
        ("{STOCK_ADDR: 'stock:50051'}", {"stock"}),
        ("{PUBLIC_URL: 'http://stock:80'}", set()),
        ("{NAME: stock}", set()),
        ("{STOCK_URL: 'http://stock.example.com'}", set()),
    ],
)
def test_calls_follow_the_environment(tmp_path: Path, environment: str, asked: set[str]) -> None:
    text = "services:\n  web: {image: web, ports: ['80:80'], environment: " + environment + "}\n"
    text += "  mail: {image: mail, ports: ['81:80'], environment: {X_URL: 'http://web'}}\n"
    text += "  stock: {image: stock, ports: ['82:82']}\n"
    scenario = scenario_from_folder(write(tmp_path, compose__yaml=text))
    assert calls(scenario, "web") == asked


def test_entries_take_the_traffic_and_others_none(tmp_path: Path) -> None:
    text = """
services:
  web: {image: web, ports: ["80:80"], environment: {API_URL: "http://api"}}
  api: {image: api, ports: ["8080:8080"], environment: {DATABASE_URL: "postgres://db"}}
  seed: {image: api, command: npm run db:seed, restart: "no"}
  migrate: {image: api, command: npx prisma migrate deploy}
  locust: {image: locustio/locust, environment: {TARGET_HOST: "http://web"}}
  db: {image: "postgres:15"}
"""
    scenario = scenario_from_folder(write(tmp_path, compose__yaml=text))
    assert set(scenario.services) == {"web", "api"}
    asked = {scenario.service_of(route) for route in scenario.traffic.mix}
    assert asked == {"web"}
    assert calls(scenario, "web") == {"api"}
    assert not scenario.services["web"].all_pools
    assert scenario.services["api"].pool is not None


def test_a_worker_takes_messages_that_its_service_puts_in(tmp_path: Path) -> None:
    text = """
services:
  web: {image: shop, ports: ["80:80"], command: gunicorn app, environment: &stores {REDIS_URL: "redis://redis"}}
  worker: {image: shop, command: celery -A app worker -c 12, environment: *stores, depends_on: [db]}
  redis: {image: "redis:7"}
  db: {image: "postgres:15"}
"""
    scenario = scenario_from_folder(write(tmp_path, compose__yaml=text))
    (consumer,) = scenario.services["worker"].consumers.values()
    assert (consumer.queue, consumer.concurrency) == ("jobs", 12)
    put = {step.publish for route in scenario.services["web"].routes.values() for step in route if step.publish}
    assert put == {"jobs"}
    assert {scenario.service_of(route) for route in scenario.traffic.mix} == {"web"}


def test_services_that_ask_each_other_make_no_circle(tmp_path: Path) -> None:
    text = """services:
  a: {image: a, ports: ['80:80'],
      environment: {B_URL: 'http://b'}}
  b: {image: b, environment: {C_URL: 'http://c'}}
  c: {image: c, environment: {A_URL: 'http://a', B_URL: 'http://b'}}
"""
    scenario = scenario_from_folder(write(tmp_path, compose__yaml=text))
    assert (calls(scenario, "a"), calls(scenario, "b"), calls(scenario, "c")) == ({"b"}, {"c"}, set())
    steps = scenario.services["a"].routes["a-read"]
    number = next(number for number, step in enumerate(steps) if step.call)
    assert scenario.origin(f"services.a.routes.a-read.{number}.call.to").line == 3


def test_a_template_of_nginx_is_filled_in_and_site_files_are_included(tmp_path: Path) -> None:
    services = (
        "services:\n  proxy: {image: nginx, ports: ['80:80'], environment: {BACK: shop}}\n  shop: {image: shop}\n"
    )
    site = "server {\n  location / {\n    limit_req zone=z;\n    proxy_pass http://${BACK}:80;\n  }\n}\n"
    main = "events {}\nhttp {\n  limit_req_zone $binary_remote_addr zone=z:1m rate=7r/s;\n"
    main += "  limit_req_zone $binary_remote_addr zone=unused:1m rate=9r/s;\n  include /etc/nginx/conf.d/*.conf;\n}\n"
    write(tmp_path, compose__yaml=services, nginx___nginx__conf=main, nginx___conf__d___site__conf__template=site)
    report = import_folder(tmp_path)
    limit = report.tree.values["edge"]["limits"]["shop"]
    assert (limit["rate"], limit["zone"]) == ("7r/s", "z")
    assert report.tree.origins["edge.limits.shop.zone"].file == "nginx/conf.d/site.conf.template"
    assert any("unused" in row["what"] and row["line"] == 4 for row in report.not_modelled)


def test_another_platforms_files_say_who_asks_whom_where_the_manifests_do_not(tmp_path: Path) -> None:
    compose = """
services:
  shop: {image: shop, ports: ["80:80"], environment: {STOCK_URL: "http://stock", DATABASE_URL: "postgres://db"}}
  stock: {image: stock, environment: {DATABASE_URL: "mysql://items"}}
  db: {image: "postgres:15"}
  items: {image: "mysql:8"}
"""
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: NAME}\nspec:\n  template:\n"
        "    spec: {containers: [{name: NAME, image: NAME}]}\n---\n"
    )
    manifests = deployment.replace("NAME", "shop") + deployment.replace("NAME", "stock")
    report = import_folder(write(tmp_path, compose__yaml=compose, all__yaml=manifests))
    assert report.platform == "eks"
    assert set(report.system.calls) == {("shop", "stock")}
    users = {store.program: list(store.users) for store in report.system.databases.values()}
    assert users == {"postgres": ["shop"], "mysql": ["stock"]}
    assert scenario_from_folder(tmp_path).services["stock"].all_pools.keys() == {"mysql"}

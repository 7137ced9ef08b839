"""Pools and runtimes: what code, settings, variables and commands of each language say, and what has no place."""

from pathlib import Path
from typing import Any

import pytest

from novamodel.importers import ImportReport
from novamodel.loading import import_folder, scenario_from_folder

COMPOSE = """
services:
  shop: {build: shop, ports: ["80:80"], environment: {DATABASE_URL: "postgres://u@db/shop"}}
  db: {image: "postgres:16"}
"""


def imported(folder: Path, name: str, text: str, compose: str = COMPOSE) -> ImportReport:
    file = folder / "shop" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    (folder / "compose.yaml").write_text(compose, encoding="utf-8")
    return import_folder(folder)


HIKARI = {"max": 30, "min": 5, "connection_timeout": "2500 ms"}


@pytest.mark.parametrize(
    ("name", "text", "pool"),
    [
        ("db.js", "const p = new Pool({max: 12, idleTimeoutMillis: 30 * 1000});", {"max": 12, "idle_timeout": "30 s"}),
        ("db.ts", "const base = {max: 7};\nexport const p = new pg.Pool<X>({...base, maxUses: 50});",
         {"max": 7, "max_uses": 50}),
        ("db.ts", "new Pool({ max: parseInt(process.env.POOL || '8', 10) });", {"max": 8}),
        ("db.js", "new Sequelize(url, {dialect: 'postgres', pool: {max: 9, acquire: 3000, idle: 10000}})",
         {"max": 9, "connection_timeout": "3 s", "idle_timeout": "10 s"}),
        ("db.js", "new Sequelize(url, {dialect: 'postgres'})", {"max": 5}),
        ("knex.js", "knex({client: 'pg', pool: {min: 2, max: 14}})", {"min": 2, "max": 14}),
        ("data-source.ts", "new DataSource({type: 'postgres', extra: {max: 21}})", {"max": 21}),
        ("data-source.ts", "new DataSource({type: 'postgres', poolSize: 22})", {"max": 22}),
        ("db.js", "mysql.createPool({connectionLimit: 17, host: 'db'})", {"max": 17}),
        ("db.ts", "const sql = postgres(url, {max: 6, idle_timeout: 20})", {"max": 6, "idle_timeout": "20 s"}),
        ("app/db.py", "e = create_engine(URL, pool_size=8, max_overflow=4, pool_timeout=5)",
         {"max": 12, "min": 8, "connection_timeout": "5 s"}),
        ("app/db.py", "e = create_engine(URL)", {"max": 15, "connection_timeout": "30 s"}),
        ("app/db.py", "N = int(os.getenv('SIZE', '6'))\np = AsyncConnectionPool(url, min_size=1, max_size=N)",
         {"min": 1, "max": 6}),
        ("settings.py", "DATABASES = {'default': {'ENGINE': 'x.postgresql', 'OPTIONS': {'pool': {'max_size': 11}}}}",
         {"max": 11}),
        ("db.go", "func f() {\n\tdb.SetMaxOpenConns(25)\n\tdb.SetConnMaxLifetime(5 * time.Minute)\n}",
         {"max": 25, "max_lifetime": "300 s"}),
        ("config/database.yml", "default: &default\n  adapter: postgresql\n"
         "  pool: <%= ENV.fetch(\"RAILS_MAX_THREADS\") { 5 } %>\n"
         "production:\n  <<: *default\n", {"max": 5}),
        ("src/main/resources/application.yml", "spring:\n  datasource:\n    hikari:\n      maximum-pool-size: 30\n"
         "      minimum-idle: 5\n      connection-timeout: 2500\n", HIKARI),
        ("application.properties", "spring.datasource.hikari.maximum-pool-size=30\n"
         "spring.datasource.hikari.minimumIdle=5\n"
         "spring.datasource.hikari.connection-timeout=2500\n", HIKARI),
        ("Db.java", "c.setMaximumPoolSize(30); c.setMinimumIdle(5); c.setConnectionTimeout(2500L);", HIKARI),
    ],
)  # fmt: skip
def test_a_pool_is_read_whatever_the_language(tmp_path: Path, name: str, text: str, pool: dict[str, Any]) -> None:
    report = imported(tmp_path, name, text)
    assert report.tree.values["services"]["shop"]["pool"] == pool
    for key in pool:
        origin = report.tree.origins[f"services.shop.pool.{key}"]
        assert origin.file == f"shop/{name}"
        assert origin.kind in ("file", "documented")


def test_a_variable_that_is_set_wins_over_the_fallback_in_the_code(tmp_path: Path) -> None:
    compose = COMPOSE.replace("environment: {", 'environment: {POOL: "40", ')
    report = imported(tmp_path, "db.js", "new Pool({max: process.env.POOL || 8})", compose)
    assert report.tree.values["services"]["shop"]["pool"]["max"] == 40
    assert report.tree.origins["services.shop.pool.max"].file == "compose.yaml"


def test_options_that_are_not_resolved_are_named(tmp_path: Path) -> None:
    report = imported(tmp_path, "db.js", "import { config } from './config';\nnew Pool(config);\nnew Pool({max: f()});")
    rows = {(row["file"], row["line"]): f"{row['what']}: {row['why']}" for row in report.not_modelled}
    assert "options of the pool are in `config`" in rows["shop/db.js", 2]
    assert "known only when it runs" in rows["shop/db.js", 3]
    assert "max" not in report.tree.values["services"]["shop"]["pool"]


@pytest.mark.parametrize(
    ("name", "text", "runtime"),
    [
        ("Dockerfile", "FROM python:3.12\nCMD gunicorn -w 4 --threads 8 app:app\n",
         {"kind": "processes", "workers": 4, "threads": 8}),
        ("Dockerfile", "FROM python:3.12\nENV WEB_CONCURRENCY=3\nCMD gunicorn --threads=2 app:app\n",
         {"kind": "processes", "workers": 3, "threads": 2}),
        ("gunicorn.conf.py", "workers = 5\nbind = '0.0.0.0'\n", {"kind": "processes", "workers": 5}),
        ("config/puma.rb", "threads 2, 6\nworkers ENV.fetch('WEB_CONCURRENCY') { 3 }\n",
         {"kind": "processes", "workers": 3, "threads": 6, "lock_turn": "100 ms"}),
        ("www.conf", "[www]\npm = dynamic\npm.max_children = 25\n", {"kind": "processes", "workers": 25}),
        ("Dockerfile", 'FROM eclipse-temurin:21\nENV JAVA_OPTS="-Xmx512m"\nCMD ["java", "-jar", "a.jar"]\n',
         {"kind": "threads", "max_heap": "512 MiB"}),
        ("Dockerfile", "FROM eclipse-temurin:21\nCMD java -Xmx2g -jar a.jar\n",
         {"kind": "threads", "max_heap": "2 GiB"}),
        ("application.properties", "server.tomcat.threads.max=40\n", {"kind": "threads", "threads": 40}),
        ("Dockerfile", "FROM golang:1.22\nENV GOMAXPROCS=2\nCMD ./app\n", {"kind": "threads", "processors": 2}),
    ],
)  # fmt: skip
def test_processes_threads_and_heaps_become_the_runtime(
    tmp_path: Path, name: str, text: str, runtime: dict[str, Any]
) -> None:
    report = imported(tmp_path, name, text)
    values = report.tree.values["services"]["shop"]["runtime"]
    assert {key: values[key] for key in runtime} == runtime
    assert report.tree.origins["services.shop.runtime.kind"].file == f"shop/{name}"
    scenario = scenario_from_folder(tmp_path)
    assert scenario.services["shop"].runtime.kind == runtime["kind"]


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        (
            "FROM python:3.12\nCMD gunicorn -w 4 -k uvicorn.workers.UvicornWorker app:app\n",
            "gunicorn workers: 4",
            "loop",
        ),
        ("FROM python:3.12\nCMD uvicorn --workers 4 app:app\n", "uvicorn workers: 4", "not modelled"),
        ("FROM node:20\nENV WEB_CONCURRENCY=3\nCMD node a.js\n", "WEB_CONCURRENCY: 3", "not modelled"),
        ("FROM python:3.12\nENV GUNICORN_WORKERS=auto\nCMD x\n", "GUNICORN_WORKERS: auto", "not modelled"),
    ],
)
def test_what_says_too_little_is_listed(tmp_path: Path, text: str, what: str, why: str) -> None:
    report = imported(tmp_path, "Dockerfile", text)
    listed = {row["what"]: row["why"] for row in report.not_modelled if row["file"] == "shop/Dockerfile"}
    assert why in listed[what]
    assert "kind" not in report.tree.values["services"]["shop"].get("runtime", {})


def test_a_heap_and_threads_of_node_have_a_place(tmp_path: Path) -> None:
    report = imported(
        tmp_path, "Dockerfile", "FROM node:20\nENV UV_THREADPOOL_SIZE=9\nCMD node --max-old-space-size=300 x.js\n"
    )
    assert report.tree.values["services"]["shop"]["runtime"] == {"threads": 9, "max_old_space": "300 MiB"}
    assert report.tree.origins["services.shop.runtime.threads"].line == 2


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    compose = COMPOSE.replace(
        "environment: {DATABASE_URL:", 'env_file: .env, environment: {API_TOKEN: "s3cret", DATABASE_URL:'
    ).replace("u@db", "u:hunter2@db")
    (tmp_path / ".env").write_text("PASSWORD=hunter3\nWEB_CONCURRENCY=3\n")
    report = imported(tmp_path, "db.js", "new Pool({password: 'hunter4', max: 3})", compose)
    shown = repr((report.fields, report.not_modelled, report.findings, report.tree.values))
    assert not {word for word in ("hunter2", "hunter3", "hunter4", "s3cret") if word in shown}
    assert ".env:2 WEB_CONCURRENCY: 3" in {f"{row['file']}:{row['line']} {row['what']}" for row in report.not_modelled}

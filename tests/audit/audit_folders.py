"""Small folders in which nothing is wrong, a folder a kind of file: file -> text."""

KUBERNETES = {
    "k8s/shop.yaml": """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-secrets, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example.org/shop/api:1.4.2
          ports: [{containerPort: 8080, name: http}]
          env:
            - name: DATABASE_URL
              valueFrom: {secretKeyRef: {name: shop-secrets, key: url}}
          resources: {requests: {cpu: 250m, memory: 256Mi}, limits: {cpu: 500m, memory: 512Mi}}
          readinessProbe: {httpGet: {path: /ready, port: 8080}}
          livenessProbe: {httpGet: {path: /alive, port: 8080}, timeoutSeconds: 5}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api, namespace: shop}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: api}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: http}]
""",
    "k8s/hpa.yaml": """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: api
  namespace: shop
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  minReplicas: 3
  maxReplicas: 10
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}
""",
    "k8s/ingress.yaml": """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/limit-rpm: "100"
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
""",
}

COMPOSE = {
    "compose.yaml": """\
x-logging: &logging
  driver: json-file
  options: {max-size: 10m, max-file: "3"}
services:
  edge:
    image: nginx:1.27
    ports: ["443:443"]
    restart: always
    logging: *logging
    volumes:
      - ./edge/nginx.conf:/etc/nginx/nginx.conf:ro
    depends_on: [api]
  db:
    image: postgres:16.4
    command: postgres -c max_connections=120
    restart: always
    logging: *logging
    environment:
      POSTGRES_PASSWORD: ${DB_PASSWORD:?}
    healthcheck: {test: [CMD, pg_isready], interval: 5s}
    deploy: {resources: {limits: {cpus: "1", memory: 2G}}}
  cache:
    image: redis:7.4
    command: redis-server --maxmemory 200mb --maxmemory-policy allkeys-lru
    restart: always
    logging: *logging
    healthcheck: {test: [CMD, redis-cli, ping], interval: 5s}
    deploy: {resources: {limits: {cpus: "1", memory: 300M}}}
  api:
    build: api
    restart: always
    logging: *logging
    environment:
      DATABASE_URL: postgres://shop:${DB_PASSWORD:?}@db:5432/shop
      DB_PASSWORD: ${DB_PASSWORD:?}
      REDIS_URL: redis://cache:6379
    depends_on:
      db: {condition: service_healthy}
      cache: {condition: service_healthy}
    deploy: {replicas: 2, resources: {limits: {cpus: "1", memory: 512M}}}
""",
    "api/Dockerfile": 'FROM node:22.9\nCMD ["node", "server.js"]\n',
    "api/db.js": """\
const { Pool } = require('pg');
module.exports = new Pool({
  host: 'db',
  password: process.env.DB_PASSWORD,
  max: 10,
  statement_timeout: 5000,
});
""",
    "edge/nginx.conf": """\
worker_processes auto;
events { worker_connections 1024; }
http {
    limit_req_zone $binary_remote_addr zone=shop:10m rate=10r/s;
    limit_req_status 429;
    upstream api {
        server api:8080 max_fails=3 fail_timeout=5s;
        server api:8081 max_fails=3 fail_timeout=5s;
        keepalive 64;
    }
    server {
        listen 443 ssl;
        http2 on;
        server_name shop.example.org www.shop.example.org;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate /etc/ssl/shop.crt;
        ssl_certificate_key /etc/ssl/shop.key;
        add_header Strict-Transport-Security "max-age=31536000" always;
        proxy_read_timeout 10s;
        location / {
            limit_req zone=shop burst=20 nodelay;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://api;
        }
        location /metrics { deny all; }
    }
    server {
        listen 80;
        server_name shop.example.org www.shop.example.org;
        return 301 https://$host$request_uri;
    }
}
""",
}

MONITORING = {
    **COMPOSE,
    "compose.yaml": COMPOSE["compose.yaml"].replace("deploy: {replicas: 2, resources", "deploy: {resources")
    + "  prometheus: {image: 'prom/prometheus:v3.1.0'}\n",
    "prometheus/prometheus.yml": """\
global: {scrape_interval: 15s}
rule_files: [alerts.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['10.0.0.9:9093']}]}]}
scrape_configs:
  - job_name: nginx
    static_configs:
      - targets: ['10.0.0.9:9113']
  - job_name: api
    scrape_interval: 5s
    scrape_timeout: 4s
    static_configs:
      - targets: ['api:8080']
""",
    "grafana/shop.json": """\
{
  "title": "Shop",
  "panels": [
    {"title": "Requests", "type": "timeseries",
     "targets": [{"expr": "sum by (route) (rate(http_requests_total[5m]))", "legendFormat": "{{route}}"}]},
    {"title": "p95", "type": "timeseries",
     "targets": [{"expr": "histogram_quantile(0.95, sum by (le) (rate(http_seconds_bucket[5m])))"}]},
    {"title": "Error rate", "type": "timeseries",
     "targets": [{"expr":
       "sum(rate(http_requests_total{status=~\\"5..\\"}[5m])) / sum(rate(http_requests_total[5m]))"}]}
  ]
}
""",
}

AWS = {
    "main.tf": """\
variable "password" {}
resource "aws_db_instance" "shop" {
  identifier                = "shop"
  engine                    = "postgres"
  engine_version            = "16.4"
  instance_class            = "db.r6g.large"
  allocated_storage         = 100
  storage_type              = "gp3"
  storage_encrypted         = true
  multi_az                  = true
  password                  = var.password
  backup_retention_period   = 14
  backup_window             = "03:00-04:00"
  maintenance_window        = "sun:05:00-sun:06:00"
  skip_final_snapshot       = false
  final_snapshot_identifier = "shop-last"
}
resource "aws_ebs_volume" "scratch" {
  availability_zone = "eu-west-1a"
  size              = 500
  type              = "gp3"
}
resource "aws_cloudwatch_log_group" "api" {
  name              = "/ecs/api"
  retention_in_days = 30
}
resource "aws_ecs_cluster" "shop" { name = "shop" }
resource "aws_ecs_service" "api" {
  name          = "api"
  cluster       = aws_ecs_cluster.shop.id
  desired_count = 3
  task_definition = "api"
}
resource "aws_appautoscaling_target" "api" {
  min_capacity       = 3
  max_capacity       = 9
  resource_id        = "service/shop/api"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}
resource "aws_appautoscaling_policy" "api" {
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  resource_id        = "service/shop/api"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  target_tracking_scaling_policy_configuration {
    target_value = 60
    predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
  }
}
""",
    "task-definition.json": """\
{
  "family": "api",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "512",
  "memory": "1024",
  "executionRoleArn": "arn:aws:iam::210987654321:role/shop",
  "containerDefinitions": [
    {
      "name": "api",
      "image": "210987654321.dkr.ecr.eu-west-1.amazonaws.com/api:1.4.2",
      "portMappings": [{"containerPort": 8080}],
      "healthCheck": {"command": ["CMD", "true"]},
      "secrets": [
        {"name": "DATABASE_URL", "valueFrom": "arn:aws:secretsmanager:eu-west-1:210987654321:secret:shop/url"}
      ],
      "logConfiguration": {
        "logDriver": "awslogs",
        "options": {
          "awslogs-group": "/ecs/api",
          "awslogs-region": "eu-west-1"
        }
      }
    }
  ]
}
""",
    ".github/workflows/deploy.yml": """\
name: Deploy
on:
  push: {branches: [main]}
concurrency: deploy
permissions: {id-token: write}
jobs:
  test:
    runs-on: ubuntu-latest
    services:
      postgres:
        image: postgres:16
        env:
          POSTGRES_PASSWORD: test
          POSTGRES_DB: shop_test
        ports: ['5432:5432']
    steps:
      - uses: actions/setup-node@v4
        with: {node-version: 22}
      - run: npm test
        env:
          DATABASE_URL: postgresql://postgres:test@localhost:5432/shop_test
  deploy:
    runs-on: ubuntu-latest
    needs: test
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: arn:aws:iam::210987654321:role/deploy
          aws-region: eu-west-1
      - run: |
          aws ecs update-service --cluster shop --service api --task-definition api
          aws ecs wait services-stable --cluster shop --services api
""",
}

BACKUP = {
    "compose.yaml": COMPOSE["compose.yaml"].replace("./edge/nginx.conf", "/srv/nginx.conf")
    + "  copy: {image: 'postgres:16.4', deploy: {resources: {limits: {memory: 2G}}}}\n",
    "api/Dockerfile": COMPOSE["api/Dockerfile"],
    "postgres/pg_hba.conf": """\
local all all scram-sha-256
hostssl all shop 10.0.0.0/16 scram-sha-256
hostssl replication copy 10.0.0.0/16 scram-sha-256
""",
    "postgres/postgresql.conf": """\
listen_addresses = '*'
max_connections = 120
wal_level = logical
max_replication_slots = 3
max_slot_wal_keep_size = 10GB
synchronous_commit = on
synchronous_standby_names = 'copy'
""",
    "crontab.yaml": """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - {name: backup, image: "shop/backup:3.1", command: [/bin/bash, backup.sh]}
""",
    "backup.sh": """\
#!/bin/bash
set -euo pipefail
export PGPASSFILE=/run/secrets/pgpass
file=/backups/shop-$(date +%Y%m%d-%H%M%S).sql.gz
pg_dump -h db -U shop shop | gzip > "$file"
aws s3 cp "$file" s3://shop-backups/
aws s3 cp "$file" s3://shop-backups/latest.sql.gz
""",
    "restore.sh": """\
#!/bin/bash
set -euo pipefail
export PGPASSFILE=/run/secrets/pgpass
aws s3 cp s3://shop-backups/latest.sql.gz /tmp/
createdb -h db -U shop restored
gunzip -c /tmp/latest.sql.gz | psql -v ON_ERROR_STOP=1 -h db -U shop -d restored
""",
}

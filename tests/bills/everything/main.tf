provider "aws" { region = "us-east-1" }

resource "aws_db_instance" "main" {
  engine               = "mysql"
  engine_version       = "5.7.44"
  instance_class       = "db.m6g.large"
  allocated_storage    = 500
  storage_type         = "gp3"
  iops                 = 14000
  storage_throughput   = 600
  multi_az             = true
  monitoring_interval  = 15
  database_insights_mode = "advanced"
}
resource "aws_db_proxy" "p" {
  name          = "p"
  engine_family = "MYSQL"
}
resource "aws_db_instance" "reports" {
  engine            = "mariadb"
  instance_class    = "db.t3.large"
  allocated_storage = 100
  storage_type      = "io2"
  iops              = 2000
}
resource "aws_elasticache_cluster" "sessions" {
  cluster_id      = "sessions"
  engine          = "memcached"
  node_type       = "cache.t3.micro"
  num_cache_nodes = 3
}
resource "aws_instance" "runner" {
  count                       = 2
  ami                         = "ami-1"
  instance_type               = "t3.medium"
  monitoring                  = true
  associate_public_ip_address = true
  root_block_device {
    volume_type = "gp3"
    volume_size = 50
    iops        = 4000
  }
}
resource "aws_ebs_volume" "scratch" {
  availability_zone = "us-east-1a"
  type              = "io1"
  size              = 100
  iops              = 1000
}
resource "aws_lb" "tcp" {
  name               = "tcp"
  load_balancer_type = "network"
  internal           = true
}
resource "aws_elb" "old" { name = "old" }
resource "aws_vpc_endpoint" "logs" {
  vpc_id            = "vpc-1"
  service_name      = "com.amazonaws.us-east-1.logs"
  vpc_endpoint_type = "Interface"
}
resource "aws_vpc_endpoint" "s3" {
  vpc_id       = "vpc-1"
  service_name = "com.amazonaws.us-east-1.s3"
}
resource "aws_secretsmanager_secret" "one" {
  count = 7
  name  = "one"
}
resource "aws_kms_key" "k" {}
resource "aws_cloudwatch_metric_alarm" "busy" {
  count               = 4
  alarm_name          = "busy"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  metric_name         = "CPUUtilization"
  namespace           = "AWS/ECS"
  period              = 60
  statistic           = "Average"
  threshold           = 80
}
resource "aws_cloudwatch_dashboard" "d" {
  dashboard_name = "d"
  dashboard_body = "{}"
}
resource "aws_route53_zone" "z" { name = "example.com" }
resource "aws_wafv2_web_acl" "w" {
  name  = "w"
  scope = "REGIONAL"
  default_action {
    allow {}
  }
  rule {
    name     = "a"
    priority = 1
  }
  rule {
    name     = "b"
    priority = 2
  }
}
resource "aws_dynamodb_table" "t" {
  name           = "t"
  billing_mode   = "PROVISIONED"
  read_capacity  = 30
  write_capacity = 20
  hash_key       = "id"
}
resource "aws_opensearch_domain" "o" {
  domain_name = "o"
  cluster_config {
    instance_type  = "c4.2xlarge.search"
    instance_count = 3
  }
  ebs_options {
    ebs_enabled = true
    volume_type = "gp2"
    volume_size = 100
  }
}
resource "aws_s3_bucket" "b" { bucket = "b" }
resource "aws_qldb_ledger" "stream" { name = "stream" }
resource "aws_ecs_cluster" "c" { name = "c" }
resource "aws_ecs_task_definition" "api" {
  family                   = "api"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  container_definitions    = jsonencode([{ name = "api", image = "example/api:1.0", portMappings = [{ containerPort = 3000 }] }])
}
resource "aws_ecs_service" "api" {
  name            = "api"
  cluster         = aws_ecs_cluster.c.id
  task_definition = aws_ecs_task_definition.api.arn
  desired_count   = 4
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 3
  }
}

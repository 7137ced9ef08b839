resource "aws_db_instance" "main" {
  engine                   = "postgres"
  engine_version           = "12.19"
  engine_lifecycle_support = "open-source-rds-extended-support-disabled"
  instance_class           = "db.t4g.micro"
  allocated_storage        = 100
  storage_type             = "gp3"
  performance_insights_enabled          = true
  performance_insights_retention_period = 731
}
resource "aws_db_instance" "copy" {
  engine            = "mysql"
  engine_version    = "8.0.40"
  instance_class    = "db.m5.large"
  allocated_storage = 100
  storage_type      = "gp2"
  performance_insights_enabled          = true
  performance_insights_retention_period = 731
}
resource "aws_rds_cluster" "second" {
  engine                  = "aurora-mysql"
  engine_version          = "5.7.mysql_aurora.2.11.2"
  storage_type            = "aurora-iopt1"
  backup_retention_period = 7
  database_insights_mode  = "advanced"
}
resource "aws_rds_cluster_instance" "second" {
  count              = 2
  cluster_identifier = aws_rds_cluster.second.id
  instance_class     = "db.r6g.large"
}
resource "aws_elasticache_cluster" "further" {
  cluster_id               = "further"
  engine                   = "valkey"
  node_type                = "cache.t4g.small"
  num_cache_nodes          = 1
  snapshot_retention_limit = 3
}
resource "aws_elasticache_cluster" "main" {
  cluster_id      = "main"
  engine          = "redis"
  node_type       = "cache.t4g.small"
  num_cache_nodes = 1
}
resource "aws_instance" "box" {
  instance_type = "m5.large"
  tenancy       = "default"
  ebs_block_device {
    device_name = "/dev/sdb"
    volume_type = "gp3"
    volume_size = 500
    iops        = 6000
    throughput  = 500
  }
}
resource "aws_ebs_volume" "fast" {
  count = 2
  type  = "io2"
  size  = 500
  iops  = 40000
}
resource "aws_opensearch_domain" "logs" {
  domain_name = "logs"
  cluster_config {
    instance_type            = "m6g.large.search"
    instance_count           = 2
    dedicated_master_enabled = true
    dedicated_master_type    = "t3.small.search"
    dedicated_master_count   = 3
    warm_enabled             = true
    warm_type                = "ultrawarm1.medium.search"
    warm_count               = 2
  }
  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = 200
    iops        = 4000
    throughput  = 300
  }
}
resource "aws_api_gateway_stage" "prod" {
  stage_name            = "prod"
  cache_cluster_enabled = true
  cache_cluster_size    = "0.5"
}
resource "aws_cloudwatch_log_group" "app" {
  name            = "app"
  log_group_class = "INFREQUENT_ACCESS"
}
resource "aws_lb_listener_rule" "r" {
  count        = 14
  listener_arn = "arn"
}
resource "aws_vpc_endpoint" "secrets" {
  count             = 2
  service_name      = "com.amazonaws.us-east-1.secretsmanager"
  vpc_endpoint_type = "Interface"
}
resource "aws_ecs_task_definition" "api" {
  family                   = "api"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 1024
  memory                   = 2048
  runtime_platform {
    operating_system_family = "WINDOWS_SERVER_2022_CORE"
  }
  container_definitions = jsonencode([{ name = "api", image = "example/api:1.0", portMappings = [{ containerPort = 3000 }] }])
}
resource "aws_ecs_service" "api" {
  name            = "api"
  task_definition = aws_ecs_task_definition.api.arn
  desired_count   = 2
}

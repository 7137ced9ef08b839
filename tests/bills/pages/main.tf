provider "aws" {
  region = "us-east-1"
}

resource "aws_lambda_function" "backend" {
  function_name = "backend"
  memory_size   = 512
}

resource "aws_kms_key" "one" {
}

resource "aws_ebs_snapshot" "read" {
  volume_id = "vol-1"
}

resource "aws_sfn_state_machine" "standard" {
  name = "standard"
}

resource "aws_elasticache_serverless_cache" "daily" {
  engine = "redis"
  name   = "daily"
}

resource "aws_kinesis_stream" "events" {
  name        = "events"
  shard_count = 4
}

resource "aws_wafv2_web_acl" "front" {
  name  = "front"
  scope = "REGIONAL"

  rule {
    name     = "own"
    priority = 1
  }
}

resource "aws_apigatewayv2_api" "chat" {
  name          = "chat"
  protocol_type = "WEBSOCKET"
}

resource "aws_secretsmanager_secret" "db" {
  count = 4
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_cloudwatch_log_group" "api" {
  name = "api"
}

resource "aws_route53_zone" "site" {
  name = "example.com"
}

resource "aws_route53_record" "site" {
  zone_id = aws_route53_zone.site.zone_id
  name    = "example.com"
  type    = "A"
  ttl     = 60
  records = ["192.0.2.1"]
}

resource "aws_ebs_volume" "fast" {
  availability_zone = "us-east-1a"
  type              = "gp3"
  size              = 2000
  iops              = 10000
  throughput        = 500
}

resource "aws_eks_cluster" "old" {
  name    = "old"
  version = "1.30"
}

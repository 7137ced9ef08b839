provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "frankfurt"
  region = "eu-central-1"
}
resource "aws_db_instance" "main" {
  engine            = "mysql"
  instance_class    = "db.t3.large"
  allocated_storage = 20
}
resource "aws_rds_cluster" "shop" {
  cluster_identifier = "shop"
  engine             = "aurora-postgresql"
}
resource "aws_rds_cluster_instance" "shop" {
  cluster_identifier           = aws_rds_cluster.shop.id
  instance_class               = "db.r4.large"
  performance_insights_enabled = false
}
resource "aws_elasticache_cluster" "cache" {
  engine          = "redis"
  node_type       = "cache.m6g.12xlarge"
  num_cache_nodes = 1
}
resource "aws_instance" "worker" {
  instance_type = "t3.medium"
}
resource "aws_instance" "old" {
  instance_type = "r3.xlarge"
  ebs_optimized = true
}
resource "aws_opensearch_domain" "search" {
  cluster_config {
    instance_type  = "r6g.large.search"
    instance_count = 2
  }
}
resource "aws_s3_bucket" "files" {}
resource "aws_sqs_queue" "far" { provider = aws.frankfurt }
resource "aws_kms_key" "one" {}
resource "aws_kms_key" "two" {}
resource "aws_nat_gateway" "gate" {}

provider "aws" {
  region = "us-east-1"
}

resource "aws_vpc" "net" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_nat_gateway" "out" {
  count         = 2
  allocation_id = "eipalloc-${count.index}"
  subnet_id     = "subnet-${count.index}"
}

resource "aws_db_instance" "orders" {
  engine            = "postgres"
  engine_version    = "16.4"
  instance_class    = "db.m6g.large"
  allocated_storage = 100
  storage_type      = "gp3"
}

resource "aws_db_instance" "stock" {
  engine            = "postgres"
  engine_version    = "16.4"
  instance_class    = "db.t4g.small"
  allocated_storage = 20
  storage_type      = "gp3"
}

resource "aws_db_proxy" "front" {
  name          = "front"
  engine_family = "POSTGRESQL"
}

resource "aws_db_proxy_target" "front" {
  db_proxy_name          = aws_db_proxy.front.name
  target_group_name      = "default"
  db_instance_identifier = aws_db_instance.orders.identifier
}

resource "aws_eks_cluster" "main" {
  name    = "main"
  version = "1.36"
}

resource "aws_eks_node_group" "main" {
  cluster_name   = aws_eks_cluster.main.name
  instance_types = ["m6i.large"]
  scaling_config {
    desired_size = 3
    max_size     = 6
    min_size     = 2
  }
}

resource "aws_lb" "front" {
  name    = "front"
  subnets = ["subnet-1", "subnet-2"]
}

resource "aws_wafv2_web_acl" "front" {
  name  = "front"
  scope = "REGIONAL"
}

resource "aws_cloudwatch_log_group" "api" {
  name = "api"
}

resource "aws_rds_cluster" "ledger" {
  engine             = "aurora-postgresql"
  cluster_identifier = "ledger"
}

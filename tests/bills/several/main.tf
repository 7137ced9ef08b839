resource "aws_db_instance" "main" {
  engine = "postgres"
  instance_class = "db.m6g.large"
  allocated_storage = 100
}
resource "aws_db_instance" "reports" {
  engine = "mysql"
  instance_class = "db.t3.large"
  allocated_storage = 50
}
resource "aws_db_instance" "replica" {
  replicate_source_db = aws_db_instance.main.identifier
  instance_class = "db.m6g.large"
}
resource "aws_db_instance" "reports_replica" {
  replicate_source_db = aws_db_instance.reports.identifier
  instance_class = "db.t3.large"
}
resource "aws_rds_cluster" "au" { engine = "aurora-postgresql" }
resource "aws_rds_cluster_instance" "au" {
  count = 2
  cluster_identifier = aws_rds_cluster.au.id
  instance_class = "db.r6g.large"
}
resource "aws_elasticache_cluster" "one" {
  engine = "redis"
  node_type = "cache.t4g.small"
  num_cache_nodes = 1
}
resource "aws_elasticache_replication_group" "two" {
  node_type = "cache.r7g.large"
  num_cache_clusters = 2
}
resource "aws_elasticache_cluster" "mem" {
  engine = "memcached"
  node_type = "cache.t3.micro"
  num_cache_nodes = 3
}

resource "aws_s3_bucket" "copy" {
  bucket = "copies"
}

resource "aws_elasticache_replication_group" "copy" {
  replication_group_id = "copy"
  description          = "copy"
  node_type            = "cache.r7g.large"
}

resource "aws_rds_cluster" "main" {
  engine         = "aurora-postgresql"
  engine_version = "16.4"
  serverlessv2_scaling_configuration {
    min_capacity = 2
    max_capacity = 16
  }
}
resource "aws_rds_cluster_instance" "writer" {
  cluster_identifier = aws_rds_cluster.main.id
  engine             = aws_rds_cluster.main.engine
  instance_class     = "db.r6g.large"
}
resource "aws_rds_cluster_instance" "reader" {
  cluster_identifier = aws_rds_cluster.main.id
  engine             = aws_rds_cluster.main.engine
  instance_class     = "db.serverless"
}
resource "aws_eks_cluster" "c" {
  name    = "c"
  version = "1.40"
}
resource "aws_eks_node_group" "n" {
  cluster_name   = aws_eks_cluster.c.name
  instance_types = ["m6i.large"]
  disk_size      = 50
  scaling_config {
    desired_size = 5
    min_size     = 3
    max_size     = 9
  }
}

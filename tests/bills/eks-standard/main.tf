resource "aws_eks_cluster" "c" {
  name    = "c"
  version = "1.32"
  upgrade_policy {
    support_type = "STANDARD"
  }
}
resource "aws_eks_node_group" "services" {
  cluster_name   = aws_eks_cluster.c.name
  instance_types = ["m6i.large"]
  capacity_type  = "SPOT"
  scaling_config {
    desired_size = 3
    min_size     = 2
    max_size     = 6
  }
}
resource "aws_eks_node_group" "desktops" {
  cluster_name   = aws_eks_cluster.c.name
  ami_type       = "WINDOWS_CORE_2022_x86_64"
  instance_types = ["t3.medium"]
  scaling_config {
    desired_size = 1
    min_size     = 1
    max_size     = 1
  }
}
resource "aws_rds_cluster" "main" {
  engine                   = "aurora-postgresql"
  engine_version           = "12.9"
  engine_lifecycle_support = "open-source-rds-extended-support-disabled"
  backup_retention_period  = 7
}
resource "aws_db_proxy" "p" {
  name          = "p"
  engine_family = "POSTGRESQL"
}
resource "aws_instance" "licensed" {
  instance_type = "t3.medium"
  tenancy       = "dedicated"
}
resource "aws_rds_cluster_instance" "main" {
  cluster_identifier = aws_rds_cluster.main.id
  instance_class     = "db.t3.medium"
}

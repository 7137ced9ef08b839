# NovaBank's PostgreSQL on RDS
resource "aws_db_instance" "novabank_primary" {
  identifier = "novabank-primary"

  engine         = "postgres"
  engine_version = "15.4"
  instance_class = "db.r6g.large"

  # grows by itself from 100 GiB to at most 1000 GiB
  allocated_storage     = 100
  max_allocated_storage = 1000
  storage_type          = "gp3"
  storage_encrypted     = true

  db_name  = "novabank"
  username = "novabank_admin"
  password = var.db_password

  vpc_security_group_ids = [aws_security_group.rds.id]
  db_subnet_group_name   = aws_db_subnet_group.novabank.name

  backup_retention_period = 30
  backup_window           = "03:00-04:00"
  maintenance_window      = "sun:04:00-sun:05:00"

  deletion_protection = true
  skip_final_snapshot = false

  performance_insights_enabled = true
  monitoring_interval          = 60
  monitoring_role_arn          = aws_iam_role.rds_monitoring.arn

  tags = {
    Name        = "NovaBank Primary DB"
    Environment = "production"
  }
}

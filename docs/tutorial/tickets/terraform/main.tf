provider "aws" {
  region = "eu-central-1"
}

resource "aws_db_instance" "tickets" {
  engine            = "postgres"
  engine_version    = "16.4"
  instance_class    = "db.t4g.small"
  allocated_storage = 50
  storage_type      = "gp3"
}

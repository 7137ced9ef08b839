provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "west"
  region = "us-west-2"
}

provider "aws" {
  alias  = "paris"
  region = "eu-west-3"
}

resource "aws_db_instance" "main" {
  engine            = "postgres"
  engine_version    = "16.4"
  instance_class    = "db.m6g.large"
  allocated_storage = 100
  storage_type      = "gp3"
}

resource "aws_db_instance" "replica" {
  provider            = aws.west
  replicate_source_db = aws_db_instance.main.arn
  instance_class      = "db.m6g.large"
}

module "copy" {
  source    = "./copy"
  providers = { aws = aws.west }
}

resource "aws_nat_gateway" "ireland" {
  region        = "eu-west-1"
  allocation_id = "eipalloc-1"
  subnet_id     = "subnet-1"
}

resource "aws_nat_gateway" "paris" {
  provider      = aws.paris
  allocation_id = "eipalloc-2"
  subnet_id     = "subnet-2"
}

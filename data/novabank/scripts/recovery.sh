#!/bin/bash
# Brings the newest dump back into the database

# fetch it
aws s3 cp s3://novabank-backups/database/latest.sql.gz /tmp/

# load it
gunzip -c /tmp/latest.sql.gz | psql -h $DB_HOST -U $DB_USER -d novabank

# see that something is there
psql -h $DB_HOST -U $DB_USER -d novabank -c "SELECT COUNT(*) FROM users;"

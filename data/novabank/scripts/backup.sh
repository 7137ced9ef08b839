#!/bin/bash
# Nightly dump of the database and the cache, copied to S3, kept for 30 days

# PostgreSQL
pg_dump -h $DB_HOST -U $DB_USER -d novabank | gzip > /backups/novabank-$(date +%Y%m%d-%H%M%S).sql.gz
aws s3 cp /backups/novabank-$(date +%Y%m%d-%H%M%S).sql.gz s3://novabank-backups/database/

# Redis
redis-cli --rdb /backups/redis-$(date +%Y%m%d-%H%M%S).rdb
aws s3 cp /backups/redis-$(date +%Y%m%d-%H%M%S).rdb s3://novabank-backups/redis/

# forget what is older than 30 days
find /backups -name "*.gz" -mtime +30 -delete
find /backups -name "*.rdb" -mtime +30 -delete

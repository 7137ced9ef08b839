-- Run on the primary: the role that a streaming replica logs in with
CREATE USER replicator REPLICATION LOGIN CONNECTION LIMIT 1 ENCRYPTED PASSWORD 'password';

"""Message queues as Amazon SQS has them (`messages`) and the replicas that take from them (`consumers`)."""

//! Where a Kafka producer's records wait: partition queues, batches, one memory budget, delivery handles.

//! Benchmarks of the Kafka producer.

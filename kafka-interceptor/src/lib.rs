//! Interceptors of a Kafka producer and their chain.

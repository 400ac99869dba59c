//! Examples of the Kafka producer.

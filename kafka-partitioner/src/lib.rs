//! Partitioners of a Kafka producer: murmur2 key hash and the sticky choice for records without a key.

//! A Kafka producer: from send to acknowledgement.

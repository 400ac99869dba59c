//! The engine of a Kafka producer: a sans-IO state machine from ready batches to requests and outcomes.

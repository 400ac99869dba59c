//! The whole Kafka producer in a simulated world: workload, network, clock, checkers.

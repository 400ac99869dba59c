//! The command line of the Kafka producer.
fn main() {}

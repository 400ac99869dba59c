//! Connections to Kafka brokers: a sans-IO connection, tokio sockets, a small pipelined client.

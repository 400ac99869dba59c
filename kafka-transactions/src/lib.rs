//! A Kafka producer's identity: producer id and epoch, sequences, transaction state.

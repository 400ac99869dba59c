//! A Kafka producer's view of the cluster: snapshot, refresh, topics of interest.

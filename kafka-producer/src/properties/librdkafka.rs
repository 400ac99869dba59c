//! librdkafka's names for what has another name, or another unit, or no property here.

/// What to tell who sets a property of librdkafka's.
pub(super) enum Instead {
    /// Kafka's name for the same, in the same unit.
    Same(&'static str),
    /// Kafka's name, and what else is different.
    But(&'static str, &'static str),
    /// There is no such property, for this reason.
    Nothing(&'static str),
}

use Instead::{But, Nothing, Same};

const MILLIS: &str = "in whole milliseconds";
const PEM: &str = "a file, with ssl.keystore.type=PEM";
const CONSUMERS: &str = "it is for consumers";
const CALLBACKS: &str =
    "there are no events to ask for: outcomes come with `Delivery`, callbacks and interceptors";

/// The answer to an unknown name, if librdkafka knows it.
pub(super) fn hint(name: &str) -> Option<String> {
    let (_, instead) = TABLE.iter().find(|(known, _)| *known == name)?;
    Some(match instead {
        Same(ours) => format!("librdkafka's name: set {ours} instead"),
        But(ours, difference) => format!("librdkafka's name: set {ours} instead, {difference}"),
        Nothing(reason) => format!("a property of librdkafka's, and not needed here: {reason}"),
    })
}

/// In alphabetical order.
pub(super) static TABLE: &[(&str, Instead)] = &[
    ("batch.num.messages", But("batch.size", "in bytes: batches are not limited by their number of records")),
    ("broker.address.family", Nothing("all addresses of a name are tried")),
    ("broker.address.ttl", Nothing("names are looked up with each connection")),
    ("compression.codec", Same("compression.type")),
    (
        "compression.level",
        But(
            "compression.gzip.level, compression.lz4.level or compression.zstd.level",
            "each with its codec's range",
        ),
    ),
    ("debug", Nothing("log events come by `tracing`, whose subscriber says which")),
    (
        "delivery.report.only.error",
        Nothing("a `Delivery` may be dropped, and failures that nobody looks at are warned about"),
    ),
    ("dr_cb", Nothing(CALLBACKS)),
    ("dr_msg_cb", Nothing(CALLBACKS)),
    (
        "enable.gapless.guarantee",
        Nothing("after a failed batch the others go on; a transaction has all of its records or none"),
    ),
    ("enable.sparse.connections", Nothing("brokers are connected to when there is something for them")),
    (
        "enable.ssl.certificate.verification",
        But("ssl.truststore.location", "to the authority: certificates are always verified"),
    ),
    ("error_cb", Nothing(CALLBACKS)),
    ("group.id", Nothing(CONSUMERS)),
    ("log.connection.close", Nothing("log events come by `tracing`, whose subscriber says which")),
    ("log_cb", Nothing("log events come by `tracing`, whose subscriber says which")),
    ("log_level", Nothing("log events come by `tracing`, whose subscriber says which")),
    ("max.in.flight", Same("max.in.flight.requests.per.connection")),
    ("message.copy.max.bytes", Nothing("records are copied once, into their batch")),
    ("message.max.bytes", But("max.request.size", "in bytes")),
    ("message.send.max.retries", But("retries", "or better delivery.timeout.ms, which is the real bound")),
    ("message.timeout.ms", But("delivery.timeout.ms", MILLIS)),
    ("metadata.broker.list", Same("bootstrap.servers")),
    ("msg_order_cmp", Nothing("records keep the order of their sends")),
    ("partitioner", But("partitioner.class", "which takes librdkafka's values, too")),
    (
        "plugin.library.paths",
        Nothing("a Rust program passes its interceptors with the builder's `interceptor`"),
    ),
    ("produce.offset.report", Nothing("every `Delivery` tells its offset")),
    ("queue.buffering.backpressure.threshold", Nothing("the next request takes what has come by then")),
    ("queue.buffering.max.kbytes", But("buffer.memory", "in bytes: 1024 for each kilobyte")),
    (
        "queue.buffering.max.messages",
        But("buffer.memory", "in bytes: records are not limited by their number"),
    ),
    ("queue.buffering.max.ms", But("linger.ms", MILLIS)),
    ("queuing.strategy", Nothing("records keep the order of their sends")),
    (
        "reconnect.backoff.jitter.ms",
        But("reconnect.backoff.ms", "in milliseconds: the jitter is a fifth of it"),
    ),
    ("request.required.acks", Same("acks")),
    ("resolve_cb", Nothing("a Rust program passes its own `Connector` with the builder's `connector`")),
    ("sasl.mechanisms", Same("sasl.mechanism")),
    ("sasl.oauthbearer.client.id", Same("sasl.oauthbearer.client.credentials.client.id")),
    ("sasl.oauthbearer.client.secret", Same("sasl.oauthbearer.client.credentials.client.secret")),
    ("sasl.oauthbearer.config", But("sasl.jaas.config", "a line of Java's")),
    ("sasl.oauthbearer.method", But("sasl.oauthbearer.jwt.retriever.class", "which says how tokens come")),
    ("socket.blocking.max.ms", Nothing("sockets never block")),
    ("socket.keepalive.enable", Nothing("it is always on")),
    ("socket.max.fails", Nothing("a request that times out ends its connection")),
    ("socket.nagle.disable", Nothing("Nagle's algorithm is always off")),
    ("socket.receive.buffer.bytes", But("receive.buffer.bytes", "in bytes, and -1 for the system's default")),
    ("socket.send.buffer.bytes", But("send.buffer.bytes", "in bytes, and -1 for the system's default")),
    ("socket.timeout.ms", But("request.timeout.ms", MILLIS)),
    ("ssl.ca.location", But("ssl.truststore.location", "with ssl.truststore.type=PEM")),
    ("ssl.ca.pem", Same("ssl.truststore.certificates")),
    ("ssl.certificate.location", But("ssl.keystore.location", PEM)),
    ("ssl.certificate.pem", Same("ssl.keystore.certificate.chain")),
    ("ssl.key.location", But("ssl.keystore.location", PEM)),
    ("ssl.key.pem", Same("ssl.keystore.key")),
    ("statistics.interval.ms", Nothing("the program asks for metrics when it wants them")),
    ("stats_cb", Nothing("the program asks for metrics when it wants them")),
    (
        "sticky.partitioning.linger.ms",
        But("batch.size", "in bytes: records without a key move on when so many went to a partition"),
    ),
    (
        "topic.metadata.propagation.max.ms",
        But("max.block.ms", "which is how long a send waits for a new topic"),
    ),
    ("topic.metadata.refresh.fast.interval.ms", But("retry.backoff.ms", MILLIS)),
    ("topic.metadata.refresh.interval.ms", But("metadata.max.age.ms", MILLIS)),
    ("topic.metadata.refresh.sparse", Nothing("only topics in use are asked for")),
];

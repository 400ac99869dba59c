//! Where each crate of the workspace stands. A new crate is added here first.

/// A crate's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) layer: Layer,
    pub(super) io: Io,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layer {
    /// May use what is numbered lower.
    Number(u8),
    /// Tools around the workspace: may use everything, and nobody uses them.
    Beside,
}

/// Whether a crate may have an async runtime or sockets among its dependencies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Io {
    Never,
    /// Only if this feature is on.
    Behind(&'static str),
    Always,
}

const fn place(name: &'static str, layer: u8, io: Io) -> Place {
    Place { name, layer: Layer::Number(layer), io }
}

/// All crates of the workspace.
pub(super) const PLACES: &[Place] = &[
    place("kafka-types", 0, Io::Never),
    place("kafka-partitioner", 0, Io::Never),
    place("kafka-protocol", 1, Io::Behind("tokio-codec")),
    place("kafka-interceptor", 1, Io::Never),
    place("kafka-metadata", 2, Io::Never),
    place("kafka-accumulator", 2, Io::Never),
    place("kafka-transactions", 2, Io::Never),
    place("kafka-network", 2, Io::Behind("transport")),
    place("kafka-testkit", 2, Io::Behind("loopback")),
    place("kafka-sender", 3, Io::Never),
    place("kafka-producer", 4, Io::Behind("driver")),
    place("kafka-cli", 5, Io::Always),
    place("kafka-sim", 5, Io::Never),
    place("examples", 5, Io::Always),
    place("bench", 5, Io::Always),
    Place { name: "xtask", layer: Layer::Beside, io: Io::Always },
];

/// Crates that others can take alone, with nothing else.
pub(super) const DEPENDS_ON_NOTHING: &[&str] = &["kafka-partitioner"];

/// What brings an async runtime or sockets. Crates of these names with a suffix, such as `tokio-util`, count too.
pub(super) const RUNTIMES: &[&str] = &["tokio", "async-std", "async-io", "smol", "mio", "socket2"];

pub(super) fn place_of(name: &str) -> Option<Place> {
    PLACES.iter().copied().find(|place| place.name == name)
}

pub(super) fn is_runtime(name: &str) -> bool {
    let mut families = RUNTIMES.iter().filter_map(|runtime| name.strip_prefix(runtime));
    families.any(|suffix| suffix.is_empty() || suffix.starts_with('-'))
}

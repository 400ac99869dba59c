//! What happens to sends when `buffer.memory` is spent.

/// What a send does when there is no room in `buffer.memory`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OnFull {
    /// It waits for room, up to `max.block.ms`. The default, as Kafka's own producer does.
    #[default]
    Wait,
    /// It fails at once as [`WouldWait`](crate::ErrorKind::WouldWait), for programs that would rather lose a record than time. New topics are
    /// waited for all the same.
    Refuse,
}

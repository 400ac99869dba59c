//! Names that the engine gives to what it asks its driver for.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// A connection to a node, from [`Output::Connect`](crate::Output::Connect) until it is closed. Never used twice.
    ConnectionId
}

id! {
    /// A request. Never used twice; ascending in the order of sending.
    RequestId
}

id! {
    /// A call of a transactional producer, named by who makes it.
    CallId
}

id! {
    /// A flush, named by who asks for it.
    FlushId
}

//! Text that nobody may see.

use std::fmt;
use zeroize::Zeroizing;

/// A password, a key or a token. It is zeroed when it is dropped, and `Debug` does not show it.
///
/// ```
/// use kafka_network::Secret;
///
/// let password = Secret::from("alice-secret");
/// assert_eq!(password.expose(), "alice-secret");
/// assert_eq!(format!("{password:?}"), "(secret)");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret of this text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text, for where it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True if there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

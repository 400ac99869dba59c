//! A string of a message.

use bytes::Bytes;
use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// UTF-8 text that shares the bytes it was read from: cloning and reading copy nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct StrBytes(Bytes);

impl StrBytes {
    /// Text of the program.
    pub const fn from_static(text: &'static str) -> StrBytes {
        StrBytes(Bytes::from_static(text.as_bytes()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Checked whenever one is made; a second check is the price of no unsafe code.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl TryFrom<Bytes> for StrBytes {
    type Error = std::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        std::str::from_utf8(&bytes)?;
        Ok(StrBytes(bytes))
    }
}

impl From<String> for StrBytes {
    fn from(text: String) -> Self {
        StrBytes(Bytes::from(text))
    }
}

impl From<&str> for StrBytes {
    fn from(text: &str) -> Self {
        StrBytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<Arc<str>> for StrBytes {
    /// Shares the text; nothing is copied.
    fn from(text: Arc<str>) -> Self {
        struct Shared(Arc<str>);
        impl AsRef<[u8]> for Shared {
            fn as_ref(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
        StrBytes(Bytes::from_owner(Shared(text)))
    }
}

impl Deref for StrBytes {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for StrBytes {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Hash for StrBytes {
    /// As `str` does, which differs from how bytes do: maps are asked with a `&str` through [`Borrow`].
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for StrBytes {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for StrBytes {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for StrBytes {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Debug for StrBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for StrBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

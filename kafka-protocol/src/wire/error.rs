//! Why a message can't be written or read.

/// Why a message can't be encoded in a version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The field holds something that this version has no room for, and leaving it out would change the meaning.
    #[error("{message}.{field} is set, which version {version} can't carry")]
    FieldNotInVersion {
        /// The structure.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// The field is null, which this version has no way to say.
    #[error("{message}.{field} is null, which version {version} can't carry")]
    NullNotInVersion {
        /// The structure.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// The version does not exist for this message.
    #[error("{message} has no version {version}: expected {min} to {max}")]
    UnknownVersion {
        /// The message.
        message: &'static str,
        /// The version asked for.
        version: i16,
        /// The oldest version.
        min: i16,
        /// The newest version.
        max: i16,
    },
    /// A tagged field that is kept as unknown has a tag that is taken, or tags don't ascend: what a message of one version
    /// did not know, another version may know.
    #[error("unknown tagged field {tag} must come after {previous}: remove it from `unknown_tagged_fields`")]
    TagOrder {
        /// The unknown field's tag.
        tag: u32,
        /// The highest tag that the version knows, or the tag before it.
        previous: u32,
    },
    /// A length does not fit its prefix.
    #[error("a {what} of {length} is too long for the protocol")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// Bytes, or elements.
        length: usize,
    },
}

/// Why bytes are not a message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early.
    #[error("the bytes end within {what}: {needed} needed, {remaining} left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes it needs at least.
        needed: usize,
        /// Bytes there are.
        remaining: usize,
    },
    /// A length that can't be.
    #[error("{what} has the length {length}")]
    InvalidLength {
        /// What was being read.
        what: &'static str,
        /// The length, as far as it can be told.
        length: i64,
    },
    /// Null where the version has no null.
    #[error("{message}.{field} is null, which version {version} does not allow")]
    UnexpectedNull {
        /// The structure.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The version.
        version: i16,
    },
    /// Text that is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// A variable-length integer that does not fit.
    #[error("a variable-length integer does not fit its type")]
    Varint,
    /// Tags of tagged fields must ascend.
    #[error("tagged field {tag} does not come after {previous}")]
    TagOrder {
        /// The tag.
        tag: u32,
        /// The one before it.
        previous: u32,
    },
    /// Something follows the message.
    #[error("{remaining} bytes follow {what}")]
    TrailingBytes {
        /// What ended.
        what: &'static str,
        /// Bytes after it.
        remaining: usize,
    },
    /// The version does not exist for this message.
    #[error("{message} has no version {version}: expected {min} to {max}")]
    UnknownVersion {
        /// The message.
        message: &'static str,
        /// The version.
        version: i16,
        /// The oldest version.
        min: i16,
        /// The newest version.
        max: i16,
    },
}

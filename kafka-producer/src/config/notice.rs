//! What a configuration is adjusted in without being wrong.

use std::fmt;

/// Something that was adjusted or ignored while a configuration was completed; the builder logs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// How much it matters.
    pub level: NoticeLevel,
    /// What was adjusted, and why.
    pub message: String,
}

/// How much a [`Notice`] matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeLevel {
    /// As documented, and probably as wanted.
    Info,
    /// Probably not as wanted.
    Warn,
}

impl Notice {
    pub(crate) fn info(message: impl Into<String>) -> Self {
        Notice { level: NoticeLevel::Info, message: message.into() }
    }

    pub(crate) fn warn(message: impl Into<String>) -> Self {
        Notice { level: NoticeLevel::Warn, message: message.into() }
    }

    pub(crate) fn log(&self) {
        match self.level {
            NoticeLevel::Info => tracing::info!("{}", self.message),
            NoticeLevel::Warn => tracing::warn!("{}", self.message),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

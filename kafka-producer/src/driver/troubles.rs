//! What the log hears of connections.

use kafka_sender::DisconnectReason;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More different troubles at a time than this are not told.
const MOST: usize = 100;

/// Tells each trouble once until a connection works again: a broker that is down is tried every second.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    told: BTreeSet<Arc<str>>,
}

impl Troubles {
    /// A connection is usable.
    pub(super) fn handle_connected(&mut self, client_id: &str) {
        if !self.told.is_empty() {
            self.told.clear();
            tracing::info!(client_id, "connected again");
        }
    }

    /// A connection has ended, or did not come about, for this reason.
    pub(super) fn handle_disconnected(
        &mut self,
        client_id: &str,
        reason: &DisconnectReason,
        text: &Arc<str>,
    ) {
        if matches!(reason, DisconnectReason::Io(_)) {
            // Brokers close idle connections, and restart: usually the next one works.
            tracing::info!(client_id, "disconnected: {text}");
        } else if self.is_news(text) {
            tracing::warn!(client_id, "no connection: {text}");
        } else {
            tracing::debug!(client_id, "no connection: {text}");
        }
    }

    fn is_news(&mut self, text: &Arc<str>) -> bool {
        self.told.len() < MOST && self.told.insert(text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once_until_a_connection_works_again() {
        let mut troubles = Troubles::default();
        let (one, other) = ("broker 1 refused".into(), "broker 2 refused".into());
        assert!(troubles.is_news(&one) && troubles.is_news(&other));
        assert!(!troubles.is_news(&one) && !troubles.is_news(&other));
        troubles.handle_connected("c");
        assert!(troubles.is_news(&one));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut troubles = Troubles::default();
        for number in 0..2 * MOST {
            assert_eq!(troubles.is_news(&format!("trouble {number}").into()), number < MOST);
        }
    }
}

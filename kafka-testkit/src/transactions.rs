//! The transaction coordinators: what they know of each transactional id, and how it changes (KIP-98, KIP-360, KIP-890).
//!
//! The brokers' log of it, `__transaction_state`, is one list per transactional id here, which every coordinator reads:
//! one that takes over knows what its predecessor wrote.

mod ending;
mod entry;
mod state;

pub(crate) use ending::{Ending, Marker};
pub(crate) use entry::{EndRequest, InitRequest, Transaction};
pub use state::{TransactionState, TransactionStatus};

use kafka_types::{ErrorCode, ProducerEpoch, ProducerId, ProducerIdentity};
use std::collections::BTreeMap;

/// All transactional ids of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    entries: BTreeMap<String, Transaction>,
}

impl Transactions {
    pub(crate) fn get(&self, id: &str) -> Option<&Transaction> {
        self.entries.get(id)
    }

    /// The transaction of an id that has one.
    pub(crate) fn known(&mut self, id: &str) -> Result<&mut Transaction, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        self.entries.get_mut(id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
    }

    /// The transaction of an id, made if there is none; with the epoch before the first one.
    pub(crate) fn get_or_create(
        &mut self,
        id: &str,
        new_id: impl FnOnce() -> ProducerId,
        first_epoch: i16,
    ) -> &mut Transaction {
        self.entries.entry(id.to_owned()).or_insert_with(|| {
            let epoch = ProducerEpoch(first_epoch.saturating_sub(1));
            Transaction::new(ProducerIdentity { id: new_id(), epoch })
        })
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Transaction)> {
        self.entries.iter_mut().map(|(id, transaction)| (id.as_str(), transaction))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Transaction)> {
        self.entries.iter().map(|(id, transaction)| (id.as_str(), transaction))
    }
}

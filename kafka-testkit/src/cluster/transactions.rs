//! Transactions as time goes by: time-outs, markers, completion.

use super::Cluster;
use crate::transactions::{Marker, Transaction, TransactionState};
use kafka_protocol::records::RecordBatch;
use kafka_types::{ErrorCode, Monotonic, NodeId, Now, ProducerId, TopicPartition};

/// Looking at transactions.
impl Cluster {
    /// What the coordinator knows of a transactional id; `None` before its first InitProducerId.
    pub fn transaction(&self, transactional_id: &str) -> Option<&TransactionState> {
        self.transactions.get(transactional_id).map(Transaction::state)
    }

    /// Every state of a transactional id that its coordinators wrote into their log, oldest first.
    pub fn transaction_log(&self, transactional_id: &str) -> &[TransactionState] {
        self.transactions.get(transactional_id).map(Transaction::log).unwrap_or_default()
    }

    /// How often coordinators have fenced the producer of a transactional id: because another began, or because its transaction
    /// took longer than `transaction.timeout.ms`.
    pub fn fencings(&self) -> u64 {
        self.fencings
    }

    /// The broker that coordinates a transactional id or a consumer group; `None` while no broker is up.
    pub fn coordinator_of(&self, key: &str) -> Option<NodeId> {
        self.coordinator(key)
    }
}

impl Cluster {
    pub(crate) fn new_producer_id(next: &mut i64) -> ProducerId {
        let id = ProducerId(*next);
        *next += 1;
        id
    }

    /// When markers of a transaction that is decided now begin to be written.
    pub(crate) fn ending_begins_at(&self, now: Now) -> Monotonic {
        now.mono + self.config.transaction_marker_delay
    }

    /// Whether a coordinator does its work: it may be down or frozen.
    pub(crate) fn coordinates(&self, key: &str) -> bool {
        self.coordinator(key).is_some_and(|node| !self.is_frozen(node))
    }

    /// When a coordinator has something to do. What waits for a broker has no time of its own.
    pub(super) fn transactions_deadline(&self) -> Monotonic {
        let active = self.transactions.iter().filter(|(id, _)| self.coordinates(id));
        let deadlines = active.map(|(_, transaction)| match transaction.ending() {
            None => transaction.expires_at(),
            Some(ending) if ending.begins_at > self.advanced_to => ending.begins_at,
            Some(ending) => {
                let markers = ending.partitions.iter().filter_map(|(of, marker)| Some((of, (*marker)?)));
                let replicated = markers.map(|(of, marker)| self.replicated_at(of, marker.end));
                replicated.filter(|at| *at > self.advanced_to).min().unwrap_or(Monotonic::NEVER)
            }
        });
        deadlines.min().unwrap_or(Monotonic::NEVER)
    }

    /// Aborts what timed out, writes markers that are due, and completes what has them all. True if anything changed.
    pub(super) fn advance_transactions(&mut self, now: Now) -> bool {
        self.advanced_to = now.mono;
        let mut moved = false;
        let mut transactions = std::mem::take(&mut self.transactions);
        for (id, transaction) in transactions.iter_mut() {
            if !self.coordinates(id) {
                continue;
            }
            if transaction.expires_at() <= now.mono {
                transaction.fence(self.ending_begins_at(now));
                self.fencings += 1;
                moved = true;
            }
            if transaction.ending().is_some_and(|ending| ending.begins_at <= now.mono) {
                moved |= self.write_markers(now, transaction);
            }
        }
        self.transactions = transactions;
        moved
    }

    fn write_markers(&mut self, now: Now, transaction: &mut Transaction) -> bool {
        let producer = transaction.state().producer;
        let Some(ending) = transaction.ending_mut() else { return false };
        let mut moved = false;
        for (of, marker) in &mut ending.partitions {
            let replicated_at = now.mono + self.config.replication_delay;
            let leader = self.partition(of).and_then(|found| found.leadership.leader);
            let serving = leader.is_some_and(|leader| self.up.contains(&leader) && !self.is_frozen(leader));
            let Some(found) = self.partition_mut(of).filter(|_| serving) else { continue };
            let epoch = found.leadership.epoch;
            if marker.is_some_and(|marker| marker.epoch == epoch && marker.end <= found.log.end()) {
                continue;
            }
            // A new leader may have the marker of its predecessor: the producer's transaction is over there then.
            if found.log.has_open_transaction(producer.id) || marker.is_none() {
                let batch = RecordBatch::end_transaction(ending.committed, 0, producer, now.wall);
                found.log.append(*batch.header(), batch.payload().clone(), epoch, replicated_at);
                moved = true;
            }
            *marker = Some(Marker { end: found.log.end(), epoch });
        }
        let before = ending.partitions.len() + ending.groups.len();
        ending.partitions.retain(|of, marker| {
            // Partitions of deleted topics need no marker any more.
            self.partition(of).is_some_and(|found| {
                marker.is_none_or(|marker| {
                    marker.epoch != found.leadership.epoch || found.log.high_watermark(now.mono) < marker.end
                })
            })
        });
        let committed = ending.committed;
        let waiting = std::mem::take(&mut ending.groups);
        for group in waiting {
            match self.coordinates(&group) {
                true => self.groups.group_mut(&group).end_transaction(producer.id, committed),
                false => {
                    ending.groups.insert(group);
                }
            }
        }
        let over = ending.is_over();
        moved |= before > ending.partitions.len() + ending.groups.len();
        if over {
            transaction.complete();
        }
        moved | over
    }

    /// Refuses what only the coordinator of a transactional id answers, and ids without a name.
    pub(crate) fn check_transaction_coordinator(
        &self,
        context: &crate::request_context::RequestContext,
        transactional_id: &str,
    ) -> Result<(), ErrorCode> {
        match self.check_coordinator(context, transactional_id) {
            Err(ErrorCode::INVALID_GROUP_ID) => Err(ErrorCode::INVALID_REQUEST),
            checked => checked,
        }
    }

    /// A leader asks the coordinator about a producer that writes to a partition, or adds it (KIP-890).
    pub(crate) fn enlist(
        &mut self,
        now: Now,
        transactional_id: &str,
        producer: kafka_types::ProducerIdentity,
        enlisted: Enlisted<'_>,
        support: EnlistSupport,
    ) -> Result<(), ErrorCode> {
        if !self.coordinates(transactional_id) {
            return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
        let transaction = self.transactions.known(transactional_id)?;
        let (partitions, group) = match &enlisted {
            Enlisted::Partition(of) => (std::slice::from_ref(*of), None),
            Enlisted::Group(group) => (&[][..], Some(*group)),
        };
        let outcome = match support {
            EnlistSupport::Add => transaction.add(now.mono, producer, partitions, group),
            EnlistSupport::Verify | EnlistSupport::VerifyAbortable => {
                transaction.check(producer).and_then(|()| {
                    let state = transaction.state();
                    let there = partitions.iter().all(|of| state.partitions.contains(of))
                        && group.is_none_or(|group| state.groups.contains(group));
                    match support {
                        _ if there => Ok(()),
                        EnlistSupport::Verify => Err(ErrorCode::INVALID_TXN_STATE),
                        _ => Err(ErrorCode::TRANSACTION_ABORTABLE),
                    }
                })
            }
        };
        outcome.map_err(|error| match error {
            ErrorCode::PRODUCER_FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
            other => other,
        })
    }
}

/// What a producer writes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Enlisted<'a> {
    Partition(&'a TopicPartition),
    Group(&'a str),
}

/// What a client's version understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EnlistSupport {
    /// What was not added before is refused as `INVALID_TXN_STATE`.
    Verify,
    /// What was not added before is refused as `TRANSACTION_ABORTABLE`.
    VerifyAbortable,
    /// Writing adds.
    Add,
}

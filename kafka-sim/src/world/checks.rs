//! Looking whether everything is as it must be, all along and at the end.

use super::World;
use crate::caller;
use crate::history::{Logged, Violation};
use crate::link::Link;
use bytes::Bytes;
use kafka_accumulator::{CompletedBatch, FailureCause};
use kafka_testkit::{Cluster, LoggedRecord};
use kafka_types::{Compression, Monotonic, TopicPartition};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often callers are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What may pass between the end of somebody's time and their hearing of it.
const SLACK: Duration = Duration::from_millis(100);

impl World {
    /// What may pass after the producer's end until everybody knows: the jobs that workers are at, the callers' turns.
    pub(super) fn after_the_end(&self) -> Duration {
        LOOK_EVERY + Duration::from_micros(self.scenario.sealing)
    }

    /// Lets everything happen that is due until then, and sees to it that nobody is kept waiting.
    pub(super) fn run_and_look(&mut self, end: Monotonic) -> Result<(), Violation> {
        while self.now < end {
            self.run_until((self.now + LOOK_EVERY).min(end))?;
            self.collect()?;
            self.check_deadlines()?;
            self.check_calls()?;
            self.check_charged("open records", self.open.bytes())?;
        }
        Ok(())
    }

    /// `max.block.ms` bounds a send, `delivery.timeout.ms` a delivery.
    fn check_deadlines(&self) -> Result<(), Violation> {
        let max_block = self.scenario.producer.max_block + SLACK;
        for (number, since) in
            self.callers.iter().filter_map(|caller| Some((caller.sending.as_ref()?.0, caller.since)))
        {
            if self.now > since + max_block {
                let evidence = format!("record {} waits since {since:?}, and it is {:?}", number.0, self.now);
                return Err(Violation { invariant: "a send waits for max.block.ms at most", evidence });
            }
        }
        // A batch that is being compressed or split fails when it comes back.
        let timeout =
            self.scenario.producer.delivery_timeout + SLACK + Duration::from_micros(self.scenario.sealing);
        if let Some((number, since)) = self.open.oldest()
            && self.now > since + timeout
        {
            let evidence = format!("record {}, accepted at {since:?}, is open at {:?}", number.0, self.now);
            return Err(Violation { invariant: "a delivery takes delivery.timeout.ms at most", evidence });
        }
        Ok(())
    }

    /// Where nothing ever goes wrong, nothing may lie about until its time is over.
    pub(super) fn check_cause(&self, completed: &CompletedBatch) -> Result<(), Violation> {
        let Some(failure) = completed.failure() else { return Ok(()) };
        let at = completed.topic_partition();
        // Whoever names a partition that does not exist, or does not any more, waits for it in vain.
        let exists = self.cluster.leader(at).is_some();
        let age = failure.time_in_queue() + failure.time_in_flight();
        // A slow network may be too slow for all that callers want to send, and slow workers for all that has to be split: a
        // partition's batches are split one after the other.
        let quick = self.scenario.latency.1 <= 2_000 && self.scenario.sealing <= 100_000;
        let well = quick && self.well_since.is_some_and(|since| since + age <= self.now);
        // Programs that fence each other keep each other from writing.
        let alone = self.clients.len() == 1;
        if !alone || !well || !exists || failure.cause() != FailureCause::Timeout {
            return Ok(());
        }
        let evidence = format!("{completed:?}");
        Err(Violation { invariant: "a healthy world times nothing out", evidence })
    }

    /// Whoever waits for the producer hears of its end.
    pub(super) fn check_nobody_waits(&self) -> Result<(), Violation> {
        match self.callers.iter().find_map(|caller| caller.sending.as_ref()) {
            None => Ok(()),
            Some((number, _)) => {
                let evidence = format!("record {}: the producer is gone, and nobody said so", number.0);
                Err(Violation { invariant: "the end of the producer wakes whoever waits", evidence })
            }
        }
    }

    /// What is charged covers what connections have not let go of, whatever has become of its batches.
    pub(super) fn check_links(&self) -> Result<(), Violation> {
        let pieces = || self.links.values().flat_map(Link::held);
        let mut held = pieces().map(Bytes::len).sum();
        if held > self.charged() {
            let once: BTreeMap<*const u8, usize> =
                pieces().map(|piece| (piece.as_ptr(), piece.len())).collect();
            held = once.values().sum();
        }
        self.check_charged("requests on connections", held)
    }

    fn charged(&self) -> usize {
        let all = self.scenario.producer.buffer_memory;
        self.clients.iter().map(|client| all - client.core.available_memory()).sum()
    }

    fn check_charged(&self, whose: &str, held: usize) -> Result<(), Violation> {
        let (charged, compression) = (self.charged(), self.scenario.producer.compression);
        // Compressed, a batch's pieces may take more than it did itself, and its records less than they did.
        if held <= charged || compression != Compression::None {
            return Ok(());
        }
        let evidence = format!("{whose} hold {held} bytes, and {charged} are charged");
        Err(Violation { invariant: "the budget knows of every byte", evidence })
    }

    pub(super) fn check_memory(&self) -> Result<(), Violation> {
        let held = self.charged();
        if held == 0 {
            return Ok(());
        }
        let evidence = format!("{held} bytes are still held at the end");
        Err(Violation { invariant: "memory returns to zero", evidence })
    }

    /// All that lies in the logs, and lay in those of deleted topics.
    pub(super) fn log(&self) -> Vec<Logged> {
        let topics: Vec<String> = self.cluster.topic_names().map(str::to_owned).collect();
        let mut log = self.deleted.clone();
        topics.iter().for_each(|topic| self.read_log(topic, &mut log));
        log
    }

    pub(super) fn read_log(&self, topic: &str, log: &mut Vec<Logged>) {
        self.read_topic(topic, log, Cluster::records);
    }

    pub(super) fn read_topic(
        &self,
        topic: &str,
        log: &mut Vec<Logged>,
        read: impl Fn(&Cluster, &TopicPartition) -> Vec<LoggedRecord>,
    ) {
        let incarnation = self.incarnations.get(topic).copied().unwrap_or(0);
        for partition in 0..self.cluster.partition_count(topic).unwrap_or(0) {
            let topic_partition = TopicPartition::new(topic, partition as i32);
            let records = read(&self.cluster, &topic_partition);
            log.extend(records.into_iter().filter_map(|record| {
                let number = caller::number_of(&record.value?)?;
                let (topic_partition, offset) = (topic_partition.clone(), record.offset);
                Some(Logged { number, topic_partition, offset, incarnation })
            }));
        }
    }
}

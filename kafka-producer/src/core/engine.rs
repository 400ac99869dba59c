//! Each crate's part of the configuration, and the parts put together.

use super::topics::TopicTable;
use super::{CoreProducer, OPEN, Shared};
use crate::config::PartitionerChoice;
use crate::{Error, ProducerBuilder, ProducerConfig};
use kafka_accumulator::{Accumulator, AccumulatorConfig, Drainer};
use kafka_interceptor::InterceptorChain;
use kafka_metadata::{Metadata, MetadataConfig, MetadataManager};
use kafka_partitioner::{
    DefaultPartitioner, DefaultPartitionerConfig, LibrdkafkaPartitioner, Partitioner, RoundRobinPartitioner,
};
use kafka_sender::{Engine, GatherConfig, SenderConfig};
use kafka_transactions::{
    TransactionConfig, TransactionGate, TransactionManager, TransactionalConfig, TransactionalManager,
};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A request of this size gains nothing from waiting for more.
const GATHERED_BYTES: usize = 128 * 1024;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// The producer without a driver: for a driver of one's own, or a simulation.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) lists everything that is wrong.
    pub fn build_core(&self, seed: u64) -> Result<(CoreProducer, Engine), Error> {
        let (config, notices) = self.resolve()?;
        notices.iter().for_each(|notice| notice.log());
        Ok(self.core(config, seed))
    }

    pub(crate) fn core(&self, config: ProducerConfig, seed: u64) -> (CoreProducer, Engine) {
        let mut interceptors = InterceptorChain::default();
        for interceptor in &self.interceptors {
            interceptors.push(interceptor.clone());
        }
        assemble(config, seed, self.partitioner.clone(), interceptors)
    }
}

pub(super) fn assemble(
    config: ProducerConfig,
    seed: u64,
    partitioner: Option<Arc<dyn Partitioner>>,
    interceptors: InterceptorChain,
) -> (CoreProducer, Engine) {
    let transactions = TransactionManager::new(config.transactions(), seed);
    let sender = config.sender();
    let transactional = config.transactional().map(|config| TransactionalManager::new(config, seed));
    let gate = transactional.as_ref().map(|manager| manager.gate().clone());
    let (core, drainer, manager) = parts(config, seed, partitioner, interceptors, gate);
    let mut engine = Engine::new(sender, drainer, manager, transactions, seed);
    if let Some(transactional) = transactional {
        engine.set_transactional(transactional);
    }
    (core, engine)
}

/// The callers' half, and what the engine is made of.
pub(super) fn parts(
    config: ProducerConfig,
    seed: u64,
    partitioner: Option<Arc<dyn Partitioner>>,
    interceptors: InterceptorChain,
    gate: Option<Arc<TransactionGate>>,
) -> (CoreProducer, Drainer, MetadataManager) {
    let (accumulator, drainer) = Accumulator::new(config.accumulator());
    let (metadata, manager) = Metadata::new(config.metadata(), config.bootstrap_servers.clone(), seed);
    let built_in = config.built_in_partitioner().filter(|_| partitioner.is_none());
    let partitioner = partitioner.unwrap_or_else(|| config.partitioner());
    let core = CoreProducer {
        shared: Arc::new(Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            small_record: config.max_request_size.min(config.buffer_memory),
            partitioner_learns: partitioner.learns_from_each_record(),
            partitioner,
            built_in,
            interceptors: Arc::new(interceptors),
            topics: TopicTable::new(seed),
            connection_error: Mutex::new(None),
            gate,
            state: AtomicU8::new(OPEN),
            clock: OnceLock::new(),
            config,
            accumulator,
            metadata,
        }),
    };
    (core, drainer, manager)
}

impl ProducerConfig {
    fn accumulator(&self) -> AccumulatorConfig {
        AccumulatorConfig {
            batch_size: self.batch_size,
            linger: self.linger,
            buffer_memory: self.buffer_memory,
            compression: self.compression,
            delivery_timeout: self.delivery_timeout,
        }
    }

    fn metadata(&self) -> MetadataConfig {
        MetadataConfig {
            max_age: self.metadata_max_age,
            max_idle: self.metadata_max_idle,
            retry_backoff: self.retry_backoff,
            retry_backoff_max: self.retry_backoff_max,
            rebootstrap: self.metadata_rebootstrap,
            rebootstrap_trigger: self.metadata_rebootstrap_trigger,
        }
    }

    fn transactions(&self) -> TransactionConfig {
        TransactionConfig {
            idempotence: self.idempotence,
            transactional: self.transactional_id.is_some(),
            retry_backoff: self.retry_backoff,
            retry_backoff_max: self.retry_backoff_max,
        }
    }

    fn transactional(&self) -> Option<TransactionalConfig> {
        let id = self.transactional_id.as_deref()?;
        Some(TransactionalConfig {
            transaction_timeout: self.transaction_timeout,
            retry_backoff: self.retry_backoff,
            retry_backoff_max: self.retry_backoff_max,
            ..TransactionalConfig::new(id)
        })
    }

    fn sender(&self) -> SenderConfig {
        SenderConfig {
            acks: self.acks,
            retries: self.retries,
            max_request_size: self.max_request_size,
            max_in_flight: self.max_in_flight,
            retry_backoff: self.retry_backoff,
            retry_backoff_max: self.retry_backoff_max,
            request_timeout: self.request_timeout,
            delivery_timeout: self.delivery_timeout,
            linger: self.linger,
            reconnect_backoff: self.reconnect_backoff,
            reconnect_backoff_max: self.reconnect_backoff_max,
            connection_setup_timeout: self.connection_setup_timeout,
            connection_setup_timeout_max: self.connection_setup_timeout_max,
            connections_max_idle: self.connections_max_idle,
            availability_timeout: self.partitioner_availability_timeout,
            gather: self.gather(),
        }
    }

    /// Of large batches few make a large request.
    fn gather(&self) -> GatherConfig {
        let gather = GatherConfig::default();
        let batches = u32::try_from(GATHERED_BYTES / self.batch_size.max(1)).unwrap_or(u32::MAX);
        GatherConfig { batches: batches.clamp(1, gather.batches), ..gather }
    }

    fn partitioner(&self) -> Arc<dyn Partitioner> {
        match self.partitioner {
            PartitionerChoice::BuiltIn => Arc::new(DefaultPartitioner::new(self.default_partitioner())),
            PartitionerChoice::RoundRobin => Arc::new(RoundRobinPartitioner),
            PartitionerChoice::Librdkafka(hashed_by) => {
                Arc::new(LibrdkafkaPartitioner::new(hashed_by, self.default_partitioner()))
            }
        }
    }

    fn built_in_partitioner(&self) -> Option<DefaultPartitioner> {
        let built_in = self.partitioner == PartitionerChoice::BuiltIn;
        built_in.then(|| DefaultPartitioner::new(self.default_partitioner()))
    }

    fn default_partitioner(&self) -> DefaultPartitionerConfig {
        DefaultPartitionerConfig {
            batch_size: self.batch_size,
            adaptive: self.partitioner_adaptive,
            ignore_keys: self.partitioner_ignore_keys,
            rack_aware: self.partitioner_rack_aware,
        }
    }
}

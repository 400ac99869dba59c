//! The engine's half in a test's hands.

use crate::core::{CoreProducer, PendingSend, engine};
use crate::{Error, ProducerBuilder};
use kafka_accumulator::{BatchOutcome, Delivery, Drainer, QueueId};
use kafka_interceptor::InterceptorChain;
use kafka_metadata::MetadataManager;
use kafka_protocol::messages::MetadataResponse;
use kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_types::{BytesSerializer, ErrorCode, Monotonic, Now, Offset, Payload, ProducerRecord, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

/// A producer whose engine is the test.
pub(super) struct World {
    pub(super) core: CoreProducer,
    pub(super) drainer: Drainer,
    pub(super) manager: MetadataManager,
    pub(super) now: Now,
    pub(super) woken: Arc<Woken>,
}

#[derive(Default)]
pub(super) struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl World {
    pub(super) fn new(builder: ProducerBuilder) -> World {
        let builder = builder.bootstrap_servers("localhost:9092").client_id("test");
        let mut chain = InterceptorChain::default();
        builder.interceptors.iter().for_each(|interceptor| chain.push(interceptor.clone()));
        let partitioner = builder.partitioner.clone();
        let (core, drainer, manager) = engine::parts(builder.config().unwrap(), 7, partitioner, chain, None);
        let now = Now { mono: Monotonic::from_millis(1000), wall: Timestamp(1_000_000) };
        World { core, drainer, manager, now, woken: Arc::default() }
    }

    /// A world where topic `t` is known to have this many partitions.
    pub(super) fn with_topic(builder: ProducerBuilder, partitions: i32) -> World {
        let mut world = World::new(builder);
        world.core.metadata().touch("t", world.now.mono);
        world.answer("t", ErrorCode::NONE, partitions);
        world
    }

    /// The cluster answers what is asked of it.
    pub(super) fn answer(&mut self, topic: &str, error_code: ErrorCode, partitions: i32) {
        self.pass(Duration::from_secs(10));
        self.manager.poll_request(self.now.mono).expect("nobody asked");
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            // Partition 0 is node 1's, and the others node 2's.
            leader_id: 1 + partition_index.min(1),
            leader_epoch: 0,
            ..MetadataResponsePartition::default()
        };
        let broker = |node_id| MetadataResponseBroker {
            node_id,
            host: "b".into(),
            port: 9092,
            ..MetadataResponseBroker::default()
        };
        let response = MetadataResponse {
            brokers: [1, 2].map(broker).into(),
            topics: vec![MetadataResponseTopic {
                error_code,
                name: Some(topic.into()),
                partitions: (0..partitions).map(partition).collect(),
                ..MetadataResponseTopic::default()
            }],
            ..MetadataResponse::default()
        };
        let wakers = self.manager.handle_response(self.now.mono, 12, &response);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.mono = self.now.mono + time;
        let wakers = self.manager.expire_waiters(self.now.mono).into_iter();
        wakers.chain(self.drainer.expire_waiters(self.now.mono)).for_each(Waker::wake);
    }

    pub(super) fn poll<K: Payload<BytesSerializer>, V: Payload<BytesSerializer>>(
        &self,
        send: &mut PendingSend<'_, K, V>,
    ) -> Poll<Result<Delivery, Error>> {
        self.poll_with(send, &BytesSerializer)
    }

    pub(super) fn poll_with<K: Payload<BytesSerializer>, V: Payload<VS>, VS>(
        &self,
        send: &mut PendingSend<'_, K, V>,
        value_serializer: &VS,
    ) -> Poll<Result<Delivery, Error>> {
        let waker = Waker::from(self.woken.clone());
        self.core.poll_send(send, &BytesSerializer, value_serializer, self.now, &waker)
    }

    /// Sends a record that needs no waiting.
    pub(super) fn send<K: Payload<BytesSerializer>, V: Payload<BytesSerializer>>(
        &self,
        record: ProducerRecord<'_, K, V>,
    ) -> Result<Delivery, Error> {
        match self.poll(&mut PendingSend::new(record, None)) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("the send waits"),
        }
    }

    pub(super) fn times_woken(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Completes everything that is in batches.
    pub(super) fn acknowledge_all(&mut self) {
        let mut events = Vec::new();
        self.drainer.take_events(&mut events);
        let queues: Vec<QueueId> =
            (0..self.drainer.queue_count()).map(|index| QueueId(index as u32)).collect();
        for queue in queues {
            self.drainer.seal_open(queue);
            while let Some(batch) = self.drainer.pop(queue) {
                let outcome = BatchOutcome::Acknowledged { base_offset: Offset(0), log_append_time: None };
                batch.complete(outcome).run();
            }
        }
    }
}

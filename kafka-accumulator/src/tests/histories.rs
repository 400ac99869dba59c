//! Random histories.

use super::*;
use proptest::prelude::*;
use std::task::{Poll, Waker};

const MEMORY: usize = 20_000;
const DELIVERY_TIMEOUT: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
enum Step {
    Append {
        size: usize,
        partition: i32,
        callback: bool,
    },
    Seal(u32),
    RunJob(usize),
    DropJob(usize),
    Pop(u32),
    Acknowledge(usize),
    Fail(usize),
    Split(usize),
    DropBatch(usize),
    Pass(u64),
    Expire(u32),
    ExpireWaiters,
    /// Sees who of those who wait for memory has got any.
    PollWaits,
    DropWait(usize),
    DropGrant(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0_usize..1_500, 0..3_i32, any::<bool>())
            .prop_map(|(size, partition, callback)| Step::Append { size, partition, callback }),
        2 => (0_u32..3).prop_map(Step::Seal),
        2 => any::<usize>().prop_map(Step::RunJob),
        1 => any::<usize>().prop_map(Step::DropJob),
        4 => (0_u32..3).prop_map(Step::Pop),
        2 => any::<usize>().prop_map(Step::Acknowledge),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Split),
        1 => any::<usize>().prop_map(Step::DropBatch),
        2 => (1_u64..60).prop_map(Step::Pass),
        2 => (0_u32..3).prop_map(Step::Expire),
        1 => Just(Step::ExpireWaiters),
        3 => Just(Step::PollWaits),
        1 => any::<usize>().prop_map(Step::DropWait),
        1 => any::<usize>().prop_map(Step::DropGrant),
    ]
}

struct Wait {
    wait: MemoryWait,
    bytes: usize,
    deadline: Monotonic,
}

struct History {
    accumulator: Accumulator,
    drainer: Drainer,
    topic: Arc<TopicQueues>,
    now: Now,
    deliveries: Vec<Delivery>,
    with_callback: usize,
    told: Arc<Mutex<Vec<u32>>>,
    jobs: Vec<SealJob>,
    batches: Vec<Batch>,
    /// In the order of their arrival.
    waits: Vec<Wait>,
    grants: Vec<Grant>,
    last_popped: [Option<u32>; 3],
}

impl History {
    fn new(compression: Compression) -> History {
        let config = AccumulatorConfig {
            compression,
            buffer_memory: MEMORY,
            delivery_timeout: DELIVERY_TIMEOUT,
            ..config()
        };
        let (accumulator, drainer) = Accumulator::new(config);
        History {
            topic: accumulator.topic("t"),
            accumulator,
            drainer,
            now: at(0),
            deliveries: Vec::new(),
            with_callback: 0,
            told: Arc::default(),
            jobs: Vec::new(),
            batches: Vec::new(),
            waits: Vec::new(),
            grants: Vec::new(),
            last_popped: [None; 3],
        }
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        self.drainer.take_events(&mut Vec::new());
        self.drainer.take_seal_jobs(&mut self.jobs);
        let queues = self.drainer.queue_count() as u32;
        let pick = |at: usize, len: usize| at % len.max(1);
        match step {
            Step::Append { size, partition, callback } => self.append(size, partition, callback)?,
            Step::Seal(queue) if queue < queues => self.drainer.seal_open(QueueId(queue)),
            Step::RunJob(at) if !self.jobs.is_empty() => {
                let job = self.jobs.remove(pick(at, self.jobs.len()));
                match self.drainer.handle_sealed(job.run()) {
                    SealedResult::Placed(_) => {}
                    SealedResult::Split { parent, children, .. } => {
                        parent.run();
                        self.batches.extend(children);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            Step::DropJob(at) if !self.jobs.is_empty() => {
                drop(self.jobs.remove(pick(at, self.jobs.len())));
            }
            Step::Pop(queue) if queue < queues => self.pop(queue)?,
            Step::Expire(queue) if queue < queues => self.expire(QueueId(queue))?,
            Step::Pass(millis) => self.now.mono = self.now.mono + Duration::from_millis(millis),
            Step::ExpireWaiters => {
                self.drainer.expire_waiters(self.now.mono).into_iter().for_each(Waker::wake);
                prop_assert!(self.drainer.next_waiter_deadline() > self.now.mono);
            }
            Step::PollWaits => self.poll_waits()?,
            Step::DropWait(at) if !self.waits.is_empty() => {
                drop(self.waits.remove(pick(at, self.waits.len())));
            }
            Step::DropGrant(at) if !self.grants.is_empty() => {
                drop(self.grants.remove(pick(at, self.grants.len())));
            }
            Step::Acknowledge(at) | Step::Fail(at) | Step::Split(at) | Step::DropBatch(at)
                if !self.batches.is_empty() =>
            {
                let batch = self.batches.remove(pick(at, self.batches.len()));
                match step {
                    Step::Acknowledge(_) => acknowledge(batch, 0),
                    Step::Fail(_) => fail(batch, FailureCause::Timeout),
                    Step::Split(_) => match batch.split(500) {
                        Ok(job) => self.jobs.push(job),
                        Err(batch) => self.batches.push(batch),
                    },
                    _ => drop(batch),
                }
            }
            _ => {}
        }
        let used = self.accumulator.used_memory();
        prop_assert!(used <= MEMORY, "{} bytes", used);
        Ok(())
    }

    /// Appends a record, with a grant if there is one, or comes to wait for memory.
    fn append(&mut self, size: usize, partition: i32, with_callback: bool) -> Result<(), TestCaseError> {
        let number = self.deliveries.len() as u32;
        let mut value = number.to_be_bytes().to_vec();
        value.resize(4 + size, b'x');
        let told = Arc::clone(&self.told);
        let mut callback: Option<Callback> =
            with_callback.then(|| Box::new(move |_| told.lock().unwrap().push(number)) as Callback);
        let mut grant = self.grants.pop();
        let headers = [Header::new("h", "v")];
        let record =
            AppendRecord { timestamp: Timestamp(5), key: None, value: Some(&value), headers: &headers };
        let options =
            AppendOptions { may_open_batch: true, grant: &mut grant, callback: &mut callback, told: true };
        let answer = self.topic.append(PartitionId(partition), &record, options, self.now).unwrap();
        self.grants.extend(grant);
        match answer {
            Append::Appended(appended) => {
                self.deliveries.push(appended.delivery);
                self.with_callback += usize::from(with_callback);
            }
            Append::NeedsMemory { bytes, .. } => {
                prop_assert_eq!(callback.is_some(), with_callback);
                let deadline = self.now.mono + Duration::from_millis(50);
                let wait = self.topic.reserve(PartitionId(partition), bytes, deadline);
                self.waits.push(Wait { wait, bytes, deadline });
            }
            other => prop_assert!(false, "{:?}", other),
        }
        Ok(())
    }

    fn pop(&mut self, queue: u32) -> Result<(), TestCaseError> {
        let Some(batch) = self.drainer.pop(QueueId(queue)) else { return Ok(()) };
        for value in values_of(&batch) {
            let number = u32::from_be_bytes(value[..4].try_into().unwrap());
            let last = self.last_popped[queue as usize].replace(number);
            prop_assert!(last.is_none_or(|last| last < number), "{:?} before {}", last, number);
        }
        self.batches.push(batch);
        Ok(())
    }

    /// All that is too old comes out, and nothing else.
    fn expire(&mut self, queue: QueueId) -> Result<(), TestCaseError> {
        let mut expired = Vec::new();
        self.drainer.expire(queue, self.now.mono, &mut expired);
        for batch in expired {
            prop_assert!(batch.created() + DELIVERY_TIMEOUT <= self.now.mono);
            fail(batch, FailureCause::Timeout);
        }
        if let Head::Open { created, .. } | Head::Ready { created, .. } = self.drainer.head(queue) {
            prop_assert!(created + DELIVERY_TIMEOUT > self.now.mono, "one was left behind");
        }
        Ok(())
    }

    fn poll_waits(&mut self) -> Result<(), TestCaseError> {
        let mut first = true;
        for mut waiting in std::mem::take(&mut self.waits) {
            match waiting.wait.poll(Waker::noop()) {
                Poll::Ready(Ok(grant)) => {
                    prop_assert!(first, "it was served before somebody who came earlier");
                    self.grants.push(grant);
                }
                Poll::Ready(Err(error)) => {
                    prop_assert_eq!(error, MemoryError::TimedOut);
                    prop_assert!(waiting.deadline <= self.now.mono);
                }
                Poll::Pending => {
                    if std::mem::take(&mut first) {
                        let free = self.accumulator.available_memory();
                        prop_assert!(waiting.bytes > free, "{} are free, {} wanted", free, waiting.bytes);
                    }
                    self.waits.push(waiting);
                }
            }
        }
        Ok(())
    }
}

proptest! {
    /// Whatever happens to batches and to those who wait for memory, and in which order: records keep theirs, each gets one
    /// outcome, nobody waits for memory that is there, and memory stays within its bound and returns.
    #[test]
    fn every_record_gets_one_outcome_in_order_and_memory_returns(
        steps in prop::collection::vec(step(), 1..300),
        compressed: bool,
    ) {
        let compression = if compressed { Compression::ZSTD } else { Compression::None };
        let mut history = History::new(compression);
        for step in steps {
            history.take(step)?;
        }
        let History { accumulator, drainer, deliveries, with_callback, told, jobs, batches, waits, grants, .. } =
            history;
        drop((jobs, batches, drainer, grants));
        for mut waiting in waits {
            // Those who were granted some in time have it; nobody else waits for what will not come.
            prop_assert!(waiting.wait.poll(Waker::noop()).is_ready());
        }
        for delivery in &deliveries {
            prop_assert!(delivery.try_result().is_some());
        }
        let mut told = told.lock().unwrap().clone();
        prop_assert_eq!(told.len(), with_callback);
        told.sort_unstable();
        told.dedup();
        prop_assert_eq!(told.len(), with_callback);
        prop_assert_eq!(accumulator.available_memory(), MEMORY);
    }
}

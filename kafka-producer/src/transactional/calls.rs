//! Calls to the engine, and answers that nobody waited for.

use crate::Error;
use crate::driver::{Driver, clock};
use kafka_sender::{CallError, TransactionCall};
use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot::Receiver;

type Answer = Receiver<Result<(), CallError>>;

/// A producer's way to its engine, for calls that take at most `max.block.ms`.
#[derive(Clone)]
pub(super) struct Calls {
    driver: Driver,
    max_block: Duration,
    /// The answer to a commit whose future was dropped.
    unheard: Arc<Mutex<Option<Answer>>>,
}

impl Calls {
    pub(super) fn new(driver: Driver, max_block: Duration) -> Self {
        Calls { driver, max_block, unheard: Arc::default() }
    }

    /// Makes a call that nobody waits for.
    pub(super) fn tell(&self, call: TransactionCall) {
        drop(self.start(call));
    }

    pub(super) async fn call(&self, name: &'static str, call: TransactionCall) -> Result<(), Error> {
        let answer = self.start(call).await;
        self.read(name, answer.ok())
    }

    pub(super) async fn begin(&self) -> Result<(), Error> {
        // A statement of its own: the lock is not held while waiting.
        let unheard = self.unheard.lock().take();
        if let Some(answer) = unheard {
            match self.hear(answer).await {
                // What timed out is waited for by the call below.
                Ok(Ok(()) | Err(CallError::TimedOut)) => {}
                Ok(Err(error)) => return Err(self.error("commit", error)),
                Err(gone) => return Err(gone),
            }
        }
        let mut begun = Begun { calls: self, answer: Some(self.start(TransactionCall::Begin)) };
        let answer = match &mut begun.answer {
            Some(answer) => answer.await,
            None => return Ok(()),
        };
        begun.answer = None;
        self.read("begin", answer.ok())
    }

    /// Commits, or goes on waiting for a commit. The answer is not lost if the future is dropped.
    pub(super) async fn commit(&self, call: TransactionCall) -> Result<Result<(), CallError>, Error> {
        let answer = self.start(call);
        self.hear(answer).await
    }

    pub(super) fn error(&self, name: &'static str, error: CallError) -> Error {
        Error::from_call(name, self.max_block, error)
    }

    fn start(&self, call: TransactionCall) -> Answer {
        self.driver.call(call, clock::precise().mono + self.max_block)
    }

    fn hear(&self, answer: Answer) -> Heard<'_> {
        Heard { calls: self, answer: Some(answer) }
    }

    fn read(&self, name: &'static str, answer: Option<Result<(), CallError>>) -> Result<(), Error> {
        match answer {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.error(name, error)),
            None => Err(self.gone()),
        }
    }

    fn gone(&self) -> Error {
        if self.driver.is_closed() { Error::closed() } else { Error::stopped() }
    }
}

/// An answer that is kept for later if it is not read to its end.
struct Heard<'c> {
    calls: &'c Calls,
    answer: Option<Answer>,
}

impl Future for Heard<'_> {
    type Output = Result<Result<(), CallError>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else { return Poll::Ready(Ok(Ok(()))) };
        let Poll::Ready(result) = Pin::new(answer).poll(context) else { return Poll::Pending };
        self.answer = None;
        Poll::Ready(result.map_err(|_| self.calls.gone()))
    }
}

impl Drop for Heard<'_> {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            *self.calls.unheard.lock() = Some(answer);
        }
    }
}

/// A beginning that nobody waits for any more is taken back.
struct Begun<'c> {
    calls: &'c Calls,
    answer: Option<Answer>,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let Some(mut answer) = self.answer.take() else { return };
        // What is not said by now is not said any more, and then the driver takes it back.
        answer.close();
        if let Ok(Ok(())) = answer.try_recv() {
            self.calls.tell(TransactionCall::Abort);
        }
    }
}

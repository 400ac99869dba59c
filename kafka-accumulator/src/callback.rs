//! Running the program's code.

use crate::DeliveryFailure;
use kafka_types::RecordMetadata;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is told of a record, once.
pub type Callback = Box<dyn FnOnce(Result<RecordMetadata, DeliveryFailure>) + Send>;

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// True on a thread that is running a callback, an interceptor or a waker for a producer: what waits for the producer
/// there would wait for itself.
pub fn in_callback() -> bool {
    IN_CALLBACK.try_with(Cell::get).unwrap_or(false)
}

/// Runs the program's code with [`in_callback`] set. A panic ends there.
pub(crate) fn run_user_code(what: &str, code: impl FnOnce()) {
    let outer = IN_CALLBACK.try_with(|cell| cell.replace(true)).unwrap_or(false);
    let result = catch_unwind(AssertUnwindSafe(code));
    let _ = IN_CALLBACK.try_with(|cell| cell.set(outer));
    if result.is_err() {
        tracing::error!("{what} of a record panicked");
    }
}

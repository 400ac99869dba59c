//! Interceptors of a Kafka producer (KIP-42): hooks that see, and may change, each record before it is serialized, and
//! learn its fate.
//!
//! An [`InterceptorChain`] runs them in order and shields the producer from them: a link that fails or panics is
//! logged and passed over, and never breaks a send.
//!
//! Not here: when the hooks run. That is the producer's business.
//!
//! ```
//! use kafka_interceptor::{Interceptor, InterceptorChain, InterceptorError, SendContext};
//! use kafka_types::Header;
//! use std::sync::Arc;
//!
//! struct Origin;
//!
//! impl Interceptor for Origin {
//!     fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
//!         record.headers.push(Header::new("origin", "checkout"));
//!         Ok(())
//!     }
//! }
//!
//! let mut chain = InterceptorChain::default();
//! chain.push(Arc::new(Origin));
//! assert!(!chain.is_empty());
//! ```
//!
//! Where to go next: [`Interceptor`] is what a program writes; `kafka-producer` takes it in its builder.

mod chain;
mod interceptor;
mod trace_context;

pub use chain::InterceptorChain;
pub use interceptor::{Acknowledgement, Interceptor, InterceptorError, SendContext};
pub use trace_context::{TRACEPARENT, TRACESTATE, TraceContext, TraceContextInterceptor};

//! W3C trace context in the headers of records.

use crate::{Interceptor, InterceptorError, SendContext};
use kafka_types::Header;
use std::fmt;

/// The header that names the trace and the span that a record was sent in.
pub const TRACEPARENT: &str = "traceparent";
/// The header with what tracing systems add for themselves.
pub const TRACESTATE: &str = "tracestate";

/// Where in a trace a record is sent (W3C Trace Context, level 1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TraceContext {
    /// The trace; all zeros is none.
    pub trace_id: [u8; 16],
    /// The span that sends; all zeros is none.
    pub span_id: [u8; 8],
    /// Whether the trace is recorded.
    pub sampled: bool,
    /// What goes into `tracestate`, as it came from upstream; empty for none.
    pub state: String,
}

impl TraceContext {
    /// False if one of the ids is all zeros, which the standard forbids.
    pub fn is_valid(&self) -> bool {
        self.trace_id != [0; 16] && self.span_id != [0; 8]
    }

    /// The value of `traceparent`.
    ///
    /// ```
    /// use kafka_interceptor::TraceContext;
    ///
    /// let context = TraceContext { trace_id: [0x1a; 16], span_id: [2; 8], sampled: true, state: String::new() };
    /// assert_eq!(context.traceparent(), "00-1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a-0202020202020202-01");
    /// ```
    pub fn traceparent(&self) -> String {
        let (trace, span) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.sampled))
    }
}

/// Adds `traceparent`, and `tracestate` if there is any, to each record, so that its consumers go on with the trace of its
/// producer.
///
/// Where the context comes from is the program's business: with OpenTelemetry, the span context of the current context. It is asked for
/// each record, on the thread that sends. A record that has a `traceparent` already keeps it.
///
/// ```
/// use kafka_interceptor::{TraceContext, TraceContextInterceptor};
///
/// let interceptor = TraceContextInterceptor::new(|| {
///     Some(TraceContext { trace_id: [1; 16], span_id: [2; 8], sampled: true, state: String::new() })
/// });
/// # let _: Box<dyn kafka_interceptor::Interceptor> = Box::new(interceptor);
/// ```
pub struct TraceContextInterceptor<F> {
    current: F,
}

impl<F: Fn() -> Option<TraceContext> + Send + Sync> TraceContextInterceptor<F> {
    /// An interceptor that asks `current` where a record is sent; `None` is outside every trace.
    pub fn new(current: F) -> Self {
        TraceContextInterceptor { current }
    }
}

impl<F: Fn() -> Option<TraceContext> + Send + Sync> Interceptor for TraceContextInterceptor<F> {
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        if record.headers.iter().any(|header| header.key == TRACEPARENT) {
            return Ok(());
        }
        if let Some(context) = (self.current)().filter(TraceContext::is_valid) {
            record.headers.push(Header::new(TRACEPARENT, context.traceparent()));
            if !context.state.is_empty() {
                record.headers.push(Header::new(TRACESTATE, context.state));
            }
        }
        Ok(())
    }
}

impl<F> fmt::Debug for TraceContextInterceptor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContextInterceptor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn sent(context: Option<TraceContext>, mut headers: Vec<Header<'_>>) -> Vec<(String, String)> {
        let interceptor = TraceContextInterceptor::new(|| context.clone());
        let mut topic = Cow::Borrowed("t");
        let mut record = SendContext {
            topic: &mut topic,
            partition: &mut None,
            timestamp: &mut None,
            headers: &mut headers,
        };
        interceptor.on_send(&mut record).unwrap();
        let text = |header: Header<'_>| {
            (header.key.into_owned(), String::from_utf8(header.value.unwrap().into_owned()).unwrap())
        };
        headers.into_iter().map(text).collect()
    }

    fn context() -> TraceContext {
        let trace_id = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes();
        let span_id = 0xb7ad_6b71_6920_3331_u64.to_be_bytes();
        TraceContext { trace_id, span_id, sampled: false, state: String::new() }
    }

    #[test]
    fn the_context_goes_behind_the_records_own_headers() {
        let state = "rojo=00f067aa0ba902b7".to_owned();
        let headers = sent(Some(TraceContext { state, ..context() }), vec![Header::new("own", "1")]);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            headers,
            [
                pair("own", "1"),
                pair("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
                pair("tracestate", "rojo=00f067aa0ba902b7"),
            ]
        );
    }

    #[test]
    fn no_context_or_an_illegal_one_adds_nothing_and_one_that_is_there_stays() {
        assert_eq!(sent(None, vec![]), []);
        assert_eq!(sent(Some(TraceContext { trace_id: [0; 16], ..context() }), vec![]), []);
        assert_eq!(sent(Some(TraceContext { span_id: [0; 8], ..context() }), vec![]), []);
        let own = sent(Some(context()), vec![Header::new(TRACEPARENT, "mine")]);
        assert_eq!(own, [(TRACEPARENT.to_owned(), "mine".to_owned())]);
    }
}

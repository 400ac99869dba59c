//! Failing links are logged, without anything of the record but its topic. One test in a process of its own: what is
//! logged is for the whole process.

use kafka_interceptor::{Acknowledgement, Interceptor, InterceptorChain, InterceptorError, SendContext};
use kafka_types::{Header, PartitionId, Timestamp};
use std::borrow::Cow;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Each event as one line.
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::WARN);
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("no test panics with it").push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?};", field.name());
    }
}

struct Fails;

impl Interceptor for Fails {
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        *record.topic = "elsewhere".into();
        Err(InterceptorError::new("the registry is down"))
    }
    fn name(&self) -> Cow<'static, str> {
        "registry".into()
    }
}

struct Panics;

impl Interceptor for Panics {
    fn on_send(&self, _: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        panic!("secret");
    }
    fn on_acknowledgement(&self, _: &Acknowledgement<'_>) {
        panic!("secret");
    }
    fn on_close(&self) {
        panic!("secret");
    }
}

#[test]
fn failures_and_panics_are_logged_as_warnings_that_name_the_link_and_nothing_of_the_record() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut chain = InterceptorChain::default();
    chain.push(Arc::new(Fails));
    chain.push(Arc::new(Panics));
    assert_eq!(format!("{chain:?}"), r#"["registry", "log::Panics"]"#);

    let mut headers = vec![Header::new("password", "secret")];
    tracing::subscriber::with_default(Lines(lines.clone()), || {
        chain.on_send(&mut SendContext {
            topic: &mut "orders".into(),
            partition: &mut Some(PartitionId(3)),
            timestamp: &mut Some(Timestamp(5)),
            headers: &mut headers,
        });
        let error = std::io::Error::other("secret");
        chain.on_acknowledgement(&Acknowledgement {
            topic: "orders",
            partition: None,
            headers: &headers,
            result: Err(&error),
        });
        chain.on_close();
    });

    let lines = lines.lock().unwrap();
    let expected: [&[&str]; 4] = [
        &["on_send", "registry", "orders", "the registry is down"],
        &["on_send", "log::Panics", "orders", "panicked"],
        &["on_acknowledgement", "log::Panics", "orders", "panicked"],
        &["on_close", "log::Panics", "panicked"],
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, words) in lines.iter().zip(expected) {
        assert!(words.iter().all(|word| line.contains(word)), "{line} lacks one of {words:?}");
        assert!(!line.contains("secret") && !line.contains("password"), "{line}");
    }
}

//! Records as JSON, one object each: `{"key":…,"value":…,"headers":{…},"partition":…,"timestamp":…}`.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// A record that was read; `None` is null.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct JsonRecord {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) partition: Option<i32>,
    /// Milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
}

/// Reads a record. Text goes as its bytes, null as null, anything else as JSON.
///
/// Headers are an object, or, as Kafka allows a name twice, a list of pairs.
pub(crate) fn parse(text: &[u8]) -> Result<JsonRecord> {
    let fields: Map<String, Value> = serde_json::from_slice(text).context("expected a JSON object")?;
    let mut record = JsonRecord::default();
    for (name, value) in fields {
        match name.as_str() {
            "key" => record.key = bytes(&value),
            "value" => record.value = bytes(&value),
            "headers" => record.headers = headers(value)?,
            "partition" => {
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
                record.partition =
                    Some(number.with_context(|| format!("partition {value} is not a number"))?);
            }
            "timestamp" => {
                let number = value.as_i64();
                record.timestamp =
                    Some(number.with_context(|| format!("timestamp {value} is not a number"))?);
            }
            _ => bail!("unknown field {name:?}: expected key, value, headers, partition, timestamp"),
        }
    }
    Ok(record)
}

fn headers(value: Value) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    match value {
        Value::Object(fields) => Ok(fields.into_iter().map(|(name, value)| (name, bytes(&value))).collect()),
        Value::Array(pairs) => pairs.into_iter().map(header).collect(),
        Value::Null => Ok(Vec::new()),
        other => bail!("headers are an object or a list of pairs, not {other}"),
    }
}

fn header(pair: Value) -> Result<(String, Option<Vec<u8>>)> {
    match pair.as_array().map(Vec::as_slice) {
        Some([Value::String(name), value]) => Ok((name.clone(), bytes(value))),
        _ => bail!("a header is a pair of name and value, not {pair}"),
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_and_what_is_no_text_goes_as_json() {
        let line =
            br#"{"key":7,"value":{"a":[1,null]},"headers":{"h":"x","n":null},"partition":2,"timestamp":9}"#;
        let expected = JsonRecord {
            key: Some(b"7".to_vec()),
            value: Some(br#"{"a":[1,null]}"#.to_vec()),
            headers: vec![("h".to_owned(), Some(b"x".to_vec())), ("n".to_owned(), None)],
            partition: Some(2),
            timestamp: Some(9),
        };
        assert_eq!(parse(line).unwrap(), expected);
        let twice = parse(br#"{"value":"v","headers":[["h","1"],["h","2"]]}"#).unwrap();
        assert_eq!((twice.key, twice.value), (None, Some(b"v".to_vec())));
        assert_eq!(twice.headers.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, words) in [
            (&b"text"[..], "JSON object"),
            (b"[]", "JSON object"),
            (br#"{"values":1}"#, "\"values\""),
            (br#"{"partition":"one"}"#, "partition"),
            (br#"{"headers":[["h"]]}"#, "pair"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.contains(words), "{error}");
        }
    }
}

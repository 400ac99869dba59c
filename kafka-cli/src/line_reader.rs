//! Lines to records, as Kafka's own `LineMessageReader` reads them.

use crate::arguments::KeyValue;
use anyhow::{Context, Result, bail};

/// How a line is taken apart (`--reader-property`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LineFormat {
    parse_key: bool,
    parse_headers: bool,
    ignore_error: bool,
    key_separator: String,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    null_marker: Option<String>,
}

/// A header's name and value.
pub(crate) type HeaderPair<'l> = (&'l str, Option<&'l [u8]>);

/// A line taken apart; `None` is null.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Line<'l> {
    pub(crate) headers: Vec<HeaderPair<'l>>,
    pub(crate) key: Option<&'l [u8]>,
    pub(crate) value: Option<&'l [u8]>,
}

impl Default for LineFormat {
    fn default() -> Self {
        LineFormat {
            parse_key: false,
            parse_headers: false,
            ignore_error: false,
            key_separator: "\t".into(),
            headers_delimiter: "\t".into(),
            headers_separator: ",".into(),
            headers_key_separator: ":".into(),
            null_marker: None,
        }
    }
}

impl LineFormat {
    /// Reads the properties; unknown names and impossible combinations are refused.
    pub(crate) fn from_properties(properties: &[KeyValue]) -> Result<LineFormat> {
        let mut format = LineFormat::default();
        for KeyValue { key, value } in properties {
            match key.as_str() {
                "parse.key" => format.parse_key = boolean(key, value)?,
                "parse.headers" => format.parse_headers = boolean(key, value)?,
                "ignore.error" => format.ignore_error = boolean(key, value)?,
                "key.separator" => format.key_separator = separator(key, value)?,
                "headers.delimiter" => format.headers_delimiter = separator(key, value)?,
                "headers.separator" => format.headers_separator = separator(key, value)?,
                "headers.key.separator" => format.headers_key_separator = separator(key, value)?,
                "null.marker" => format.null_marker = Some(value.clone()),
                _ => bail!(
                    "unknown reader property {key:?}: expected one of parse.key, parse.headers, ignore.error, \
                     key.separator, headers.delimiter, headers.separator, headers.key.separator, null.marker"
                ),
            }
        }
        format.check()?;
        Ok(format)
    }

    /// Takes a line apart. Keys and values are bytes as they come; only header names must be UTF-8.
    pub(crate) fn parse<'l>(&self, line: &'l [u8]) -> Result<Line<'l>> {
        let mut rest = line;
        let mut parsed = Line::default();
        if self.parse_headers {
            match split_once(rest, &self.headers_delimiter) {
                Some((headers, after)) => {
                    parsed.headers = self.headers(headers)?;
                    rest = after;
                }
                None if self.ignore_error => {}
                None => bail!("no headers delimiter {:?} in the line", self.headers_delimiter),
            }
        }
        if self.parse_key {
            match split_once(rest, &self.key_separator) {
                Some((key, after)) => {
                    parsed.key = self.non_null(key);
                    rest = after;
                }
                None if self.ignore_error => {}
                None => bail!("no key separator {:?} in the line", self.key_separator),
            }
        }
        parsed.value = self.non_null(rest);
        Ok(parsed)
    }

    fn headers<'l>(&self, text: &'l [u8]) -> Result<Vec<HeaderPair<'l>>> {
        let mut headers = Vec::new();
        let mut rest = Some(text).filter(|text| !text.is_empty() && self.non_null(text).is_some());
        while let Some(text) = rest {
            let (pair, after) = match split_once(text, &self.headers_separator) {
                Some((pair, after)) => (pair, Some(after)),
                None => (text, None),
            };
            headers.push(self.header(pair)?);
            rest = after;
        }
        Ok(headers)
    }

    fn header<'l>(&self, pair: &'l [u8]) -> Result<HeaderPair<'l>> {
        let shown = || String::from_utf8_lossy(pair);
        let (key, value) = match split_once(pair, &self.headers_key_separator) {
            Some((key, _)) if self.non_null(key).is_none() => {
                bail!("the null marker stands for a header's key in {:?}", shown())
            }
            Some((key, value)) => (key, self.non_null(value)),
            None if self.ignore_error => (pair, None),
            None => bail!("no header key separator {:?} in {:?}", self.headers_key_separator, shown()),
        };
        let key = std::str::from_utf8(key).with_context(|| format!("the header name in {:?}", shown()))?;
        Ok((key, value))
    }

    fn non_null<'l>(&self, text: &'l [u8]) -> Option<&'l [u8]> {
        if self.null_marker.as_ref().is_some_and(|marker| marker.as_bytes() == text) {
            None
        } else {
            Some(text)
        }
    }

    fn check(&self) -> Result<()> {
        let named = [
            ("headers.delimiter", &self.headers_delimiter),
            ("headers.separator", &self.headers_separator),
            ("headers.key.separator", &self.headers_key_separator),
        ];
        if self.parse_headers {
            for (index, (name, value)) in named.iter().enumerate() {
                if let Some((other, _)) = named[index + 1..].iter().find(|(_, other)| other == value) {
                    bail!("{name} and {other} may not be equal ({value:?})");
                }
            }
        }
        if let Some(marker) = &self.null_marker {
            let separators = [("key.separator", &self.key_separator)].into_iter().chain(named);
            for (name, value) in separators {
                if marker == value {
                    bail!("null.marker and {name} may not be equal ({value:?})");
                }
            }
        }
        Ok(())
    }
}

/// Both sides of the first `separator`, which is not empty.
fn split_once<'l>(text: &'l [u8], separator: &str) -> Option<(&'l [u8], &'l [u8])> {
    let separator = separator.as_bytes();
    let at = text.windows(separator.len()).position(|window| window == separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

fn boolean(key: &str, value: &str) -> Result<bool> {
    value
        .trim()
        .to_ascii_lowercase()
        .parse()
        .with_context(|| format!("{key}={value}: expected true or false"))
}

fn separator(key: &str, value: &str) -> Result<String> {
    if value.is_empty() {
        bail!("{key} may not be empty");
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(properties: &[&str]) -> LineFormat {
        let properties: Vec<KeyValue> = properties.iter().map(|p| p.parse().unwrap()).collect();
        LineFormat::from_properties(&properties).unwrap()
    }

    #[test]
    fn a_line_is_a_value_unless_told_otherwise() {
        let line = format(&[]).parse(b"a\tb:c\xff").unwrap();
        assert_eq!(line, Line { value: Some(b"a\tb:c\xff"), ..Line::default() });
    }

    #[test]
    fn headers_key_and_value_come_in_this_order() {
        let format = format(&["parse.headers=true", "parse.key=true", "key.separator=|", "null.marker=NULL"]);
        let line = format.parse(b"h1:v1,h2:NULL\tk|v|w").unwrap();
        assert_eq!(line.headers, [("h1", Some(&b"v1"[..])), ("h2", None)]);
        assert_eq!((line.key, line.value), (Some(&b"k"[..]), Some(&b"v|w"[..])));
        let tombstone = format.parse(b"NULL\tk|NULL").unwrap();
        assert_eq!(tombstone, Line { headers: vec![], key: Some(b"k"), value: None });
        let empty_key = format.parse(b"\t|v").unwrap();
        assert_eq!(empty_key.key, Some(&b""[..]));
    }

    #[test]
    fn a_missing_separator_is_named_unless_errors_are_ignored() {
        let strict = format(&["parse.key=true", "key.separator=::"]);
        assert_eq!(strict.parse(b"a:b").unwrap_err().to_string(), "no key separator \"::\" in the line");
        let lenient = format(&["parse.key=true", "key.separator=::", "ignore.error=true"]);
        assert_eq!(lenient.parse(b"a:b").unwrap(), Line { value: Some(b"a:b"), ..Line::default() });
    }

    #[test]
    fn separators_that_cannot_be_told_apart_are_refused() {
        for wrong in [
            &["parse.headers=true", "headers.separator=:"][..],
            &["null.marker=,", "headers.separator=,"],
            &["key.separator="],
            &["parse.key=yes"],
            &["parse.keys=true"],
        ] {
            let properties: Vec<KeyValue> = wrong.iter().map(|p| p.parse().unwrap()).collect();
            assert!(LineFormat::from_properties(&properties).is_err(), "{wrong:?}");
        }
    }
}

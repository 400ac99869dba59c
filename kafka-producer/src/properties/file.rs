//! The format of `.properties` files.

/// Reads the text of a Java `.properties` file: names and values in order, duplicates included.
///
/// Comments start with `#` or `!`; `=`, `:` or blanks end a name; a backslash at the end of a line goes on in the
/// next, whose leading blanks don't count; `\t`, `\n`, `\r`, `\f`, `\uXXXX` (surrogate pairs too) are escapes, and a
/// backslash before anything else is dropped. Unlike Java the text is UTF-8 already.
///
/// ```
/// let pairs = kafka_producer::properties::parse_file_text("# demo\nlinger.ms = 5\nacks: all\n")?;
/// assert_eq!(pairs[0], ("linger.ms".to_owned(), "5".to_owned()));
/// assert_eq!(pairs[1], ("acks".to_owned(), "all".to_owned()));
/// # Ok::<(), kafka_producer::properties::FileError>(())
/// ```
///
/// # Errors
/// A `\u` that four hexadecimal digits don't follow, or that is half of a surrogate pair.
pub fn parse_file_text(text: &str) -> Result<Vec<(String, String)>, FileError> {
    let mut pairs = Vec::new();
    let mut lines = natural_lines(text).enumerate();
    while let Some((index, line)) = lines.next() {
        let line = trim_start(line);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        while ends_in_continuation(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(trim_start(next)),
                None => break,
            }
        }
        let at = |text| unescape(text).ok_or(FileError { line: index + 1 });
        let (name, value) = split(&logical);
        pairs.push((at(name)?, at(value)?));
    }
    Ok(pairs)
}

/// Why a `.properties` file could not be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: malformed \\u escape: expected four hexadecimal digits that are a character")]
pub struct FileError {
    line: usize,
}

impl FileError {
    /// The line that the faulty entry starts on, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// Lines that end in `\n`, `\r` or `\r\n`.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

fn trim_start(line: &str) -> &str {
    line.trim_start_matches(is_blank)
}

/// An odd number of backslashes at the end: the last one is not itself escaped.
fn ends_in_continuation(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

/// At the first `=`, `:` or blank that no backslash precedes; blanks around one `=` or `:` belong to neither side.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if is_blank(c) || matches!(c, '=' | ':') {
            let rest = trim_start(&line[at..]);
            let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..at], trim_start(value));
        }
    }
    (line, "")
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\x0c'),
            Some('u') => {
                let first = code_unit(&mut chars)?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) {
                    if (chars.next(), chars.next()) != (Some('\\'), Some('u')) {
                        return None;
                    }
                    units.push(code_unit(&mut chars)?);
                }
                out.push_str(&String::from_utf16(&units).ok()?);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    Some(out)
}

fn code_unit(chars: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit << 4 | chars.next()?.to_digit(16)? as u16;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse_file_text(text).unwrap()
    }

    fn one(text: &str) -> (String, String) {
        let all = pairs(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_iter().next().unwrap()
    }

    #[test]
    fn any_separator_ends_a_name() {
        for text in ["a=b", "a:b", "a b", "a = b", "  a\t:  b", "a\x0cb", "a==b", "a=:b"] {
            let (name, value) = one(text);
            assert_eq!(name, "a", "{text:?}");
            assert_eq!(value.trim_start_matches(['=', ':']), "b", "{text:?}");
        }
        assert_eq!(one("a"), ("a".into(), "".into()));
        assert_eq!(one("a=="), ("a".into(), "=".into()));
        assert_eq!(one("= b"), ("".into(), "b".into()));
    }

    #[test]
    fn comments_and_blank_lines_say_nothing() {
        assert_eq!(pairs("# a=b\n! c=d\n\n   \t\n  # e=f\n"), []);
        // A comment does not go on in the next line.
        assert_eq!(one("# comment \\\na=b"), ("a".into(), "b".into()));
        assert_eq!(one("a=b # no comment"), ("a".into(), "b # no comment".into()));
    }

    #[test]
    fn lines_go_on_after_an_odd_backslash() {
        assert_eq!(one("list=one,\\\n     two,\\\r\n three"), ("list".into(), "one,two,three".into()));
        assert_eq!(pairs("a=b\\\\\nc=d").len(), 2);
        assert_eq!(one("a=b\\"), ("a".into(), "b".into()));
    }

    #[test]
    fn escapes_become_their_characters() {
        assert_eq!(one(r"a\=b\:c\ d=e\tf\\g\qh"), ("a=b:c d".into(), "e\tf\\gqh".into()));
        assert_eq!(one(r"k=\u00e4\ud83d\ude00"), ("k".into(), "ä😀".into()));
    }

    #[test]
    fn a_broken_escape_names_its_line() {
        for text in ["a=b\n\nk=\\u12", "a=b\n\nk=\\uzzzz", "a=b\n\nk=\\ud83d", "a=b\n\nk=\\udc00"] {
            assert_eq!(parse_file_text(text).unwrap_err().line(), 3, "{text:?}");
        }
    }

    #[test]
    fn all_line_endings_end_a_line() {
        assert_eq!(pairs("a=1\rb=2\r\nc=3\nd=4").len(), 4);
    }
}

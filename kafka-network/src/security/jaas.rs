//! `sasl.jaas.config`: one line in the language of Java's login modules.

use crate::Secret;
use std::collections::BTreeMap;
use std::fmt;

/// What a line says: `org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";`.
///
/// ```
/// use kafka_network::JaasConfig;
///
/// let line = r#"org.example.PlainLoginModule required username="alice" password="pa\"ss";"#;
/// let jaas: JaasConfig = line.parse()?;
/// assert_eq!(jaas.module_name(), "PlainLoginModule");
/// assert_eq!(jaas.option("password").map(|secret| secret.expose()), Some("pa\"ss"));
/// # Ok::<(), kafka_network::JaasError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct JaasConfig {
    module: String,
    options: BTreeMap<String, Secret>,
}

/// What is wrong with a line. It never shows what stands there, which may be a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} (expected: LoginModuleClass required name=\"value\" …;)")]
pub struct JaasError {
    what: String,
}

impl JaasConfig {
    /// The login module's class without its package: Kafka's own and those of repackaged clients are the same to us.
    pub fn module_name(&self) -> &str {
        self.module.rsplit('.').next().unwrap_or_default()
    }

    /// An option's value.
    pub fn option(&self, name: &str) -> Option<&Secret> {
        self.options.get(name)
    }

    /// All options, by name.
    pub fn options(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.options.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl std::str::FromStr for JaasConfig {
    type Err = JaasError;

    fn from_str(text: &str) -> Result<JaasConfig, JaasError> {
        let mut tokens = Tokens { rest: text };
        let module = match tokens.next()? {
            Some(Token::Word(word)) if !word.is_empty() => word.to_string(),
            _ => return Err(error("the login module is missing")),
        };
        match tokens.next()? {
            Some(Token::Word(flag)) if is_flag(&flag) => {}
            _ => {
                return Err(error(
                    "the word after the login module is none of required, requisite, sufficient, optional",
                ));
            }
        }
        let mut options = BTreeMap::new();
        loop {
            let name = match tokens.next()? {
                Some(Token::Semicolon) => break,
                Some(Token::Word(name)) if !name.is_empty() => name.to_string(),
                Some(_) => return Err(error("an option has no name")),
                None => return Err(error("the semicolon at the end is missing")),
            };
            match (tokens.next()?, tokens.next()?) {
                (Some(Token::Equals), Some(Token::Word(value))) => {
                    options.insert(name, Secret::new(value.as_str()));
                }
                _ => {
                    return Err(error(format!(
                        "option number {} is not of the form name=value",
                        options.len() + 1
                    )));
                }
            }
        }
        match tokens.next()? {
            None => Ok(JaasConfig { module, options }),
            Some(_) => Err(error("there is more than one login module")),
        }
    }
}

impl fmt::Debug for JaasConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JaasConfig").field("module", &self.module).finish_non_exhaustive()
    }
}

fn is_flag(word: &str) -> bool {
    ["required", "requisite", "sufficient", "optional"].iter().any(|flag| flag.eq_ignore_ascii_case(word))
}

fn error(what: impl Into<String>) -> JaasError {
    JaasError { what: what.into() }
}

enum Token {
    Word(zeroize::Zeroizing<String>),
    Equals,
    Semicolon,
}

/// Java's `StreamTokenizer` as its JAAS parser sets it up: words, quoted text with escapes, comments.
struct Tokens<'a> {
    rest: &'a str,
}

impl Tokens<'_> {
    fn next(&mut self) -> Result<Option<Token>, JaasError> {
        self.skip_blanks()?;
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        match first {
            '=' | ';' => {
                self.rest = &self.rest[1..];
                Ok(Some(if first == '=' { Token::Equals } else { Token::Semicolon }))
            }
            '"' | '\'' => self.quoted(first).map(|text| Some(Token::Word(text))),
            _ => {
                let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ';' | '"' | '\''));
                let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                Ok(Some(Token::Word(word.to_owned().into())))
            }
        }
    }

    fn skip_blanks(&mut self) -> Result<(), JaasError> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("//") {
                self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.split_once("*/").ok_or_else(|| error("a comment has no end"))?.1;
            } else {
                return Ok(());
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<zeroize::Zeroizing<String>, JaasError> {
        // Room for all of it: text that grows leaves pieces behind.
        let mut text = zeroize::Zeroizing::new(String::with_capacity(self.rest.len()));
        let mut chars = self.rest[1..].chars();
        while let Some(c) = chars.next() {
            match c {
                _ if c == quote => {
                    self.rest = chars.as_str();
                    return Ok(text);
                }
                '\\' => text.push(escaped(&mut chars)?),
                '\n' => break,
                _ => text.push(c),
            }
        }
        Err(error("a quoted value has no end"))
    }
}

/// `\n` and its kind, up to three octal digits, or the character itself.
fn escaped(chars: &mut std::str::Chars<'_>) -> Result<char, JaasError> {
    let first = chars.next().ok_or_else(|| error("a quoted value has no end"))?;
    Ok(match first {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'f' => '\u{c}',
        'b' => '\u{8}',
        'a' => '\u{7}',
        'v' => '\u{b}',
        '0'..='7' => {
            let most = if first <= '3' { 3 } else { 2 };
            let mut code = first.to_digit(8).unwrap_or(0);
            for _ in 1..most {
                let Some(digit) = chars.clone().next().and_then(|c| c.to_digit(8)) else { break };
                chars.next();
                code = code * 8 + digit;
            }
            char::from_u32(code).unwrap_or('\u{fffd}')
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<JaasConfig, JaasError> {
        text.parse()
    }

    #[test]
    fn a_line_of_kafkas_documentation_is_read() {
        let jaas = parse(
            "org.apache.kafka.common.security.scram.ScramLoginModule required \\\n  username=\"alice\" \\\n password='pa ss;=' tokenauth=true ;",
        );
        // In a properties file the backslash at a line's end is gone before this; here it is a word too many.
        assert!(jaas.is_err());
        let jaas =
            parse("x.ScramLoginModule required\n username=\"alice\"\n password='pa ss;=' tokenauth=true ;")
                .unwrap();
        let value = |name| jaas.option(name).map(Secret::expose);
        assert_eq!(jaas.module_name(), "ScramLoginModule");
        assert_eq!((value("username"), value("password")), (Some("alice"), Some("pa ss;=")));
        assert_eq!((value("tokenauth"), value("other")), (Some("true"), None));
        assert!(!format!("{jaas:?}").contains("pa ss"));
    }

    #[test]
    fn quotes_and_escapes_are_javas() {
        let jaas = parse(r#"M required a="q\"q" b="\\" c="\101\7" d="it's" e='say "x"' f="\t";"#).unwrap();
        let value = |name| jaas.option(name).unwrap().expose();
        assert_eq!(
            [value("a"), value("b"), value("c"), value("d"), value("e"), value("f")],
            ["q\"q", "\\", "A\u{7}", "it's", "say \"x\"", "\t"]
        );
    }

    #[test]
    fn comments_are_no_part_of_it() {
        let jaas = parse("// mine\nM /* the module */ REQUIRED a=b; // end").unwrap();
        assert_eq!(jaas.option("a").map(Secret::expose), Some("b"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for text in [
            "",
            "M",
            "M maybe password=\"S3CR3T\";",
            "M required password=\"S3CR3T\"",
            "M required password=\"S3CR3T;",
            "M required password \"S3CR3T\";",
            "M required password=;",
            "M required =\"S3CR3T\";",
            "M required; N required password=\"S3CR3T\";",
            "M required password=\"S3CR3T\\",
            "/* S3CR3T",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("S3CR3T"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([a-z.]{0,8}| required |=|;|\"|'|\\\\|//|/\\*|\\*/|\n){0,20}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_password_comes_back_as_it_was(password in "\\PC{0,20}") {
            let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
            let jaas = parse(&format!("M required password=\"{quoted}\";")).unwrap();
            prop_assert_eq!(jaas.option("password").unwrap().expose(), password);
        }
    }
}

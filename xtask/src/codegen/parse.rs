//! Reading a schema file; `kafka-protocol/schema/README.md` describes the form.

use super::schema::{Field, Kind, Message, Primitive, Schema, Struct, Type, Versions};
use anyhow::{Context, Result, bail, ensure};

/// Reads a file.
pub(crate) fn schema(text: &str) -> Result<Schema> {
    let mut about = String::new();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix('#') {
            Some(comment) if lines.is_empty() => {
                about = format!("{about} {}", comment.trim()).trim().to_owned();
            }
            Some(_) => {}
            None if line.trim().is_empty() => {}
            None => lines.push(Line::new(index + 1, line)?),
        }
    }
    let mut reader = Reader { lines: &lines };
    let api = reader.optional("api");
    let name = match api {
        Some(name) => name,
        None => reader.keyword("data")?,
    };
    let key = reader.optional("key").map(str::parse).transpose().context("key")?;
    let supported = versions(reader.keyword("versions")?)?;
    let unstable = reader.optional("unstable").map_or(Ok(Versions::NONE), versions)?;
    let flexible = match reader.keyword("flexible")? {
        "none" => Versions::NONE,
        range => versions(range)?,
    };
    let kind = match api {
        Some(_) => {
            Kind::Api { key: key.context("an API needs a key")?, listeners: reader.words("listeners") }
        }
        None => Kind::Data { key },
    };
    let features = reader.words("features");
    let kinds: &[&str] = if api.is_some() { &["request", "response"] } else { &["record"] };
    let messages = kinds.iter().map(|kind| reader.message(kind)).collect::<Result<_>>()?;
    if let Some(line) = reader.lines.first() {
        bail!("line {}: expected {} or struct", line.number, kinds.join(", "));
    }
    Ok(Schema {
        about,
        name: name.to_owned(),
        kind,
        versions: supported,
        unstable,
        flexible,
        features,
        messages,
    })
}

struct Line<'t> {
    number: usize,
    depth: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn new(number: usize, line: &'t str) -> Result<Line<'t>> {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        ensure!(indent.is_multiple_of(4), "line {number}: indent by four spaces");
        Ok(Line { number, depth: indent / 4, text: text.trim_end() })
    }
}

struct Reader<'l, 't> {
    lines: &'l [Line<'t>],
}

impl<'t> Reader<'_, 't> {
    /// What follows `word` on the next line, which must begin with it.
    fn keyword(&mut self, word: &str) -> Result<&'t str> {
        let line = self.lines.first().with_context(|| format!("the file ends before {word}"))?;
        let number = line.number;
        self.optional(word).with_context(|| format!("line {number}: expected {word}"))
    }

    /// What follows `word` on the next line, if that begins with it.
    fn optional(&mut self, word: &str) -> Option<&'t str> {
        let line = self.lines.first().filter(|line| line.depth == 0)?;
        let (first, rest) = line.text.split_once(' ').unwrap_or((line.text, ""));
        if first != word {
            return None;
        }
        self.lines = &self.lines[1..];
        Some(rest.trim())
    }

    fn words(&mut self, word: &str) -> Vec<String> {
        self.optional(word).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    fn message(&mut self, kind: &str) -> Result<Message> {
        let top = self.structure(kind)?.with_context(|| format!("no {kind}"))?;
        let mut shared = Vec::new();
        while let Some(structure) = self.structure("struct")? {
            shared.push(structure);
        }
        Ok(Message { top, shared })
    }

    fn structure(&mut self, word: &str) -> Result<Option<Struct>> {
        let Some(name) = self.optional(word) else { return Ok(None) };
        Ok(Some(Struct { name: name.to_owned(), fields: self.fields(1)? }))
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<Field>> {
        let mut fields = Vec::new();
        while let Some(line) = self.lines.first() {
            if line.depth < depth {
                break;
            }
            ensure!(line.depth == depth, "line {}: indented too far", line.number);
            self.lines = &self.lines[1..];
            let inner = self.fields(depth + 1)?;
            fields.push(field(line.text, inner).with_context(|| format!("line {}", line.number))?);
        }
        Ok(fields)
    }
}

/// `Name: type [versions] [nullable [versions]] [tag N] [key] [ignorable] [secret] [= default] [# note]`
fn field(text: &str, inner: Vec<Field>) -> Result<Field> {
    let (text, note) = match text.split_once(" # ") {
        Some((text, note)) => (text.trim_end(), Some(note.trim().to_owned())),
        None => (text, None),
    };
    let (name, rest) = text.split_once(": ").context("expected `Name: type`")?;
    let (rest, default) = match rest.split_once(" = ") {
        Some((rest, default)) => (rest, Some(default.to_owned())),
        None => (rest, None),
    };
    let mut words = rest.split_whitespace().peekable();
    let ty = ty(words.next().context("no type")?, inner);
    let mut field = Field {
        name: name.to_owned(),
        ty,
        versions: Versions::ALL,
        nullable: Versions::NONE,
        tag: None,
        key: false,
        ignorable: false,
        secret: false,
        default,
        note,
    };
    while let Some(word) = words.next() {
        match word {
            "nullable" => {
                let own = words.next_if(|next| next.starts_with(|c: char| c.is_ascii_digit()));
                field.nullable = own.map_or(Ok(field.versions), versions)?;
            }
            "tag" => field.tag = Some(words.next().context("tag without a number")?.parse()?),
            "key" => field.key = true,
            "ignorable" => field.ignorable = true,
            "secret" => field.secret = true,
            range => field.versions = versions(range)?,
        }
    }
    Ok(field)
}

/// A type by its name; `inner` are the fields of a structure that is defined in place.
pub(crate) fn ty(word: &str, inner: Vec<Field>) -> Type {
    if let Some(element) = word.strip_prefix("[]") {
        return Type::Array(Box::new(ty(element, inner)));
    }
    let primitive = match word {
        "bool" => Primitive::Bool,
        "int8" => Primitive::Int8,
        "int16" => Primitive::Int16,
        "uint16" => Primitive::Uint16,
        "int32" => Primitive::Int32,
        "int64" => Primitive::Int64,
        "float64" => Primitive::Float64,
        "uuid" => Primitive::Uuid,
        "string" => Primitive::String,
        "bytes" => Primitive::Bytes,
        "records" => Primitive::Records,
        name => return Type::Struct(name.to_owned(), inner),
    };
    Type::Primitive(primitive)
}

/// `3`, `3+` or `3-7`.
pub(crate) fn versions(text: &str) -> Result<Versions> {
    let number = |text: &str| text.parse::<i16>().with_context(|| format!("{text:?} is no version"));
    if let Some(min) = text.strip_suffix('+') {
        return Ok(Versions { min: number(min)?, max: i16::MAX });
    }
    match text.split_once('-') {
        Some((min, max)) => Ok(Versions { min: number(min)?, max: number(max)? }),
        None => number(text).map(|version| Versions { min: version, max: version }),
    }
}

#[cfg(test)]
mod tests;

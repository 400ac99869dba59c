//! Reading a schema file; `kafka-protocol/schema/README.md` describes the form.

use super::schema::{Api, Field, Primitive, Struct, Type, Versions};
use anyhow::{Context, Result, bail, ensure};

/// Reads a file.
pub(crate) fn api(text: &str) -> Result<Api> {
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
    let name = reader.keyword("api")?.to_owned();
    let key = reader.keyword("key")?.parse().context("key")?;
    let supported = versions(reader.keyword("versions")?)?;
    let flexible = match reader.keyword("flexible")? {
        "none" => Versions::NONE,
        range => versions(range)?,
    };
    let request = reader.structure("request")?.context("no request")?;
    let mut shared = Vec::new();
    while let Some(structure) = reader.structure("struct")? {
        shared.push(structure);
    }
    let response = reader.structure("response")?.context("no response")?;
    while let Some(structure) = reader.structure("struct")? {
        shared.push(structure);
    }
    if let Some(line) = reader.lines.first() {
        bail!("line {}: expected request, response or struct", line.number);
    }
    Ok(Api { about, name, key, versions: supported, flexible, request, response, shared })
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
    fn keyword(&mut self, word: &str) -> Result<&'t str> {
        let line = self.lines.first().with_context(|| format!("the file ends before {word}"))?;
        let value = line.text.strip_prefix(word).filter(|_| line.depth == 0);
        let value = value.with_context(|| format!("line {}: expected {word}", line.number))?;
        self.lines = &self.lines[1..];
        Ok(value.trim())
    }

    fn structure(&mut self, word: &str) -> Result<Option<Struct>> {
        let starts = |line: &Line<'_>| line.depth == 0 && line.text.split(' ').next() == Some(word);
        if !self.lines.first().is_some_and(starts) {
            return Ok(None);
        }
        let rest = self.keyword(word)?;
        let name = rest.split(' ').next().unwrap_or_default().to_owned();
        Ok(Some(Struct { name, fields: self.fields(1)? }))
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

/// `Name: type [versions] [nullable [versions]] [tag N] [ignorable] [secret] [= default]`
fn field(text: &str, inner: Vec<Field>) -> Result<Field> {
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
        ignorable: false,
        secret: false,
        default,
    };
    while let Some(word) = words.next() {
        match word {
            "nullable" => {
                let own = words.next_if(|next| next.starts_with(|c: char| c.is_ascii_digit()));
                field.nullable = own.map_or(Ok(field.versions), versions)?;
            }
            "tag" => field.tag = Some(words.next().context("tag without a number")?.parse()?),
            "ignorable" => field.ignorable = true,
            "secret" => field.secret = true,
            range => field.versions = versions(range)?,
        }
    }
    Ok(field)
}

fn ty(word: &str, inner: Vec<Field>) -> Type {
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
fn versions(text: &str) -> Result<Versions> {
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
mod tests {
    use super::*;

    const HEAD: &str = "# About it.\napi Ping\nkey 7\nversions 0-2\nflexible 2+\n\n";

    #[test]
    fn fields_nest_by_indentation() {
        let text = format!(
            "{HEAD}request PingRequest\n    Items: []Item 1+ nullable\n        Name: string 1+ nullable 2+ ignorable = null\n\nresponse PingResponse\n    Left: int32 2+ tag 0 = -1\n"
        );
        let api = api(&text).unwrap();
        assert_eq!((api.about.as_str(), api.key, api.flexible.min), ("About it.", 7, 2));
        let items = &api.request.fields[0];
        assert_eq!(items.nullable, Versions { min: 1, max: i16::MAX });
        let Type::Array(element) = &items.ty else { panic!("{items:?}") };
        let Type::Struct(name, fields) = &**element else { panic!("{element:?}") };
        assert_eq!((name.as_str(), fields[0].nullable.min, fields[0].ignorable), ("Item", 2, true));
        let left = &api.response.fields[0];
        assert_eq!((left.tag, left.default.as_deref()), (Some(0), Some("-1")));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let wrong = format!("{HEAD}request PingRequest\n      Name: string\n");
        assert_eq!(format!("{:#}", api(&wrong).unwrap_err()), "line 8: indent by four spaces");
        let wrong = format!("{HEAD}request PingRequest\n    Name string\n");
        assert_eq!(format!("{:#}", api(&wrong).unwrap_err()), "line 8: expected `Name: type`");
        let wrong = format!("{HEAD}request PingRequest\n    Name: string x+\n");
        assert!(format!("{:#}", api(&wrong).unwrap_err()).starts_with("line 8: \"x\" is no version"));
    }
}

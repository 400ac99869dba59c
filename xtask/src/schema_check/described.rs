//! A message in comparable words.

use crate::codegen::Schema;
use crate::codegen::schema::{Field, Kind, Message, Primitive, Struct, Type, Versions};
use std::fmt::Write;

/// A message: what holds for all of it, and a line for each field, with those of its structures behind it.
#[derive(PartialEq, Debug)]
pub(super) struct Described {
    pub(super) is_data: bool,
    /// Key, versions, listeners.
    pub(super) head: String,
    /// Path, and what is said of the field.
    pub(super) fields: Vec<(String, String)>,
}

impl Described {
    pub(super) fn schema(schema: &Schema, message: &Message) -> Described {
        let (is_data, key, listeners) = match &schema.kind {
            Kind::Api { key, listeners } => (false, Some(*key), listeners.as_slice()),
            Kind::Data { key } => (true, *key, [].as_slice()),
        };
        // Who serves an API, and what may still change, Kafka says of the request alone.
        let is_request = schema.messages.first().is_some_and(|first| first.top.name == message.top.name);
        let head = head(
            key,
            schema.versions,
            if is_request { schema.unstable } else { Versions::NONE },
            schema.flexible,
            if is_request { listeners } else { &[] },
        );
        let mut fields = Vec::new();
        flatten("", &message.top.fields, &message.shared, &mut fields);
        Described { is_data, head, fields }
    }

    /// What differs: each begins with the path within the message.
    pub(super) fn differences(&self, theirs: &Described) -> impl Iterator<Item = String> {
        let mut differences = Vec::new();
        if self.head != theirs.head {
            differences.push(format!(": Kafka has {}, the schema {}", theirs.head, self.head));
        }
        for (path, said) in &theirs.fields {
            match self.field(path) {
                None => differences.push(format!("{path}: {said}: the schema does not have it")),
                Some(ours) if ours == said => {}
                Some(ours) => differences.push(format!("{path}: Kafka has {said}, the schema {ours}")),
            }
        }
        for (path, said) in &self.fields {
            if theirs.field(path).is_none() {
                differences.push(format!("{path}: {said}: Kafka does not have it"));
            }
        }
        if differences.is_empty() {
            let mut paths = self.fields.iter().zip(&theirs.fields);
            if let Some((_, (path, _))) = paths.find(|((ours, _), (theirs, _))| ours != theirs) {
                differences.push(format!("{path}: comes at another place"));
            }
        }
        differences.into_iter()
    }

    fn field(&self, path: &str) -> Option<&String> {
        self.fields.iter().find(|(known, _)| known == path).map(|(_, said)| said)
    }
}

pub(super) fn head(
    key: Option<i16>,
    versions: Versions,
    unstable: Versions,
    flexible: Versions,
    listeners: &[String],
) -> String {
    let mut head = key.map_or(String::new(), |key| format!("key {key}, "));
    let _ = write!(head, "versions {versions}, flexible {flexible}");
    if !unstable.is_none() {
        let _ = write!(head, ", unstable {unstable}");
    }
    if !listeners.is_empty() {
        let mut listeners = listeners.to_vec();
        listeners.sort();
        let _ = write!(head, ", listeners {}", listeners.join(" "));
    }
    head
}

/// Each field, then the fields of its structure, wherever that is defined.
pub(super) fn flatten(prefix: &str, fields: &[Field], shared: &[Struct], into: &mut Vec<(String, String)>) {
    for field in fields {
        let path = format!("{prefix}.{}", field.name);
        into.push((path.clone(), said(field)));
        if let Some((name, inner)) = field.ty.structure() {
            let inner = match shared.iter().find(|structure| structure.name == *name) {
                Some(structure) if inner.is_empty() => &structure.fields,
                _ => inner,
            };
            flatten(&path, inner, shared, into);
        }
    }
}

fn said(field: &Field) -> String {
    let mut said = format!("{} {}", type_name(&field.ty), field.versions);
    if !field.nullable.is_none() {
        let _ = write!(said, " nullable {}", field.nullable);
    }
    if let Some(tag) = field.tag {
        let _ = write!(said, " tag {tag}");
    }
    for (holds, word) in [(field.key, " key"), (field.ignorable, " ignorable")] {
        if holds {
            said.push_str(word);
        }
    }
    // A default that is the type's own need not be said.
    if let Some(default) = field.default.as_deref().filter(|default| !["", "0", "false"].contains(default)) {
        let _ = write!(said, " = {default}");
    }
    said
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Primitive(primitive) => match primitive {
            Primitive::Bool => "bool",
            Primitive::Int8 => "int8",
            Primitive::Int16 => "int16",
            Primitive::Uint16 => "uint16",
            Primitive::Int32 => "int32",
            Primitive::Int64 => "int64",
            Primitive::Float64 => "float64",
            Primitive::Uuid => "uuid",
            Primitive::String => "string",
            Primitive::Bytes => "bytes",
            Primitive::Records => "records",
        }
        .to_owned(),
        Type::Struct(name, _) => name.clone(),
        Type::Array(element) => format!("[]{}", type_name(element)),
    }
}

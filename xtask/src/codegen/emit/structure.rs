//! A structure: its fields, defaults, and what `Debug` shows.

use super::super::schema::{Field, Schema, Struct, Versions};
use super::decode::emit_decode;
use super::encode::emit_encode;
use super::field::{default_value, rust_name, rust_type};
use std::fmt::Write;

pub(super) fn emit_struct(out: &mut String, schema: &Schema, structure: &Struct) {
    let name = &structure.name;
    let top = schema.messages.iter().any(|message| message.top.name == *name);
    let secret = structure.fields.iter().any(|field| field.secret);
    let _ = writeln!(out, "/// `{name}` of {}.", schema.name);
    let plain_defaults = structure.fields.iter().all(has_plain_default);
    let derives = [(!secret, ", Debug"), (plain_defaults, ", Default")];
    let derives: String = derives.iter().filter(|(holds, _)| *holds).map(|(_, name)| *name).collect();
    let _ = writeln!(out, "#[derive(Clone, PartialEq{derives})]\npub struct {name} {{");
    for field in &structure.fields {
        let _ =
            writeln!(out, "/// {}\npub {}: {},", describe(field, schema), rust_name(field), rust_type(field));
    }
    if !schema.flexible.is_none() {
        out.push_str("/// Tagged fields that this crate does not know.\npub unknown_tagged_fields: UnknownTaggedFields,\n");
    }
    out.push_str("}\n\n");
    if !plain_defaults {
        emit_default(out, schema, structure);
    }
    if secret {
        emit_debug(out, structure);
    }
    let _ = writeln!(out, "impl Structure for {name} {{");
    emit_encode(out, schema, structure);
    emit_decode(out, schema, structure);
    out.push_str("}\n\n");
    if top {
        emit_message(out, schema, name);
    }
}

fn emit_message(out: &mut String, schema: &Schema, name: &str) {
    let Versions { min, max } = schema.versions;
    let _ = writeln!(
        out,
        "impl Message for {name} {{\nconst NAME: &'static str = \"{name}\";\nconst MIN_VERSION: i16 = {min};\nconst MAX_VERSION: i16 = {max};",
    );
    if !schema.unstable.is_none() {
        let _ = writeln!(out, "const LATEST_STABLE_VERSION: i16 = {};", schema.unstable.min - 1);
    }
    out.push_str("}\n\n");
}

fn describe(field: &Field, schema: &Schema) -> String {
    let mut words = Vec::new();
    if !field.versions.covers(schema.versions) {
        words.push(range_words(field.versions, schema));
    }
    if !field.nullable.is_none() {
        let all = field.nullable.covers(field.versions.intersection(schema.versions));
        words.push(if all {
            "nullable".to_owned()
        } else {
            format!("nullable in {}", range_words(field.nullable, schema))
        });
    }
    if let Some(tag) = field.tag {
        words.push(format!("tag {tag}"));
    }
    if field.key {
        words.push("unique among its siblings".to_owned());
    }
    let mut doc = format!("`{}`", field.name);
    if !words.is_empty() {
        let _ = write!(doc, ": {}", words.join(", "));
    }
    doc.push('.');
    if let Some(note) = &field.note {
        let _ = write!(doc, " Values: {note}.");
    }
    doc
}

fn range_words(versions: Versions, schema: &Schema) -> String {
    match versions {
        Versions { min, max } if min == max => format!("version {min}"),
        Versions { min, max } if max >= schema.versions.max => format!("versions {min} and later"),
        Versions { min, max } => format!("versions {min} to {max}"),
    }
}

fn emit_default(out: &mut String, schema: &Schema, structure: &Struct) {
    let _ = writeln!(out, "impl Default for {} {{\nfn default() -> Self {{\nSelf {{", structure.name);
    for field in &structure.fields {
        let _ = writeln!(out, "{}: {},", rust_name(field), default_value(field));
    }
    if !schema.flexible.is_none() {
        out.push_str("unknown_tagged_fields: UnknownTaggedFields::default(),\n");
    }
    out.push_str("}\n}\n}\n\n");
}

/// True if the type's own default is the field's.
fn has_plain_default(field: &Field) -> bool {
    let default = default_value(field);
    let plain = [
        "0",
        "0.0",
        "false",
        "None",
        "Vec::new()",
        "Int32Array::new()",
        "Bytes::new()",
        "Records::new()",
        "[0; 16]",
    ];
    let named = ["TopicId::ZERO", "ErrorCode::NONE"];
    plain.contains(&default.as_str()) || named.contains(&default.as_str()) || default.ends_with("::default()")
}

fn emit_debug(out: &mut String, structure: &Struct) {
    let name = &structure.name;
    let _ = writeln!(
        out,
        "/// Without what is secret.\nimpl std::fmt::Debug for {name} {{\n\
         fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\nf.debug_struct(\"{name}\")"
    );
    for field in &structure.fields {
        let field_name = rust_name(field);
        let _ = if field.secret {
            writeln!(out, ".field(\"{field_name}\", &\"(secret)\")")
        } else {
            writeln!(out, ".field(\"{field_name}\", &self.{field_name})")
        };
    }
    out.push_str(".finish()\n}\n}\n\n");
}

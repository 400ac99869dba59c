//! A structure: its fields, defaults, and what `Debug` shows.

use super::super::schema::{Api, Field, Struct, Versions};
use super::decode::emit_decode;
use super::encode::emit_encode;
use super::field::{default_value, rust_name, rust_type};
use std::fmt::Write;

pub(super) fn emit_struct(out: &mut String, api: &Api, structure: &Struct) {
    let name = &structure.name;
    let top = *name == api.request.name || *name == api.response.name;
    let secret = structure.fields.iter().any(|field| field.secret);
    let _ = writeln!(out, "/// `{name}` of {}.", api.name);
    let plain_defaults = structure.fields.iter().all(has_plain_default);
    let derives = [(!secret, ", Debug"), (plain_defaults, ", Default")];
    let derives: String = derives.iter().filter(|(holds, _)| *holds).map(|(_, name)| *name).collect();
    let _ = writeln!(out, "#[derive(Clone, PartialEq{derives})]\npub struct {name} {{");
    for field in &structure.fields {
        let _ = writeln!(
            out,
            "/// `{}`{}.\npub {}: {},",
            field.name,
            describe(field, api),
            rust_name(field),
            rust_type(field)
        );
    }
    if !api.flexible.is_none() {
        out.push_str("/// Tagged fields that this crate does not know.\npub unknown_tagged_fields: UnknownTaggedFields,\n");
    }
    out.push_str("}\n\n");
    if !plain_defaults {
        emit_default(out, api, structure);
    }
    if secret {
        emit_debug(out, structure);
    }
    let (start, visibility) = if top {
        let _ = writeln!(
            out,
            "impl Message for {name} {{\nconst NAME: &'static str = \"{name}\";\nconst MIN_VERSION: i16 = {};\nconst MAX_VERSION: i16 = {};\n",
            api.versions.min, api.versions.max
        );
        (true, "")
    } else {
        let _ = writeln!(out, "impl {name} {{");
        (false, "")
    };
    emit_encode(out, api, structure, start, visibility);
    emit_decode(out, api, structure, start, visibility);
    out.push_str("}\n\n");
}

fn describe(field: &Field, api: &Api) -> String {
    let mut words = Vec::new();
    if !field.versions.covers(api.versions) {
        words.push(range_words(field.versions, api));
    }
    if !field.nullable.is_none() {
        let all = field.nullable.covers(field.versions.intersection(api.versions));
        words.push(if all {
            "nullable".to_owned()
        } else {
            format!("nullable in {}", range_words(field.nullable, api))
        });
    }
    if let Some(tag) = field.tag {
        words.push(format!("tag {tag}"));
    }
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn range_words(versions: Versions, api: &Api) -> String {
    match versions {
        Versions { min, max } if min == max => format!("version {min}"),
        Versions { min, max } if max >= api.versions.max => format!("versions {min} and later"),
        Versions { min, max } => format!("versions {min} to {max}"),
    }
}

fn emit_default(out: &mut String, api: &Api, structure: &Struct) {
    let _ = writeln!(out, "impl Default for {} {{\nfn default() -> Self {{\nSelf {{", structure.name);
    for field in &structure.fields {
        let _ = writeln!(out, "{}: {},", rust_name(field), default_value(field));
    }
    if !api.flexible.is_none() {
        out.push_str("unknown_tagged_fields: UnknownTaggedFields::default(),\n");
    }
    out.push_str("}\n}\n}\n\n");
}

/// True if the type's own default is the field's.
fn has_plain_default(field: &Field) -> bool {
    let default = default_value(field);
    let plain = ["0", "0.0", "false", "None", "Vec::new()", "Bytes::new()", "Records::new()", "[0; 16]"];
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

//! What a field is in Rust: name, type, default, and the conditions on its versions.

use super::super::schema::{Field, Primitive, Schema, Type, Versions, snake_case};
use std::fmt::Write;

/// The parameter's name says if a body has no use for it.
pub(super) fn version_parameter(body: &str) -> &'static str {
    // A field may have that name, too.
    let body = body.replace("self.version", "");
    let mut words = body.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    if words.any(|word| word == "version") { "version" } else { "_version" }
}

/// Declares `flexible` where it is not a constant, and gives the expression for it.
pub(super) fn flexible(out: &mut String, schema: &Schema) -> String {
    if schema.flexible.is_none() {
        return "false".to_owned();
    }
    if schema.flexible.covers(schema.versions) {
        return "true".to_owned();
    }
    let _ = writeln!(out, "let flexible = version >= {};", schema.flexible.min);
    "flexible".to_owned()
}

/// When `version` lies within `versions`, given that it lies within `known`; `None` if always.
pub(super) fn condition(versions: Versions, known: Versions) -> Option<String> {
    match (versions.min > known.min, versions.max < known.max) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {}", versions.min)),
        (false, true) => Some(format!("version <= {}", versions.max)),
        (true, true) if versions.min == versions.max => Some(format!("version == {}", versions.min)),
        (true, true) => Some(format!("({}..={}).contains(&version)", versions.min, versions.max)),
    }
}

/// When `version` lies outside `versions`, given that it lies within `known`; `None` if never.
pub(super) fn outside(versions: Versions, known: Versions) -> Option<String> {
    match (versions.min > known.min, versions.max < known.max) {
        (false, false) => None,
        (true, false) => Some(format!("version < {}", versions.min)),
        (false, true) => Some(format!("version > {}", versions.max)),
        (true, true) if versions.min == versions.max => Some(format!("version != {}", versions.min)),
        (true, true) => Some(format!("!({}..={}).contains(&version)", versions.min, versions.max)),
    }
}

/// When a field is not at its default.
pub(super) fn differs(field: &Field) -> String {
    let (name, default) = (rust_name(field), default_value(field));
    match default.as_str() {
        "None" => format!("self.{name}.is_some()"),
        "false" => format!("self.{name}"),
        "true" => format!("!self.{name}"),
        "Vec::new()" | "Int32Array::new()" | "StrBytes::default()" | "Bytes::new()" => {
            format!("!self.{name}.is_empty()")
        }
        _ => format!("self.{name} != {default}"),
    }
}

pub(super) fn default_value(field: &Field) -> String {
    let nullable = !field.nullable.is_none();
    let default = field.default.as_deref();
    if nullable && (default == Some("null") || matches!(field.ty, Type::Primitive(Primitive::Records))) {
        return "None".to_owned();
    }
    let value = match &field.ty {
        Type::Primitive(Primitive::Bool) => default.unwrap_or("false").to_owned(),
        Type::Primitive(Primitive::Float64) => {
            default.map_or("0.0".to_owned(), |value| format!("{value}_f64"))
        }
        Type::Primitive(Primitive::Uuid) if is_topic_id(field) => "TopicId::ZERO".to_owned(),
        Type::Primitive(Primitive::Uuid) => "[0; 16]".to_owned(),
        Type::Primitive(Primitive::String) => "StrBytes::default()".to_owned(),
        Type::Primitive(Primitive::Bytes) => "Bytes::new()".to_owned(),
        Type::Primitive(Primitive::Records) => "Records::new()".to_owned(),
        Type::Primitive(_) if is_error_code(field) => match default {
            None | Some("0") => "ErrorCode::NONE".to_owned(),
            Some(code) => format!("ErrorCode({code})"),
        },
        Type::Primitive(_) => default.unwrap_or("0").to_owned(),
        Type::Struct(name, _) => format!("{name}::default()"),
        Type::Array(element) if is_int32(element) => "Int32Array::new()".to_owned(),
        Type::Array(_) => "Vec::new()".to_owned(),
    };
    if nullable { format!("Some({value})") } else { value }
}

pub(super) fn rust_name(field: &Field) -> String {
    match snake_case(&field.name).as_str() {
        "type" => "r#type".to_owned(),
        "match" => "r#match".to_owned(),
        name => name.to_owned(),
    }
}

pub(super) fn rust_type(field: &Field) -> String {
    let inner = match &field.ty {
        Type::Array(element) if is_int32(element) => "Int32Array".to_owned(),
        Type::Array(element) => format!("Vec<{}>", plain_type(field, element)),
        other => plain_type(field, other),
    };
    if field.nullable.is_none() { inner } else { format!("Option<{inner}>") }
}

fn plain_type(field: &Field, ty: &Type) -> String {
    match ty {
        Type::Primitive(Primitive::Bool) => "bool",
        Type::Primitive(Primitive::Int8) => "i8",
        Type::Primitive(Primitive::Int16) if is_error_code(field) => "ErrorCode",
        Type::Primitive(Primitive::Int16) => "i16",
        Type::Primitive(Primitive::Uint16) => "u16",
        Type::Primitive(Primitive::Int32) => "i32",
        Type::Primitive(Primitive::Int64) => "i64",
        Type::Primitive(Primitive::Float64) => "f64",
        Type::Primitive(Primitive::Uuid) if is_topic_id(field) => "TopicId",
        Type::Primitive(Primitive::Uuid) => "[u8; 16]",
        Type::Primitive(Primitive::String) => "StrBytes",
        Type::Primitive(Primitive::Bytes) => "Bytes",
        Type::Primitive(Primitive::Records) => "Records",
        Type::Struct(name, _) => name,
        Type::Array(_) => unreachable!("the protocol has no arrays of arrays"),
    }
    .to_owned()
}

pub(super) fn method(field: &Field) -> &'static str {
    element_method(field, &field.ty)
}

pub(super) fn element_method(field: &Field, ty: &Type) -> &'static str {
    match ty {
        Type::Primitive(Primitive::Bool) => "bool",
        Type::Primitive(Primitive::Int8) => "int8",
        Type::Primitive(Primitive::Int16) if is_error_code(field) => "error_code",
        Type::Primitive(Primitive::Int16) => "int16",
        Type::Primitive(Primitive::Uint16) => "uint16",
        Type::Primitive(Primitive::Int32) => "int32",
        Type::Primitive(Primitive::Int64) => "int64",
        Type::Primitive(Primitive::Float64) => "float64",
        Type::Primitive(Primitive::Uuid) if is_topic_id(field) => "topic_id",
        Type::Primitive(Primitive::Uuid) => "uuid",
        _ => unreachable!("not a fixed-size type"),
    }
}

/// Arrays of them have a type of their own.
pub(super) fn is_int32(element: &Type) -> bool {
    *element == Type::Primitive(Primitive::Int32)
}

/// Bytes on the wire, if they are always as many.
pub(super) fn fixed_size(field: &Field) -> Option<usize> {
    match field.ty {
        Type::Primitive(Primitive::Bool | Primitive::Int8) => Some(1),
        Type::Primitive(Primitive::Int16 | Primitive::Uint16) => Some(2),
        Type::Primitive(Primitive::Int32) => Some(4),
        Type::Primitive(Primitive::Int64 | Primitive::Float64) => Some(8),
        Type::Primitive(Primitive::Uuid) => Some(16),
        _ => None,
    }
}

/// Neighbouring fields together that are of fixed sizes and in the same versions; every other field alone.
pub(super) fn runs<'f>(fields: &[&'f Field], known: Versions) -> Vec<Vec<&'f Field>> {
    let mut runs: Vec<Vec<&Field>> = Vec::new();
    for field in fields {
        if let Some(run) = runs.last_mut()
            && let Some(before) = run.last()
            && fixed_size(before).is_some()
            && fixed_size(field).is_some()
            && condition(before.versions, known) == condition(field.versions, known)
        {
            run.push(field);
        } else {
            runs.push(vec![field]);
        }
    }
    runs
}

/// The field, for errors.
pub(super) fn place(structure: &str, field: &Field) -> String {
    format!("Field::of(\"{structure}\", \"{}\")", rust_name(field))
}

fn is_error_code(field: &Field) -> bool {
    field.name.ends_with("ErrorCode") && !matches!(field.ty, Type::Array(_))
}

fn is_topic_id(field: &Field) -> bool {
    field.name.starts_with("TopicId")
}

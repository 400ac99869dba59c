//! The function that reads a structure.

use super::super::schema::{Field, Primitive, Schema, Struct, Type};
use super::field::{condition, element_method, flexible, method, outside, rust_name, version_parameter};
use std::fmt::Write;

pub(super) fn emit_decode(
    out: &mut String,
    schema: &Schema,
    structure: &Struct,
    top: bool,
    visibility: &str,
) {
    let signature_end = out.len();
    let signature = |body: &str| {
        format!(
            "{visibility} fn decode(decoder: &mut Decoder, {}: i16) -> Result<Self, DecodeError> {{\n",
            version_parameter(body)
        )
    };
    if top {
        out.push_str("decodable::<Self>(version)?;\n");
    }
    let flexible = flexible(out, schema);
    if structure.fields.is_empty() && schema.flexible.is_none() {
        out.push_str("let _ = decoder;\n");
        let signature = signature(&out[signature_end..]);
        out.insert_str(signature_end, &signature);
        out.push_str("Ok(Self::default())\n}\n");
        return;
    }
    out.push_str("let mut message = Self::default();\n");
    let (tagged, plain): (Vec<_>, Vec<_>) = structure.fields.iter().partition(|field| field.tag.is_some());
    for field in plain {
        let read = decode_value(schema, &structure.name, field, &flexible);
        let _ = match condition(field.versions, schema.versions) {
            None => writeln!(out, "{read}"),
            Some(condition) => writeln!(out, "if {condition} {{\n{read}\n}}"),
        };
    }
    if !schema.flexible.is_none() {
        let conditional = !schema.flexible.covers(schema.versions);
        if conditional {
            out.push_str("if flexible {\n");
        }
        if tagged.is_empty() {
            out.push_str("message.unknown_tagged_fields = decoder.tagged_fields(|_, _| Ok(false))?;\n");
        } else {
            out.push_str("let unknown = decoder.tagged_fields(|tag, decoder| {\nmatch tag {\n");
            for field in tagged {
                let guard = condition(field.versions, schema.flexible.intersection(schema.versions))
                    .map_or(String::new(), |condition| format!(" if {condition}"));
                let read = decode_value(schema, &structure.name, field, "true");
                let _ = writeln!(out, "{}{guard} => {{\n{read}\n}}", field.tag.unwrap_or_default());
            }
            out.push_str(
                "_ => return Ok(false),\n}\nOk(true)\n})?;\nmessage.unknown_tagged_fields = unknown;\n",
            );
        }
        if conditional {
            out.push_str("}\n");
        }
    }
    let signature = signature(&out[signature_end..]);
    out.insert_str(signature_end, &signature);
    out.push_str("Ok(message)\n}\n");
}

/// A statement that reads a field.
fn decode_value(schema: &Schema, structure: &str, field: &Field, flexible: &str) -> String {
    let name = rust_name(field);
    let null = format!("DecodeError::unexpected_null(\"{structure}\", \"{name}\", version)");
    let nullable = !field.nullable.is_none();
    let optional = match &field.ty {
        Type::Primitive(Primitive::String) => format!("decoder.string({flexible})?"),
        Type::Primitive(Primitive::Bytes) => format!("decoder.bytes({flexible})?"),
        Type::Primitive(Primitive::Records) => format!("decoder.records({flexible})?"),
        Type::Primitive(_) => return format!("message.{name} = decoder.{}()?;", method(field)),
        Type::Struct(ty, _) if nullable => {
            format!("if decoder.int8()? < 0 {{ None }} else {{ Some({ty}::decode(decoder, version)?) }}")
        }
        Type::Struct(ty, _) => return format!("message.{name} = {ty}::decode(decoder, version)?;"),
        Type::Array(element) if **element == Type::Primitive(Primitive::Int32) => {
            format!("decoder.int32_array({flexible})?")
        }
        Type::Array(element) => {
            let read = match &**element {
                Type::Primitive(Primitive::String) => {
                    format!("decoder.string({flexible})?.ok_or_else(|| {null})")
                }
                Type::Primitive(Primitive::Bytes) => {
                    format!("decoder.bytes({flexible})?.ok_or_else(|| {null})")
                }
                Type::Primitive(_) => format!("decoder.{}()", element_method(field, element)),
                Type::Struct(ty, _) => format!("{ty}::decode(decoder, version)"),
                Type::Array(_) => unreachable!("the protocol has no arrays of arrays"),
            };
            format!("decoder.array({flexible}, |decoder| {read})?")
        }
    };
    if !nullable {
        return format!("message.{name} = {optional}.ok_or_else(|| {null})?;");
    }
    let mut read = format!("message.{name} = {optional};");
    if let Some(outside) = outside(field.nullable, field.versions.intersection(schema.versions)) {
        let _ = write!(read, "\nif message.{name}.is_none() && {outside} {{ return Err({null}); }}");
    }
    read
}

//! The function that reads a structure.

use super::super::schema::{Field, Primitive, Schema, Struct, Type};
use super::field::{
    condition, default_value, element_method, flexible, method, outside, rust_name, version_parameter,
};
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
    let (tagged, plain): (Vec<_>, Vec<_>) = structure.fields.iter().partition(|field| field.tag.is_some());
    for field in plain {
        let read = decode_value(schema, &structure.name, field, &flexible);
        let name = local(field);
        let _ = match condition(field.versions, schema.versions) {
            None => writeln!(out, "let {name} = {read};"),
            Some(condition) => {
                writeln!(out, "let {name} = if {condition} {{ {read} }} else {{ {} }};", default_value(field))
            }
        };
    }
    for field in &tagged {
        let _ = writeln!(out, "let mut {} = {};", local(field), default_value(field));
    }
    if !schema.flexible.is_none() {
        let read = tagged_fields(schema, structure, &tagged);
        let _ = if schema.flexible.covers(schema.versions) {
            writeln!(out, "let unknown_tagged_fields = {read};")
        } else {
            writeln!(
                out,
                "let unknown_tagged_fields = if flexible {{ {read} }} else {{ UnknownTaggedFields::default() }};"
            )
        };
    }
    let mut fields: Vec<String> = structure
        .fields
        .iter()
        .map(|field| match (rust_name(field), local(field)) {
            (name, local) if name == local => name,
            (name, local) => format!("{name}: {local}"),
        })
        .collect();
    if !schema.flexible.is_none() {
        fields.push("unknown_tagged_fields".to_owned());
    }
    let signature = signature(&out[signature_end..]);
    out.insert_str(signature_end, &signature);
    let _ = writeln!(out, "Ok(Self {{ {} }})\n}}", fields.join(", "));
}

/// What a field is called until the structure is made.
fn local(field: &Field) -> String {
    let name = rust_name(field);
    // The function has its own of these names.
    if ["decoder", "version", "flexible", "tag"].contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// An expression that reads the tagged fields, assigns the known ones, and gives the others.
fn tagged_fields(schema: &Schema, structure: &Struct, tagged: &[&Field]) -> String {
    if tagged.is_empty() {
        return "decoder.tagged_fields(|_, _| Ok(false))?".to_owned();
    }
    let mut read = "decoder.tagged_fields(|tag, decoder| {\nmatch tag {\n".to_owned();
    for field in tagged {
        let guard = condition(field.versions, schema.flexible.intersection(schema.versions))
            .map_or(String::new(), |condition| format!(" if {condition}"));
        let value = decode_value(schema, &structure.name, field, "true");
        let _ =
            writeln!(read, "{}{guard} => {{ {} = {value}; }}", field.tag.unwrap_or_default(), local(field));
    }
    read.push_str("_ => return Ok(false),\n}\nOk(true)\n})?");
    read
}

/// An expression that reads a field.
fn decode_value(schema: &Schema, structure: &str, field: &Field, flexible: &str) -> String {
    let name = rust_name(field);
    let null = format!("DecodeError::unexpected_null(\"{structure}\", \"{name}\", version)");
    let nullable = !field.nullable.is_none();
    let optional = match &field.ty {
        Type::Primitive(Primitive::String) => format!("decoder.string({flexible})?"),
        Type::Primitive(Primitive::Bytes) => format!("decoder.bytes({flexible})?"),
        Type::Primitive(Primitive::Records) => format!("decoder.records({flexible})?"),
        Type::Primitive(_) => return format!("decoder.{}()?", method(field)),
        Type::Struct(ty, _) if nullable => {
            format!("if decoder.int8()? < 0 {{ None }} else {{ Some({ty}::decode(decoder, version)?) }}")
        }
        Type::Struct(ty, _) => return format!("{ty}::decode(decoder, version)?"),
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
        return format!("{optional}.ok_or_else(|| {null})?");
    }
    match outside(field.nullable, field.versions.intersection(schema.versions)) {
        None => optional,
        Some(outside) => {
            format!("match {optional} {{ None if {outside} => return Err({null}), value => value }}")
        }
    }
}

//! The function that reads a structure.

use super::super::schema::{Field, Primitive, Schema, Struct, Type};
use super::field::{
    condition, element_method, fixed_size, flexible, is_int32, method, outside, place, runs, rust_name,
    version_parameter,
};
use std::fmt::Write;

pub(super) fn emit_decode(out: &mut String, schema: &Schema, structure: &Struct) {
    let mut body = String::new();
    let flexible = flexible(&mut body, schema);
    let (tagged, plain): (Vec<_>, Vec<_>) = structure.fields.iter().partition(|field| field.tag.is_some());
    for run in runs(&plain, schema.versions) {
        let read = match &run[..] {
            [field] => read_field(schema, &structure.name, field, &flexible),
            fields => read_fixed(&structure.name, fields),
        };
        let _ = match condition(run[0].versions, schema.versions) {
            None => write!(body, "{read}"),
            Some(condition) => writeln!(body, "if {condition} {{\n{read}}}"),
        };
    }
    if !schema.flexible.is_none() {
        let read = read_tagged_fields(schema, structure, &tagged);
        let _ = if flexible == "true" {
            write!(body, "{read}")
        } else {
            writeln!(body, "if {flexible} {{\n{read}}}")
        };
    }
    let decoder = if body.contains("decoder") { "decoder" } else { "_decoder" };
    let _ = writeln!(
        out,
        "#[inline]\nfn read(&mut self, {decoder}: &mut Decoder, {}: i16) -> Result<(), Failure> {{\n{body}Ok(())\n}}",
        version_parameter(&body)
    );
}

/// Statements that read neighbouring fields at once.
fn read_fixed(structure: &str, fields: &[&Field]) -> String {
    let mut read = String::new();
    let mut at = 0;
    for field in fields {
        let _ = writeln!(read, "self.{} = fields.{}({at});", rust_name(field), method(field));
        at += fixed_size(field).unwrap_or_default();
    }
    format!("let fields = decoder.fixed_fields::<{at}>(\"{structure}\")?;\n{read}")
}

/// A statement that reads the tagged fields, the known ones into their places.
fn read_tagged_fields(schema: &Schema, structure: &Struct, tagged: &[&Field]) -> String {
    if tagged.is_empty() {
        return "decoder.read_unknown_tagged_fields(&mut self.unknown_tagged_fields)?;\n".to_owned();
    }
    let mut read =
        "decoder.read_tagged_fields(&mut self.unknown_tagged_fields, |tag, decoder| {\nmatch tag {\n"
            .to_owned();
    for field in tagged {
        let guard = condition(field.versions, schema.flexible.intersection(schema.versions))
            .map_or(String::new(), |condition| format!(" if {condition}"));
        let value = read_field(schema, &structure.name, field, "true");
        let _ = writeln!(read, "{}{guard} => {{ {value} }}", field.tag.unwrap_or_default());
    }
    read.push_str("_ => return Ok(false),\n}\nOk(true)\n})?;\n");
    read
}

/// Statements that read a field.
fn read_field(schema: &Schema, structure: &str, field: &Field, flexible: &str) -> String {
    let name = rust_name(field);
    let place = place(structure, field);
    let arguments = format!("&mut self.{name}, {flexible}, version, {place}");
    let nullable = !field.nullable.is_none();
    let mut read = match &field.ty {
        Type::Primitive(Primitive::String) => format!("decoder.read_string({arguments})?;\n"),
        Type::Primitive(Primitive::Bytes) => format!("decoder.read_bytes({arguments})?;\n"),
        Type::Primitive(Primitive::Records) => format!("decoder.read_records({arguments})?;\n"),
        Type::Primitive(_) => format!("self.{name} = decoder.{}()?;\n", method(field)),
        Type::Struct(..) if nullable => {
            format!("decoder.read_nullable_structure(&mut self.{name}, version)?;\n")
        }
        Type::Struct(..) => format!("self.{name}.read(decoder, version)?;\n"),
        Type::Array(element) if is_int32(element) => format!("decoder.read_int32_array({arguments})?;\n"),
        Type::Array(element) => match &**element {
            Type::Struct(..) => format!("decoder.read_structures({arguments})?;\n"),
            Type::Array(_) => unreachable!("the protocol has no arrays of arrays"),
            Type::Primitive(primitive) => {
                let read = match primitive {
                    Primitive::String => {
                        format!("decoder.string({flexible})?.ok_or_else(|| {place}.null(version))")
                    }
                    Primitive::Bytes => {
                        format!("decoder.bytes({flexible})?.ok_or_else(|| {place}.null(version))")
                    }
                    _ => format!("Ok(decoder.{}()?)", element_method(field, element)),
                };
                format!("decoder.read_array({arguments}, |decoder| {read})?;\n")
            }
        },
    };
    if nullable && let Some(outside) = outside(field.nullable, field.versions.intersection(schema.versions)) {
        let _ = writeln!(
            read,
            "if {outside} && self.{name}.is_none() {{\nreturn Err({place}.null(version));\n}}"
        );
    }
    read
}

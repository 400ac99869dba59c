//! The function that writes a structure.

use super::super::schema::{Field, Primitive, Schema, Struct, Type, Versions};
use super::field::{
    condition, differs, element_method, flexible, method, outside, rust_name, version_parameter,
};
use std::fmt::Write;

pub(super) fn emit_encode(
    out: &mut String,
    schema: &Schema,
    structure: &Struct,
    top: bool,
    visibility: &str,
) {
    let name = &structure.name;
    let signature_end = out.len();
    if top {
        out.push_str("encodable::<Self>(version)?;\n");
    }
    let flexible = flexible(out, schema);
    let (mut tagged, plain): (Vec<_>, Vec<_>) =
        structure.fields.iter().partition(|field| field.tag.is_some());
    // Whatever the order of the schema: on the wire tags ascend.
    tagged.sort_by_key(|field| field.tag);
    for field in plain {
        emit_encode_field(out, schema, name, field, &flexible);
    }
    if !schema.flexible.is_none() {
        emit_encode_tagged(out, schema, name, &tagged);
    }
    if structure.fields.is_empty() && schema.flexible.is_none() {
        out.push_str("let _ = encoder;\n");
    }
    let signature = format!(
        "{visibility} fn encode(&self, encoder: &mut Encoder, {}: i16) -> Result<(), EncodeError> {{\n",
        version_parameter(&out[signature_end..])
    );
    out.insert_str(signature_end, &signature);
    out.push_str("Ok(())\n}\n\n");
}

fn emit_encode_field(out: &mut String, schema: &Schema, structure: &str, field: &Field, flexible: &str) {
    let condition = condition(field.versions, schema.versions);
    let mut write = String::new();
    emit_null_check(&mut write, schema, structure, field);
    write.push_str(&encode_value(field, &format!("self.{}", rust_name(field)), flexible));
    match condition {
        None => out.push_str(&write),
        Some(condition) => {
            let _ = write!(out, "if {condition} {{\n{write}}}");
            if !field.ignorable {
                let _ = write!(out, " else if {} {{\n{}}}", differs(field), not_in_version(structure, field));
            }
            out.push('\n');
        }
    }
}

fn emit_null_check(out: &mut String, schema: &Schema, structure: &str, field: &Field) {
    let present = field.versions.intersection(schema.versions);
    if !field.nullable.is_none()
        && let Some(not_nullable) = outside(field.nullable, present)
    {
        let _ = writeln!(
            out,
            "if self.{name}.is_none() && {not_nullable} {{\n\
             return Err(EncodeError::null_not_in_version(\"{structure}\", \"{name}\", version));\n}}",
            name = rust_name(field),
        );
    }
}

fn not_in_version(structure: &str, field: &Field) -> String {
    format!(
        "return Err(EncodeError::field_not_in_version(\"{structure}\", \"{}\", version));\n",
        rust_name(field)
    )
}

fn emit_encode_tagged(out: &mut String, schema: &Schema, structure: &str, tagged: &[&Field]) {
    for field in tagged {
        if let Some(outside) = outside(field.versions, schema.versions)
            && !field.ignorable
        {
            let _ = writeln!(
                out,
                "if {outside} && {} {{\n{}}}",
                differs(field),
                not_in_version(structure, field)
            );
        }
    }
    let conditional = !schema.flexible.covers(schema.versions);
    if conditional {
        out.push_str("if flexible {\n");
    }
    let written =
        |field: &Field| match condition(field.versions, schema.flexible.intersection(schema.versions)) {
            Some(condition) => format!("{condition} && {}", differs(field)),
            None => differs(field),
        };
    if tagged.is_empty() {
        out.push_str("encoder.unsigned_varint(self.unknown_tagged_fields.len() as u32);\n");
    } else {
        let counts: Vec<String> =
            tagged.iter().map(|field| format!("u32::from({})", written(field))).collect();
        let _ = writeln!(
            out,
            "let known = {};\nencoder.unsigned_varint(known + self.unknown_tagged_fields.len() as u32);",
            counts.join(" + ")
        );
        for field in tagged {
            let value = encode_value(field, &format!("self.{}", rust_name(field)), "true");
            let _ = writeln!(
                out,
                "if {} {{\nencoder.tagged_field({}, |encoder| {{\n{value}Ok(())\n}})?;\n}}",
                written(field),
                field.tag.unwrap_or_default()
            );
        }
    }
    let highest = highest_known_tag(tagged, schema.flexible.intersection(schema.versions));
    let _ = writeln!(out, "self.unknown_tagged_fields.encode(encoder, {highest})?;");
    if conditional {
        let _ = writeln!(
            out,
            "}} else if !self.unknown_tagged_fields.is_empty() {{\n\
             return Err(EncodeError::field_not_in_version(\"{structure}\", \"unknown_tagged_fields\", version));\n}}"
        );
    }
}

/// The expression for the highest tag that `version`, a flexible one, knows; `tagged` ascend.
fn highest_known_tag(tagged: &[&Field], flexible: Versions) -> String {
    let mut expression = String::new();
    let mut covered = None;
    for field in tagged.iter().rev() {
        let tag = field.tag.unwrap_or_default();
        let condition = condition(field.versions, flexible);
        if condition.is_some() && condition == covered {
            continue;
        }
        covered.clone_from(&condition);
        match condition {
            Some(condition) => {
                let _ = write!(expression, "if {condition} {{ Some({tag}) }} else ");
            }
            None if expression.is_empty() => return format!("Some({tag})"),
            None => return format!("{expression}{{ Some({tag}) }}"),
        }
    }
    if expression.is_empty() { "None".to_owned() } else { format!("{expression}{{ None }}") }
}

/// Statements that write `value`.
fn encode_value(field: &Field, value: &str, flexible: &str) -> String {
    let nullable = !field.nullable.is_none();
    match &field.ty {
        Type::Primitive(Primitive::String) if nullable => {
            format!("encoder.string({value}.as_deref(), {flexible})?;\n")
        }
        Type::Primitive(Primitive::String) => format!("encoder.string(Some(&{value}), {flexible})?;\n"),
        Type::Primitive(Primitive::Bytes) if nullable => {
            format!("encoder.bytes({value}.as_ref(), {flexible})?;\n")
        }
        Type::Primitive(Primitive::Bytes) => format!("encoder.bytes(Some(&{value}), {flexible})?;\n"),
        Type::Primitive(Primitive::Records) if nullable => {
            format!("encoder.records({value}.as_ref(), {flexible})?;\n")
        }
        Type::Primitive(Primitive::Records) => format!("encoder.records(Some(&{value}), {flexible})?;\n"),
        Type::Primitive(_) => format!("encoder.{}({value});\n", method(field)),
        Type::Struct(..) if nullable => format!(
            "match &{value} {{\nSome(value) => {{\nencoder.int8(1);\nvalue.encode(encoder, version)?;\n}}\nNone => encoder.int8(-1),\n}}\n"
        ),
        Type::Struct(..) => format!("{value}.encode(encoder, version)?;\n"),
        Type::Array(element) => {
            let (length, iterate) = if nullable {
                (format!("{value}.as_ref().map(Vec::len)"), format!("{value}.iter().flatten()"))
            } else {
                (format!("Some({value}.len())"), format!("&{value}"))
            };
            let write = match &**element {
                Type::Primitive(Primitive::String) => format!("encoder.string(Some(element), {flexible})?;"),
                Type::Primitive(Primitive::Bytes) => format!("encoder.bytes(Some(element), {flexible})?;"),
                Type::Primitive(_) => format!("encoder.{}(*element);", element_method(field, element)),
                _ => "element.encode(encoder, version)?;".to_owned(),
            };
            format!(
                "encoder.array_length({length}, {flexible})?;\nfor element in {iterate} {{\n{write}\n}}\n"
            )
        }
    }
}

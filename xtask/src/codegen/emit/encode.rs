//! The function that writes a structure.

use super::super::schema::{Field, Primitive, Schema, Struct, Type, Versions};
use super::field::{
    condition, differs, element_method, fixed_size, flexible, is_int32, method, outside, place, runs,
    rust_name, version_parameter,
};
use std::fmt::Write;

pub(super) fn emit_encode(out: &mut String, schema: &Schema, structure: &Struct) {
    let name = &structure.name;
    let mut body = String::new();
    let flexible = flexible(&mut body, schema);
    let (mut tagged, plain): (Vec<_>, Vec<_>) =
        structure.fields.iter().partition(|field| field.tag.is_some());
    // Whatever the order of the schema: on the wire tags ascend.
    tagged.sort_by_key(|field| field.tag);
    for run in runs(&plain, schema.versions) {
        let write = match &run[..] {
            [field] => write_field(schema, name, field, &flexible),
            fields => write_fixed(fields),
        };
        emit_in_versions(&mut body, schema, name, &run, &write);
    }
    if !schema.flexible.is_none() {
        emit_tagged(&mut body, schema, name, &tagged, &flexible);
    }
    let encoder = if body.contains("encoder") { "encoder" } else { "_encoder" };
    let _ = writeln!(
        out,
        "#[inline]\nfn write(&self, {encoder}: &mut Encoder, {}: i16) {{\n{body}}}\n",
        version_parameter(&body)
    );
}

/// Statements that write neighbouring fields at once.
fn write_fixed(fields: &[&Field]) -> String {
    let mut write = String::new();
    let mut at = 0;
    for field in fields {
        let _ = writeln!(write, "fields.{}({at}, self.{});", method(field), rust_name(field));
        at += fixed_size(field).unwrap_or_default();
    }
    format!("let mut fields = encoder.fixed_fields::<{at}>();\n{write}")
}

/// `write` in the versions of these fields, which are the same; in others, they may not be set.
fn emit_in_versions(out: &mut String, schema: &Schema, structure: &str, run: &[&Field], write: &str) {
    let Some(condition) = condition(run[0].versions, schema.versions) else {
        let open = run.len() > 1;
        let _ = if open { write!(out, "{{\n{write}}}\n") } else { write!(out, "{write}") };
        return;
    };
    let _ = write!(out, "if {condition} {{\n{write}}}");
    for field in run.iter().filter(|field| !field.ignorable) {
        let _ = write!(out, " else if {} {{\n{}}}", differs(field), not_in_version(structure, field));
    }
    out.push('\n');
}

fn write_field(schema: &Schema, structure: &str, field: &Field, flexible: &str) -> String {
    let mut write = String::new();
    emit_null_check(&mut write, schema, structure, field);
    write.push_str(&encode_value(field, &format!("self.{}", rust_name(field)), flexible));
    write
}

fn emit_null_check(out: &mut String, schema: &Schema, structure: &str, field: &Field) {
    let present = field.versions.intersection(schema.versions);
    if !field.nullable.is_none()
        && let Some(not_nullable) = outside(field.nullable, present)
    {
        let _ = writeln!(
            out,
            "if self.{name}.is_none() && {not_nullable} {{\n\
             encoder.fail({place}.null_not_in(version));\n}}",
            name = rust_name(field),
            place = place(structure, field),
        );
    }
}

fn not_in_version(structure: &str, field: &Field) -> String {
    format!("encoder.fail({}.not_in(version));\n", place(structure, field))
}

fn emit_tagged(out: &mut String, schema: &Schema, structure: &str, tagged: &[&Field], flexible: &str) {
    if tagged.is_empty() {
        let _ = writeln!(
            out,
            "encoder.write_unknown_tagged_fields({flexible}, version, \"{structure}\", &self.unknown_tagged_fields);"
        );
        return;
    }
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
    let counts: Vec<String> = tagged.iter().map(|field| format!("u32::from({})", written(field))).collect();
    let _ = writeln!(
        out,
        "let known = {};\nencoder.unsigned_varint(known + self.unknown_tagged_fields.len() as u32);",
        counts.join(" + ")
    );
    for field in tagged {
        let value = encode_value(field, &format!("self.{}", rust_name(field)), "true");
        let _ = writeln!(
            out,
            "if {} {{\nencoder.write_tagged_field({}, |encoder| {{\n{value}}});\n}}",
            written(field),
            field.tag.unwrap_or_default()
        );
    }
    let highest = highest_known_tag(tagged, schema.flexible.intersection(schema.versions));
    let _ = writeln!(out, "self.unknown_tagged_fields.write(encoder, {highest});");
    if conditional {
        let _ = writeln!(
            out,
            "}} else {{\nencoder.write_unknown_tagged_fields(false, version, \"{structure}\", &self.unknown_tagged_fields);\n}}"
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
            format!("encoder.write_string({value}.as_deref(), {flexible});\n")
        }
        Type::Primitive(Primitive::String) => format!("encoder.write_string(Some(&{value}), {flexible});\n"),
        Type::Primitive(Primitive::Bytes) if nullable => {
            format!("encoder.write_bytes({value}.as_ref(), {flexible});\n")
        }
        Type::Primitive(Primitive::Bytes) => format!("encoder.write_bytes(Some(&{value}), {flexible});\n"),
        Type::Primitive(Primitive::Records) if nullable => {
            format!("encoder.write_records({value}.as_ref(), {flexible});\n")
        }
        Type::Primitive(Primitive::Records) => {
            format!("encoder.write_records(Some(&{value}), {flexible});\n")
        }
        Type::Primitive(_) => format!("encoder.{}({value});\n", method(field)),
        Type::Struct(..) if nullable => {
            format!("encoder.write_nullable_structure({value}.as_ref(), version);\n")
        }
        Type::Struct(..) => format!("{value}.write(encoder, version);\n"),
        Type::Array(element) => {
            let slice = if nullable { format!("{value}.as_deref()") } else { format!("Some(&{value})") };
            match &**element {
                Type::Struct(..) => format!("encoder.write_structures({slice}, {flexible}, version);\n"),
                element if is_int32(element) => {
                    let array =
                        if nullable { format!("{value}.as_ref()") } else { format!("Some(&{value})") };
                    format!("encoder.write_int32_array({array}, {flexible});\n")
                }
                element => encode_primitives(field, &slice, element, flexible),
            }
        }
    }
}

fn encode_primitives(field: &Field, slice: &str, element: &Type, flexible: &str) -> String {
    let write = match element {
        Type::Primitive(Primitive::String) => format!("encoder.write_string(Some(element), {flexible})"),
        Type::Primitive(Primitive::Bytes) => format!("encoder.write_bytes(Some(element), {flexible})"),
        element => format!("encoder.{}(*element)", element_method(field, element)),
    };
    format!("encoder.write_array({slice}, {flexible}, |encoder, element| {write});\n")
}

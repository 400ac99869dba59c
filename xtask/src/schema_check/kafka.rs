//! Kafka's own definitions, as far as they are compared.

use super::described::{Described, flatten, head};
use crate::codegen::parse;
use crate::codegen::schema::{Field, Struct, Versions};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Definition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    api_key: Option<i16>,
    #[serde(default)]
    listeners: Vec<String>,
    valid_versions: String,
    #[serde(default)]
    latest_version_unstable: bool,
    flexible_versions: Option<String>,
    #[serde(default)]
    fields: Vec<KafkaField>,
    #[serde(default)]
    common_structs: Vec<KafkaStruct>,
}

#[derive(Deserialize)]
struct KafkaStruct {
    name: String,
    fields: Vec<KafkaField>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KafkaField {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    versions: Option<String>,
    nullable_versions: Option<String>,
    tag: Option<u32>,
    tagged_versions: Option<String>,
    #[serde(default)]
    map_key: bool,
    #[serde(default)]
    ignorable: bool,
    default: Option<Value>,
    #[serde(default)]
    fields: Vec<KafkaField>,
}

impl Definition {
    /// Kafka's kinds of data: `data`, `metadata`, `coordinator-key`, `coordinator-value`.
    fn is_data(&self) -> bool {
        !matches!(self.kind.as_str(), "request" | "response")
    }

    pub(super) fn is_retired(&self) -> bool {
        self.valid_versions == "none"
    }

    pub(super) fn describe(&self) -> Result<Described> {
        let supported = parse::versions(&self.valid_versions)?;
        let unstable = if self.latest_version_unstable {
            Versions { min: supported.max, ..supported }
        } else {
            Versions::NONE
        };
        let flexible = versions(self.flexible_versions.as_deref())?;
        let shared = self
            .common_structs
            .iter()
            .map(|shared| Ok(Struct { name: shared.name.clone(), fields: convert(&shared.fields)? }))
            .collect::<Result<Vec<_>>>()?;
        let mut fields = Vec::new();
        flatten("", &convert(&self.fields)?, &shared, &mut fields);
        Ok(Described {
            is_data: self.is_data(),
            head: head(self.api_key, supported, unstable, flexible, &self.listeners),
            fields,
        })
    }
}

fn convert(fields: &[KafkaField]) -> Result<Vec<Field>> {
    fields.iter().map(|field| field.convert().with_context(|| field.name.clone())).collect()
}

impl KafkaField {
    fn convert(&self) -> Result<Field> {
        let tagged = versions(self.tagged_versions.as_deref())?;
        // Some tagged fields say nothing but where they are tagged.
        let present = self.versions.as_deref().map_or(Ok(tagged), parse::versions)?;
        // A field that is tagged in some versions and not in others is beyond our schemas.
        ensure!(self.tag.is_none() || tagged == present, "tagged in {tagged}, present in {present}");
        Ok(Field {
            name: self.name.clone(),
            ty: parse::ty(&self.ty, convert(&self.fields)?),
            versions: present,
            nullable: versions(self.nullable_versions.as_deref())?,
            tag: self.tag,
            key: self.map_key,
            ignorable: self.ignorable,
            secret: false,
            default: self.default.as_ref().map(|default| match default {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
            note: None,
        })
    }
}

fn versions(text: Option<&str>) -> Result<Versions> {
    match text {
        None | Some("none") => Ok(Versions::NONE),
        Some(text) => parse::versions(text),
    }
}

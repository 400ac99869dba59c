//! `cargo xtask schema-check FILE`: our schemas beside Kafka's own definitions, one message of which stands in each line
//! of the file as JSON. A new release of Kafka is the list of what this prints.
//!
//! Compared is all that the wire depends on, and what a field may leave out: keys, versions, listeners; of fields the
//! order, type, versions, null, tag, map key, ignorable, default. Comments and entity types are not.

mod described;
mod kafka;

use crate::codegen::{self, Schema};
use anyhow::{Context, Result, ensure};
use described::Described;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Compares, and prints what differs.
///
/// # Errors
/// A file that can't be read; at the end, how many differences there are.
pub(crate) fn run(path: &Path) -> Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let schemas = codegen::schemas(&codegen::schema_folder())?;
    let report = check(&schemas, BufReader::new(file))?;
    for difference in &report.differences {
        println!("{difference}");
    }
    println!(
        "{} messages are the same; {} records are not in the file",
        report.equal,
        report.not_in_file.len()
    );
    ensure!(report.differences.is_empty(), "{} differences", report.differences.len());
    Ok(())
}

#[derive(Default, Debug)]
struct Report {
    equal: usize,
    differences: Vec<String>,
    /// Our records that the file does not have: Kafka keeps their definitions in several places.
    not_in_file: Vec<String>,
}

fn check(schemas: &[Schema], lines: impl BufRead) -> Result<Report> {
    let mut ours: BTreeMap<String, Described> = BTreeMap::new();
    for schema in schemas {
        for message in &schema.messages {
            ours.insert(message.top.name.clone(), Described::schema(schema, message));
        }
    }
    let mut report = Report::default();
    for (index, line) in lines.lines().enumerate() {
        let definition: kafka::Definition =
            serde_json::from_str(&line?).with_context(|| format!("line {}", index + 1))?;
        // Headers are not messages: `frame` reads and writes them. What is retired has no version.
        if definition.kind == "header" || definition.is_retired() {
            continue;
        }
        let theirs = definition.describe().with_context(|| format!("line {}", index + 1))?;
        match ours.remove(&definition.name) {
            None => report.differences.push(format!("{}: no schema has it", definition.name)),
            Some(ours) if ours == theirs => report.equal += 1,
            Some(ours) => {
                let differences = ours.differences(&theirs);
                report.differences.extend(differences.map(|line| format!("{}{line}", definition.name)));
            }
        }
    }
    for (name, described) in ours {
        if described.is_data {
            report.not_in_file.push(name);
        } else {
            report.differences.push(format!("{name}: the file does not have it"));
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests;

//! `cargo xtask codegen`: Rust from `kafka-protocol/schema`.

mod emit;
pub(crate) mod parse;
pub(crate) mod schema;

use anyhow::{Context, Result, bail};
pub(crate) use schema::Schema;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Writes the generated code; with `check`, only says whether what stands there is stale.
///
/// # Errors
/// Names the line of a schema that can't be read, or the files that are stale.
pub(crate) fn run(check: bool) -> Result<()> {
    let folder = generated_folder();
    let files = generate(&schemas(&schema_folder())?)?;
    let mut stale = Vec::new();
    for (name, text) in &files {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|present| present == *text) {
            continue;
        }
        if check {
            stale.push(name.clone());
        } else {
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            println!("wrote {name}");
        }
    }
    for entry in fs::read_dir(&folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rs") && !files.contains_key(&name) {
            stale.push(format!("{name} (no schema has it)"));
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask codegen`", stale.join(", "));
    }
    Ok(())
}

/// The schemas of a folder, by file name.
///
/// # Errors
/// Names the file and the line that can't be read.
pub(crate) fn schemas(folder: &Path) -> Result<Vec<Schema>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "kafka"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path)?;
        parse::schema(&text).with_context(|| format!("in {}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// File name → text, formatted.
fn generate(schemas: &[Schema]) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for schema in schemas {
        files.insert(format!("{}.rs", schema.module()), emit::file(schema));
    }
    files.insert("mod.rs".to_owned(), emit::modules(schemas));
    files.insert("table.rs".to_owned(), emit::table(schemas));
    files.insert("transcode.rs".to_owned(), emit::transcode(schemas));
    files.into_iter().map(|(name, text)| Ok((name, format(&text)?))).collect()
}

fn format(text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(workspace_folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    rustfmt.stdin.take().context("rustfmt has no input")?.write_all(text.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refused generated code");
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn workspace_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

pub(crate) fn schema_folder() -> PathBuf {
    workspace_folder().join("kafka-protocol/schema")
}

fn generated_folder() -> PathBuf {
    workspace_folder().join("kafka-protocol/src/messages")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_generated_code_is_what_the_schemas_give() {
        super::run(true).unwrap();
    }
}

//! `cargo xtask fuzz-seeds`: corpora of the fuzz targets from the vectors of kafka-protocol's tests.
//!
//! The targets in `fuzz/fuzz_targets` say how an input is laid out.

use crate::vectors;
use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use kafka_protocol::compression::compress;
use kafka_protocol::frame::{RequestHeader, request_frame};
use kafka_protocol::messages::{Direction, request_header_version};
use kafka_protocol::records::{LogEntries, LogEntry};
use kafka_types::Compression;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Each has a target that is called as it is.
const CODECS: [Compression; 4] =
    [Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD];

/// Writes the seeds, and says how many.
///
/// # Errors
/// Vectors that can't be read, a folder that can't be written.
pub(crate) fn run() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let data = workspace.join("kafka-protocol/tests/data");
    let mut corpora = Corpora { folder: workspace.join("fuzz/corpus"), written: 0 };
    for line in lines(&data.join("messages.tsv.gz"))? {
        let line = line?;
        let vector = vectors::Vector::parse(&line)?;
        corpora.add_message(&vector)?;
    }
    for line in lines(&data.join("batches.jsonl.gz"))? {
        let vector: Value = serde_json::from_str(&line?)?;
        let bytes = vector["hex"].as_str().and_then(vectors::unhex).context("a batch without bytes")?;
        corpora.add("batches", &bytes)?;
        for entry in LogEntries::new(bytes) {
            if let LogEntry::Batch(batch) = entry? {
                let codec = batch.header().attributes.codec();
                if let Some(compression) = CODECS.iter().find(|compression| compression.codec() == codec) {
                    corpora.add(&compression.to_string(), batch.payload())?;
                }
            }
        }
    }
    for compression in CODECS {
        for input in inputs() {
            let mut compressed = Vec::new();
            compress(compression, &input, &mut compressed)?;
            corpora.add(&compression.to_string(), &compressed)?;
        }
    }
    println!("{} seeds in {}", corpora.written, corpora.folder.display());
    Ok(())
}

/// What is compressed differently: nothing, a byte, repetition, text, and what does not compress.
fn inputs() -> [Vec<u8>; 5] {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let text =
        (0..40).map(|order| format!("order {order} of customer {}; ", order * 7 % 11)).collect::<String>();
    [Vec::new(), vec![b'a'], vec![b'a'; 3000], text.into_bytes(), (0..600).map(|_| noise()).collect()]
}

fn lines(path: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(BufReader::new(GzDecoder::new(file)).lines())
}

struct Corpora {
    folder: PathBuf,
    written: usize,
}

impl Corpora {
    fn add_message(&mut self, vector: &vectors::Vector<'_>) -> Result<()> {
        let direction = if vector.direction == Direction::Request { 0 } else { 0x80 };
        let head = [u8::try_from(vector.api.0)?, u8::try_from(vector.version)? | direction];
        self.add("messages", &[&head[..], &vector.body].concat())?;
        if let (Direction::Request, Some(header_version)) =
            (vector.direction, request_header_version(vector.api, vector.version))
        {
            let header = RequestHeader {
                api_key: vector.api,
                api_version: vector.version,
                correlation_id: 1,
                client_id: Some("seed".into()),
            };
            let frame = request_frame(&header, header_version, vec![vector.body.clone()])?;
            self.add("frames", &[&[7][..], &frame.concat()].concat())?;
        }
        Ok(())
    }

    fn add(&mut self, target: &str, seed: &[u8]) -> Result<()> {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(folder.join(format!("seed-{:05}", self.written)), seed)?;
        self.written += 1;
        Ok(())
    }
}

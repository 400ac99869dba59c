//! Files that may change while a producer runs: certificates are renewed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// More than any key store has.
const MOST: u64 = 16 * 1024 * 1024;

/// What a file looks like from outside: when it differs, the file is read again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Stamp {
    /// As the files are now. One that is missing, for instance while it is being replaced, is noted as that.
    pub(super) fn of(files: &[PathBuf]) -> Stamp {
        let look = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok();
            (path.clone(), metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))))
        };
        Stamp(files.iter().map(look).collect())
    }
}

/// Reads a file of secrets.
pub(super) fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = fs::File::open(path)?;
    // Room for all of it from the start: a buffer that grows leaves pieces behind.
    let length = file.metadata()?.len().min(MOST);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    if file.take(MOST + 1).read_to_end(&mut bytes)? as u64 > MOST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large for a key store"));
    }
    Ok(bytes)
}

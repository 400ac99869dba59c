//! The figures as they are checked in.

use anyhow::{Context, Error, Result, bail};
use std::fmt;
use std::str::FromStr;

/// All figures, and what they were counted with.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Figures {
    pub(super) machine: String,
    pub(super) rows: Vec<Figure>,
}

/// What one work takes.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Figure {
    pub(super) name: String,
    /// What `instructions` are per.
    pub(super) unit: String,
    /// Per unit.
    pub(super) instructions: f64,
    /// Calls to the allocator per batch; per unit where a work knows no batches.
    pub(super) allocations: f64,
}

const MACHINE: &str = "# counted with: ";
const COLUMNS: &str = "name\tunit\tinstructions per unit\tallocations per batch";

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MACHINE}{}", self.machine)?;
        writeln!(f, "{COLUMNS}")?;
        for Figure { name, unit, instructions, allocations } in &self.rows {
            writeln!(f, "{name}\t{unit}\t{instructions:.2}\t{allocations:.2}")?;
        }
        Ok(())
    }
}

impl FromStr for Figures {
    type Err = Error;

    fn from_str(text: &str) -> Result<Figures> {
        let mut lines = text.lines();
        let machine = lines.next().and_then(|line| line.strip_prefix(MACHINE));
        let machine = machine.with_context(|| format!("the first line starts with {MACHINE:?}"))?.to_owned();
        if lines.next() != Some(COLUMNS) {
            bail!("the second line is {COLUMNS:?}");
        }
        let rows = lines
            .map(|line| figure(line).with_context(|| format!("in the line {line:?}")))
            .collect::<Result<_>>()?;
        Ok(Figures { machine, rows })
    }
}

fn figure(line: &str) -> Result<Figure> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, unit, instructions, allocations] = *fields else { bail!("it has {} fields", fields.len()) };
    let (name, unit) = (name.to_owned(), unit.to_owned());
    let (instructions, allocations) = (instructions.parse()?, allocations.parse()?);
    Ok(Figure { name, unit, instructions, allocations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let figure = |name: &str, instructions, allocations| Figure {
            name: name.to_owned(),
            unit: "record".to_owned(),
            instructions,
            allocations,
        };
        let rows = vec![figure("send", 310.25, 4.5), figure("append", 99.0, 0.0)];
        let figures = Figures { machine: "rustc 1, glibc 2".to_owned(), rows };
        assert_eq!(figures.to_string().parse::<Figures>().unwrap(), figures);
    }

    #[test]
    fn lines_that_are_no_figures_are_named() {
        let text = format!("{MACHINE}x\n{COLUMNS}\nsend\trecord\tmany\t0");
        let error = text.parse::<Figures>().unwrap_err();
        assert!(error.to_string().contains("many"), "{error}");
        assert!("send\trecord\t1\t0".parse::<Figures>().is_err());
    }
}

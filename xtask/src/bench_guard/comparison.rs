//! Figures beside those that were checked in.

use super::figures::Figure;
use std::fmt;

/// So much more is a finding: 3 %. Less comes and goes with the compiler's choices elsewhere in the program.
const ALLOWED: f64 = 1.03;
/// What rounding may add to a figure, and so what a figure of 0 may grow to.
const ROUNDING: f64 = 0.01;

/// Line by line.
#[derive(Debug)]
pub(super) struct Comparison {
    lines: Vec<Line>,
    /// Figures whose work is gone.
    left_over: Vec<String>,
}

#[derive(Debug)]
struct Line {
    before: Option<Figure>,
    now: Figure,
}

impl Comparison {
    pub(super) fn new(before: &[Figure], now: &[Figure]) -> Comparison {
        let same = |name: &str| before.iter().find(|figure| figure.name == name).cloned();
        let lines = now.iter().map(|now| Line { before: same(&now.name), now: now.clone() }).collect();
        let gone = before.iter().filter(|figure| now.iter().all(|now| now.name != figure.name));
        Comparison { lines, left_over: gone.map(|figure| figure.name.clone()).collect() }
    }

    /// Works that take no more than before.
    pub(super) fn held(&self) -> usize {
        self.lines.iter().filter(|line| line.finding().is_none()).count()
    }

    /// Works that take over 3 % fewer instructions: until the figures are updated, that much may be lost again unseen.
    pub(super) fn fallen(&self) -> usize {
        let fell = |line: &&Line| {
            let [(_, before, now), _] = line.pairs();
            before.is_some_and(|before| now * ALLOWED < before)
        };
        self.lines.iter().filter(fell).count()
    }

    /// What grew, is new or is gone, in words.
    pub(super) fn failures(&self) -> Vec<String> {
        let lines = self.lines.iter().filter_map(Line::finding);
        lines.chain(self.left_over.iter().map(|name| format!("{name} is gone"))).collect()
    }
}

impl Line {
    fn finding(&self) -> Option<String> {
        let Figure { name, unit, .. } = &self.now;
        let Some(before) = &self.before else { return Some(format!("{name} has no figure yet")) };
        if before.unit != *unit {
            return Some(format!("{name} is per {unit} now, no longer per {}", before.unit));
        }
        let mut grown = Vec::new();
        for (what, before, now) in self.pairs() {
            let before = before.unwrap_or(0.0);
            if now > before * ALLOWED + ROUNDING {
                grown.push(format!("{name} takes {now:.2} {what} instead of {before:.2}"));
            }
        }
        (!grown.is_empty()).then(|| grown.join(", "))
    }

    fn pairs(&self) -> [(&'static str, Option<f64>, f64); 2] {
        let before = self.before.as_ref();
        [
            ("instructions", before.map(|figure| figure.instructions), self.now.instructions),
            ("allocations", before.map(|figure| figure.allocations), self.now.allocations),
        ]
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:24} {:9} {:>12} {:>12} {:>6}   {:>8} {:>8}",
            "work", "per", "instructions", "now", "ratio", "allocs", "now"
        )?;
        for line in &self.lines {
            let [(_, instructions_before, instructions), (_, allocations_before, allocations)] = line.pairs();
            let known = |number: Option<f64>, digits: usize| match number {
                Some(number) => format!("{number:.digits$}"),
                None => "-".to_owned(),
            };
            let ratio =
                instructions_before.filter(|before| *before > 0.0).map(|before| instructions / before);
            writeln!(
                f,
                "{:24} {:9} {:>12} {instructions:>12.1} {:>6}   {:>8} {allocations:>8.2}{}",
                line.now.name,
                line.now.unit,
                known(instructions_before, 1),
                known(ratio, 3),
                known(allocations_before, 2),
                if line.finding().is_some() { "  <--" } else { "" },
            )?;
        }
        writeln!(f, "allocations are per batch, or per unit where there are no batches")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, instructions: f64, allocations: f64) -> Figure {
        Figure { name: name.to_owned(), unit: "record".to_owned(), instructions, allocations }
    }

    fn failures(before: &[Figure], now: &[Figure]) -> Vec<String> {
        Comparison::new(before, now).failures()
    }

    #[test]
    fn what_takes_three_percent_more_holds_and_what_takes_more_fails() {
        let before = [figure("send", 1000.0, 4.0)];
        assert_eq!(failures(&before, &[figure("send", 1029.0, 4.1)]), [""; 0]);
        assert_eq!(failures(&before, &[figure("send", 10.0, 0.0)]), [""; 0]);
        let grown = failures(&before, &[figure("send", 1031.0, 4.0)]);
        assert_eq!(grown, ["send takes 1031.00 instructions instead of 1000.00"]);
        let grown = failures(&before, &[figure("send", 1000.0, 5.0)]);
        assert_eq!(grown, ["send takes 5.00 allocations instead of 4.00"]);
    }

    #[test]
    fn what_takes_less_is_told() {
        let before = [figure("send", 1000.0, 4.0), figure("append", 100.0, 0.0)];
        let now = [figure("send", 900.0, 4.0), figure("append", 99.0, 0.0)];
        assert_eq!(Comparison::new(&before, &now).fallen(), 1);
    }

    #[test]
    fn the_first_allocation_is_a_finding() {
        let before = [figure("append", 100.0, 0.0)];
        assert_eq!(failures(&before, &[figure("append", 100.0, 0.1)]).len(), 1);
        assert_eq!(failures(&before, &[figure("append", 100.0, 0.0)]), [""; 0]);
    }

    #[test]
    fn works_and_figures_belong_together() {
        let found = failures(&[figure("old", 1.0, 0.0)], &[figure("new", 1.0, 0.0)]);
        assert_eq!(found, ["new has no figure yet", "old is gone"]);
    }

    #[test]
    fn the_table_has_a_line_for_each_work_and_marks_what_fails() {
        let before = [figure("send", 1000.0, 4.0), figure("append", 100.0, 0.0)];
        let table =
            Comparison::new(&before, &[figure("send", 1100.0, 4.0), figure("append", 90.0, 0.0)]).to_string();
        let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(line("send").contains("1.100") && line("send").contains("<--"), "{table}");
        assert!(line("append").contains("0.900") && !line("append").contains("<--"), "{table}");
    }
}

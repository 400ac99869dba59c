//! What this process has used, as Linux tells it; zero elsewhere.

use std::fs::read_to_string;

/// User and system CPU time, in seconds.
pub(crate) fn cpu_seconds() -> f64 {
    // Fields 14 and 15, counted from the end of the program's name, in ticks of 1/100 s.
    let Ok(stat) = read_to_string("/proc/self/stat") else { return 0.0 };
    let Some((_, fields)) = stat.rsplit_once(") ") else { return 0.0 };
    let ticks = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory that was resident at once, in MiB.
pub(crate) fn peak_rss_mib() -> f64 {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}

//! What this process has used. Memory and wake-ups as Linux tells them; zero elsewhere.

use rustix::time::{ClockId, clock_gettime};
use std::fs::{read_dir, read_to_string};
use std::path::Path;

/// User and system CPU time of all threads, ended ones too, in seconds.
pub fn cpu_seconds() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// User and system CPU time of the calling thread, in seconds.
pub fn thread_cpu_seconds() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// The most memory that was resident at once, in MiB.
pub fn peak_rss_mib() -> f64 {
    memory_mib("VmHWM:")
}

/// The peak counts from here on; what was resident before stays so if the allocator keeps it.
pub fn forget_peak_rss() {
    // Only Linux has it, and there it is the process's own.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The memory that is resident now, in MiB.
pub fn rss_mib() -> f64 {
    memory_mib("VmRSS:")
}

/// How often the process's threads, except the calling one, have gone to sleep of their own accord; each
/// time they were woken.
pub fn wake_ups_of_others() -> u64 {
    let Ok(tasks) = read_dir("/proc/self/task") else { return 0 };
    // The directory's own link names the process and the thread: `<pid>/task/<tid>`.
    let own = std::fs::read_link("/proc/thread-self").ok();
    let own = own.as_deref().and_then(Path::file_name);
    let others = tasks.flatten().filter(|task| Some(task.file_name().as_os_str()) != own);
    // A thread that ended meanwhile has no file any more.
    let statuses = others.filter_map(|task| read_to_string(task.path().join("status")).ok());
    statuses.filter_map(|status| field(&status, "voluntary_ctxt_switches:")).map(|count| count as u64).sum()
}

fn memory_mib(name: &str) -> f64 {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    field(&status, name).unwrap_or(0.0) / 1024.0
}

fn field(status: &str, name: &str) -> Option<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

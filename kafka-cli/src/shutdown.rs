//! Ctrl-C and SIGTERM.

use anyhow::{Context, Result};

/// The exit code of a program that was interrupted, as shells have it.
pub(crate) const INTERRUPTED: i32 = 130;

/// Runs `action` once, on a thread of its own, when the process is asked to end. Asked again, it ends at once.
pub(crate) fn on_signal(action: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("signals")?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let mut signals = Signals::new();
            signals.next().await;
            // To end in good order may take a while: until then, the next signal must be heard.
            std::thread::spawn(action);
            signals.next().await;
            std::process::exit(INTERRUPTED);
        });
    })?;
    Ok(())
}

#[cfg(unix)]
struct Signals(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn new() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        Signals(signal(SignalKind::terminate()).ok())
    }

    async fn next(&mut self) {
        match &mut self.0 {
            Some(terminate) => {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
            }
            None => {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Signals {
        Signals
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

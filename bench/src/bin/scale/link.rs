//! A link that takes its time.

use anyhow::Result;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// Listens at a free port of 127.0.0.1 and passes on to `to`; what comes back is `delay` late, however much is under
/// way. Returns the port.
pub(crate) fn open(to: &str, delay: Duration) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let (port, to) = (listener.local_addr()?.port(), to.to_owned());
    spawn(move || {
        for near in listener.incoming().flatten() {
            // A broker that is down refuses; so does the link, by closing what it took.
            let Ok(far) = TcpStream::connect(&to) else { continue };
            if let Err(error) = join(near, far, delay) {
                eprintln!("link to {to}: {error}");
            }
        }
    });
    Ok(port)
}

fn join(near: TcpStream, far: TcpStream, delay: Duration) -> Result<()> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (sent, late) = channel();
    let (mut forth, mut to) = (near.try_clone()?, far.try_clone()?);
    spawn(move || {
        let _ = std::io::copy(&mut forth, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut back = far;
    spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(count @ 1..) = back.read(&mut bytes) {
            if sent.send((Instant::now() + delay, bytes[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    spawn(move || deliver(&late, near));
    Ok(())
}

fn deliver(late: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    for (due, bytes) in late {
        sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

use super::*;
use std::task::Waker;

/// Takes `chunk` bytes every other time it is asked, and says "not now" in between.
struct Slow {
    taken: Vec<u8>,
    chunk: usize,
    busy: bool,
    writes: usize,
    flushes: usize,
}

impl Slow {
    fn new(chunk: usize) -> Slow {
        Slow { taken: Vec::new(), chunk, busy: false, writes: 0, flushes: 0 }
    }
}

impl AsyncWrite for Slow {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.busy = !self.busy;
        if self.busy {
            return Poll::Pending;
        }
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).take(self.chunk).collect();
        self.taken.extend_from_slice(&all);
        self.writes += 1;
        Poll::Ready(Ok(all.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn write(writer: &mut FrameWriter, stream: &mut Slow) -> Poll<io::Result<()>> {
    writer.poll_write(stream, &mut Context::from_waker(Waker::noop()))
}

fn pieces() -> Vec<Bytes> {
    [10, 2000, 3, 1024, 0, 1025, 7]
        .iter()
        .enumerate()
        .map(|(index, length)| Bytes::from(vec![index as u8; *length]))
        .collect()
}

#[test]
fn every_byte_is_written_once_and_in_order_however_little_the_stream_takes() {
    for chunk in [1, 2, 9, 10, 11, 1024, 5000, 1 << 20] {
        let (mut writer, mut stream) = (FrameWriter::new(), Slow::new(chunk));
        writer.push(pieces());
        writer.push(pieces());
        while write(&mut writer, &mut stream).is_pending() {
            assert!(!writer.is_idle());
        }
        assert!(writer.is_idle());
        assert_eq!(stream.taken, [pieces(), pieces()].concat().concat(), "{chunk} bytes at a time");
        assert_eq!(stream.flushes, 1);
    }
}

#[test]
fn a_frame_pushed_while_another_is_half_written_comes_after_it() {
    let (mut writer, mut stream) = (FrameWriter::new(), Slow::new(5));
    writer.push([Bytes::from_static(b"first frame")]);
    while stream.taken.is_empty() {
        assert!(write(&mut writer, &mut stream).is_pending());
    }
    writer.push([Bytes::from_static(b", second frame")]);
    while write(&mut writer, &mut stream).is_pending() {}
    assert_eq!(stream.taken, b"first frame, second frame");
}

#[test]
fn small_pieces_share_a_write_and_large_ones_are_not_copied() {
    let mut writer = FrameWriter::new();
    writer.push((0..100).map(|_| Bytes::from_static(b"small")));
    let large = Bytes::from(vec![0; 4096]);
    writer.push([large.clone()]);
    assert_eq!(writer.segments.len(), 2);
    assert_eq!(writer.segments[1].as_ptr(), large.as_ptr());
    let mut stream = Slow::new(usize::MAX);
    while write(&mut writer, &mut stream).is_pending() {}
    assert_eq!(stream.writes, 1);
}

#[test]
fn a_stream_that_takes_nothing_is_an_error_and_no_loop() {
    let (mut writer, mut stream) = (FrameWriter::new(), Slow::new(0));
    writer.push([Bytes::from_static(b"frame")]);
    assert!(write(&mut writer, &mut stream).is_pending());
    let Poll::Ready(Err(error)) = write(&mut writer, &mut stream) else { panic!("no error") };
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}

use super::*;
use kafka_types::{Compression, GzipLevel, Lz4Level, ZstdLevel};
use proptest::prelude::*;

const ALL: [Compression; 5] =
    [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD];

fn compressed(compression: Compression, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    compress(compression, input, &mut output).expect("there is memory");
    output
}

/// Bytes that do not compress, from a small linear generator.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn every_level_reads_back() {
    let text = b"some text, some more text, and the same text again".repeat(50);
    let gzip = [-1, 1, 9].map(|level| Compression::Gzip(GzipLevel::new(level).unwrap()));
    let lz4 = [1, 9, 17].map(|level| Compression::Lz4(Lz4Level::new(level).unwrap()));
    let zstd = [-131_072, -1, 0, 1, 19].map(|level| Compression::Zstd(ZstdLevel::new(level).unwrap()));
    for compression in gzip.into_iter().chain(lz4).chain(zstd) {
        let bytes = compressed(compression, &text);
        assert_eq!(decompress(compression.codec(), &bytes, text.len()).unwrap(), text, "{compression:?}");
    }
}

#[test]
fn levels_make_a_difference_and_do_not_stick() {
    // Words in an order that does not repeat.
    let words = ["order", "customer", "apple", "pear", "street", "invoice", "seven", "eleven"];
    let text: Vec<u8> =
        noise(40_000).iter().flat_map(|n| words[usize::from(n % 8)].as_bytes()).copied().collect();
    let gzip = |level| Compression::Gzip(GzipLevel::new(level).unwrap());
    let zstd = |level| Compression::Zstd(ZstdLevel::new(level).unwrap());
    let mut reused = Compressor::new();
    let mut sizes = Vec::new();
    for compression in [gzip(1), gzip(9), gzip(1), zstd(-50), zstd(19), zstd(-50)] {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        reused.compress(compression, &text, &mut first).unwrap();
        Compressor::new().compress(compression, &text, &mut second).unwrap();
        assert!(first == second, "{compression:?} depends on what was compressed before");
        sizes.push(first.len());
    }
    assert!(sizes[1] < sizes[0] && sizes[4] < sizes[3], "{sizes:?}");
}

#[test]
fn frames_begin_as_kafka_writes_them() {
    assert_eq!(compressed(Compression::GZIP, b"x")[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    assert_eq!(compressed(Compression::LZ4, b"x")[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    assert_eq!(compressed(Compression::Snappy, b"x")[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    assert_eq!(compressed(Compression::ZSTD, b"x")[..4], [0x28, 0xb5, 0x2f, 0xfd]);
}

#[test]
fn incompressible_input_grows_little() {
    let input = noise(200_000);
    for compression in ALL {
        let bytes = compressed(compression, &input);
        assert!(bytes.len() < input.len() + input.len() / 500 + 100, "{compression}: {}", bytes.len());
        assert_eq!(decompress(compression.codec(), &bytes, input.len()).unwrap(), input);
    }
}

#[test]
fn bombs_are_errors_and_the_limit_itself_is_none() {
    let zeros = vec![0; 3_000_000];
    for compression in ALL {
        let bytes = compressed(compression, &zeros);
        assert_eq!(decompress(compression.codec(), &bytes, zeros.len()).unwrap(), zeros);
        let error = decompress(compression.codec(), &bytes, zeros.len() - 1).unwrap_err();
        let codec = compression.name();
        assert_eq!(error, DecompressError::TooLarge { codec, limit: zeros.len() - 1 });
    }
}

#[test]
fn output_goes_behind_what_is_there() {
    for compression in ALL {
        let mut output = b"before".to_vec();
        compress(compression, b"text", &mut output).unwrap();
        assert_eq!(&output[..6], b"before");
        assert_eq!(decompress(compression.codec(), &output[6..], 4).unwrap(), &b"text"[..]);
    }
}

#[test]
fn bare_snappy_blocks_are_read() {
    let block = snap::raw::Encoder::new().compress_vec(b"an old client's block").unwrap();
    assert_eq!(decompress(Codec::SNAPPY, &block, 100).unwrap(), &b"an old client's block"[..]);
}

#[test]
fn snappy_blocks_that_claim_too_much_are_corrupt() {
    // A bare block that says it holds 1 GiB, in eight bytes.
    let error = decompress(Codec::SNAPPY, &[0x80, 0x80, 0x80, 0x80, 0x04, 0, 0, 0], usize::MAX).unwrap_err();
    assert!(matches!(error, DecompressError::Corrupt { codec: "snappy", .. }), "{error}");
}

#[test]
fn zstd_frames_in_a_row_and_without_a_size_are_read() {
    let mut frames = zstd::stream::encode_all(&b"first "[..], 3).unwrap();
    frames.extend(compressed(Compression::ZSTD, b"second"));
    assert_eq!(decompress(Codec::ZSTD, &frames, 12).unwrap(), &b"first second"[..]);
}

#[test]
fn lz4_headers_of_format_0_are_read_whatever_their_checksum() {
    let mut frame = compressed(Compression::LZ4, b"text");
    frame[6] = 0x1a;
    assert!(decompress(Codec::LZ4, &frame, 10).is_err());
    assert_eq!(lz4::decompress_any_header(&frame, 10).unwrap(), b"text");
    for end in 0..frame.len() {
        let _ = lz4::decompress_any_header(&frame[..end], 10);
    }
}

#[test]
fn unknown_codecs_are_errors() {
    assert_eq!(decompress(Codec(5), b"", 10), Err(DecompressError::UnknownCodec(Codec(5))));
}

fn any_compression() -> impl Strategy<Value = Compression> {
    prop::sample::select(ALL.to_vec())
}

/// Runs of bytes, so that there is something to compress, of more than one block.
fn any_input() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((any::<u8>(), 1..3_000_usize), 0..80).prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(byte, times)| (0..times).map(move |n| byte ^ (n % 5 == 0) as u8))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_reads_back(compression in any_compression(), input in any_input()) {
        let bytes = compressed(compression, &input);
        prop_assert_eq!(decompress(compression.codec(), &bytes, input.len()).unwrap(), input);
    }

    #[test]
    fn damaged_bytes_never_panic_nor_pass_the_limit(
        compression in any_compression(),
        input in any_input(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        limit in 0..100_000_usize,
    ) {
        let mut bytes = compressed(compression, &input);
        if !bytes.is_empty() {
            for (index, byte) in damage {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
        }
        for codec in 0..8 {
            if let Ok(output) = decompress(Codec(codec), &bytes, limit) {
                prop_assert!(output.len() <= limit);
            }
        }
        if let Ok(output) = lz4::decompress_any_header(&bytes, limit) {
            prop_assert!(output.len() <= limit);
        }
    }
}

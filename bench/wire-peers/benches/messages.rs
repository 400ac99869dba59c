//! Encode and decode, timed by criterion, allocations counted; both crates in one run.

use bytes::{Bytes, BytesMut};
use criterion::{BenchmarkId, Criterion, Throughput};
use kafka_protocol::wire::{Encoder, Message, decode_exact, encode_to_bytes};
use peer::protocol::{Decodable, Encodable};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use wire_peers::{FETCH_VERSION, METADATA_VERSION, PRODUCE_VERSION, fetch, metadata, produce};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    compare::<_, peer::messages::ProduceRequest>(&mut criterion, "produce", &produce(), PRODUCE_VERSION);
    compare::<_, peer::messages::MetadataResponse>(&mut criterion, "metadata", &metadata(), METADATA_VERSION);
    compare::<_, peer::messages::FetchResponse>(&mut criterion, "fetch", &fetch(), FETCH_VERSION);
    criterion.final_summary();
}

fn compare<M: Message, P: Encodable + Decodable>(
    criterion: &mut Criterion,
    name: &str,
    message: &M,
    version: i16,
) {
    let bytes = encode_to_bytes(message, version).expect("it can be encoded");
    // What is decoded is what a client has: all of it in one frame.
    let ours: M = decode_exact(bytes.clone(), version).expect("ours reads it");
    let theirs = P::decode(&mut bytes.clone(), version).expect("theirs reads it");
    assert_eq!(encode_contiguous(&ours, version), bytes);
    assert_eq!(encode_peer(&theirs, version), bytes, "both write the same");

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let mut run = |crate_name: &str, what: &str, work: &dyn Fn()| {
        let region = Region::new(ALLOCATOR);
        work();
        let change = region.change();
        println!(
            "{name} {what} {crate_name}: {} allocations, {} bytes",
            change.allocations + change.reallocations,
            change.bytes_allocated
        );
        group.bench_function(BenchmarkId::new(what, crate_name), |bencher| bencher.iter(work));
    };
    run("ours", "decode", &|| drop(black_box(decode_exact::<M>(bytes.clone(), version))));
    run("peer", "decode", &|| drop(black_box(P::decode(&mut bytes.clone(), version))));
    // In the pieces that a socket takes, record bytes shared.
    run("ours", "encode", &|| drop(black_box(encode_pieces(message, version))));
    run("ours in one piece", "encode", &|| drop(black_box(encode_contiguous(message, version))));
    run("peer", "encode", &|| drop(black_box(encode_peer(&theirs, version))));
    group.finish();
}

fn encode_pieces<M: Message>(message: &M, version: i16) -> Vec<Bytes> {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).expect("it can be encoded");
    encoder.finish()
}

fn encode_contiguous<M: Message>(message: &M, version: i16) -> Bytes {
    encode_to_bytes(message, version).expect("it can be encoded")
}

fn encode_peer<P: Encodable>(message: &P, version: i16) -> Bytes {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes, version).expect("it can be encoded");
    bytes.freeze()
}

//! Produce requests and responses on the wire.

mod common;

fn main() {
    common::run("produce", bench::work::produce::WORKS);
}

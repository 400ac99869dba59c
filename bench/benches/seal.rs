//! Batches on their way out of the accumulator.

mod common;

fn main() {
    common::run("seal", bench::work::seal::WORKS);
}

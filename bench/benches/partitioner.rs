//! The choice of a partition.

mod common;

fn main() {
    common::run("partitioner", bench::work::partitioner::WORKS);
}

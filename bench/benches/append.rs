//! Appending records to a partition's open batch.

mod common;

fn main() {
    common::run("append", bench::work::append::WORKS);
}

//! Writing and reading record batches.

mod common;

fn main() {
    common::run("batch", bench::work::batch::WORKS);
}

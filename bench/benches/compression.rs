//! The codecs, both directions.

mod common;

fn main() {
    common::run("compression", bench::work::compression::WORKS);
}

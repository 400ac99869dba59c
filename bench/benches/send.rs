//! A record's whole way, from each side.

mod common;

fn main() {
    common::run("send", bench::work::send::WORKS);
}

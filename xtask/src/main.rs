//! Code generation, layering check, vectors, simulation runs, tests.
fn main() {}

//! Batches of another implementation, formats 0 to 2 and every codec, read as the records they were made of, and those
//! of format 2 are written as they were.

// One checker for this test's small file and for whatever file `cargo xtask batch-vectors` is given.
#[path = "../../xtask/src/batch_vectors.rs"]
mod batch_vectors;

#[test]
fn batches_of_another_implementation_read_and_write_the_same() {
    let counts = batch_vectors::check(include_bytes!("data/batches.jsonl.gz").as_slice()).unwrap();
    let formats = |magic| counts.keys().filter(|(m, _)| *m == magic).count();
    assert_eq!((formats(0), formats(1), formats(2)), (4, 4, 5));
    assert!(counts.values().all(|count| *count >= 2), "{counts:?}");
}

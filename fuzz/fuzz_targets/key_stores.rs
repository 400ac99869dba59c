//! Key stores: PEM, and JKS or PKCS12 by what the bytes are.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, bytes @ ..] = data else { return };
    kafka_network::fuzz_key_store(bytes, choice & 1 == 0);
});

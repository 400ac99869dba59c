//! Lines of `sasl.jaas.config`.
#![no_main]

use kafka_network::JaasConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<JaasConfig>() {
        Ok(jaas) => {
            let _ = (jaas.module_name(), jaas.options().count());
        }
        // The message is not made of what may be a password.
        Err(error) => assert!(error.to_string().len() < 200),
    }
});

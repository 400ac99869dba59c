//! No secret is in what `Debug` says of a message.

use bytes::Bytes;
use kafka_protocol::messages::alter_configs::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::alter_user_scram_credentials::ScramCredentialUpsertion;
use kafka_protocol::messages::describe_delegation_token::DescribedDelegationToken;
use kafka_protocol::messages::incremental_alter_configs;
use kafka_protocol::messages::*;
use std::fmt::Debug;

const SECRET: Bytes = Bytes::from_static(b"hunter2");

#[track_caller]
fn hides(message: &impl Debug) {
    let told = format!("{message:?}");
    // As text, and as a list of bytes.
    assert!(!told.contains("hunter2") && !told.contains("104, 117"), "{told}");
    assert!(told.contains("(secret)"), "{told}");
}

#[test]
fn tokens_passwords_and_steps_of_sasl_are_hidden() {
    hides(&SaslAuthenticateRequest { auth_bytes: SECRET, ..Default::default() });
    hides(&SaslAuthenticateResponse { auth_bytes: SECRET, ..Default::default() });
    hides(&CreateDelegationTokenResponse { hmac: SECRET, ..Default::default() });
    hides(&RenewDelegationTokenRequest { hmac: SECRET, ..Default::default() });
    hides(&ExpireDelegationTokenRequest { hmac: SECRET, ..Default::default() });
    let token = DescribedDelegationToken { hmac: SECRET, ..Default::default() };
    hides(&DescribeDelegationTokenResponse { tokens: vec![token], ..Default::default() });
    let credential = ScramCredentialUpsertion { salt: SECRET, salted_password: SECRET, ..Default::default() };
    hides(&AlterUserScramCredentialsRequest { upsertions: vec![credential], ..Default::default() });
    hides(&EnvelopeRequest { request_data: SECRET, request_principal: Some(SECRET), ..Default::default() });
}

#[test]
fn settings_may_be_passwords() {
    let password = || Some("hunter2".into());
    let config = AlterableConfig { value: password(), ..Default::default() };
    let resource = AlterConfigsResource { configs: vec![config], ..Default::default() };
    hides(&AlterConfigsRequest { resources: vec![resource], ..Default::default() });
    let config = incremental_alter_configs::AlterableConfig { value: password(), ..Default::default() };
    let resource =
        incremental_alter_configs::AlterConfigsResource { configs: vec![config], ..Default::default() };
    hides(&IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() });
    hides(&ConfigRecord { value: password(), ..Default::default() });
}

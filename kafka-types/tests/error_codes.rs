//! Error codes are Kafka's, with Kafka's classification.

use kafka_types::ErrorCode;

#[test]
fn codes_names_and_classification_are_those_of_apache_kafka() {
    let mut codes = Vec::new();
    for line in include_str!("data/error_codes.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let code = ErrorCode(fields[0].parse().unwrap());
        assert_eq!(code.name(), Some(fields[1]), "{line}");
        assert_eq!(ErrorCode::from_name(fields[1]), Some(code), "{line}");
        assert_eq!(code.is_retriable().to_string(), fields[2], "{line}");
        assert_eq!(code.refreshes_metadata().to_string(), fields[3], "{line}");
        codes.push(code);
    }
    assert_eq!(ErrorCode::all().collect::<Vec<_>>(), codes);
}

#[test]
fn whatever_refreshes_metadata_is_retriable() {
    assert!(ErrorCode::all().all(|code| code.is_retriable() || !code.refreshes_metadata()));
}

#[test]
fn every_code_there_may_be_can_be_asked_anything() {
    for code in i16::MIN..=i16::MAX {
        let code = ErrorCode(code);
        assert_eq!(code.is_none(), code == ErrorCode::NONE);
        let known = ErrorCode::all().any(|other| other == code);
        assert_eq!(code.name().is_some(), known);
        assert!(known || !(code.is_retriable() || code.refreshes_metadata()));
    }
}

//! TLS to the embedded broker, as users set it up.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{ErrorKind, Producer, ProducerBuilder, ProducerRecord};
use kafka_testkit::{ClusterConfig, LoopbackCluster, TlsServer, TopicConfig};
use std::fs;
use std::path::Path;
use support::{LONG, SHORT};

fn cluster(tls: &TlsServer) -> LoopbackCluster {
    let config = ClusterConfig::new(1).topic(TopicConfig::new("t", 1));
    LoopbackCluster::builder(config).tls(tls).start().unwrap()
}

/// A builder that trusts the cluster's authority.
fn producer(cluster: &LoopbackCluster, tls: &TlsServer) -> ProducerBuilder {
    Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .property("security.protocol", "SSL")
        .property("ssl.truststore.certificates", tls.authority_pem())
        .max_block(LONG)
}

fn sends(builder: ProducerBuilder) {
    let producer = builder.build().unwrap();
    let record = ProducerRecord::new("t").value("v");
    assert_eq!(producer.send_blocking(record).unwrap().wait().unwrap().partition().0, 0);
    producer.close_blocking(LONG).unwrap();
}

/// The first send fails as soon as the handshake has, well before `max.block.ms`, and tells why.
fn refused(builder: ProducerBuilder, words: &[&str]) {
    let producer = builder.build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn records_go_over_tls_with_certificates_in_properties() {
    let tls = TlsServer::new().unwrap();
    sends(producer(&cluster(&tls), &tls));
}

#[test]
fn each_version_and_a_cipher_suite_by_its_name_are_spoken() {
    let tls = TlsServer::new().unwrap();
    let cluster = cluster(&tls);
    for (versions, suite) in [
        ("TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        ("TLSv1.1,TLSv1.2", ""),
    ] {
        let builder = producer(&cluster, &tls);
        sends(builder.property("ssl.enabled.protocols", versions).property("ssl.cipher.suites", suite));
    }
    let none = producer(&cluster, &tls).property("ssl.cipher.suites", "TLS_RSA_WITH_RC4_128_MD5").build();
    let error = none.unwrap_err().to_string();
    assert!(error.contains("ssl.cipher.suites") && error.contains("TLS_AES_128_GCM_SHA256"), "{error}");
}

#[test]
fn an_authority_that_is_not_trusted_is_always_refused() {
    let (tls, other) = (TlsServer::new().unwrap(), TlsServer::new().unwrap());
    let cluster = cluster(&tls);
    for check in ["https", ""] {
        let builder = producer(&cluster, &other).property("ssl.endpoint.identification.algorithm", check);
        refused(builder, &["127.0.0.1", "ssl.truststore"]);
    }
}

#[test]
fn a_certificate_has_to_be_for_the_address_or_name_that_was_connected_to() {
    let by_address = TlsServer::with_names(["127.0.0.1"]).unwrap();
    let by_name = TlsServer::with_names(["localhost"]).unwrap();
    for (tls, host, other) in [(&by_address, "127.0.0.1", "localhost"), (&by_name, "localhost", "127.0.0.1")]
    {
        let at = |host: &str| {
            let config = ClusterConfig::new(1).topic(TopicConfig::new("t", 1));
            let cluster = LoopbackCluster::builder(config).tls(tls).advertised_host(host).start().unwrap();
            // Both at the bootstrap and as advertised.
            let builder = producer(&cluster, tls);
            (cluster, builder)
        };
        let (_cluster, builder) = at(host);
        sends(builder);
        let (_cluster, builder) = at(other);
        refused(builder.clone(), &["is not for", other, host]);
        sends(builder.property("ssl.endpoint.identification.algorithm", ""));
    }
}

#[test]
fn an_expired_certificate_is_named_as_that() {
    let tls = TlsServer::new().unwrap().expired().unwrap();
    refused(producer(&cluster(&tls), &tls), &["expired"]);
}

#[test]
fn a_client_shows_its_certificate_where_the_broker_wants_one() {
    let tls = TlsServer::new().unwrap().require_client_certificate();
    let cluster = cluster(&tls);
    let client = tls.client("billing").unwrap();
    let with_certificate = producer(&cluster, &tls)
        .property("ssl.keystore.certificate.chain", &client.certificate)
        .property("ssl.keystore.key", &client.key);
    sends(with_certificate);
    refused(producer(&cluster, &tls), &["ssl.keystore"]);
    let stranger = TlsServer::new().unwrap().client("stranger").unwrap();
    let with_another = producer(&cluster, &tls)
        .property("ssl.keystore.certificate.chain", &stranger.certificate)
        .property("ssl.keystore.key", &stranger.key);
    refused(with_another, &["certificate"]);
}

#[test]
fn a_plain_client_at_a_tls_port_and_the_other_way_round_are_told_so() {
    let tls = TlsServer::new().unwrap();
    let secured = cluster(&tls);
    let plain = LoopbackCluster::start(ClusterConfig::new(1)).unwrap();
    let said = |builder: ProducerBuilder| {
        let producer = builder.max_block(SHORT * 5).build().unwrap();
        producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err().to_string()
    };
    let to_tls = said(Producer::builder().bootstrap_servers(secured.bootstrap_servers()));
    assert!(to_tls.contains("TLS") && to_tls.contains("security.protocol"), "{to_tls}");
    let to_plain = said(producer(&plain, &tls));
    assert!(to_plain.contains("plain listener") && to_plain.contains("security.protocol"), "{to_plain}");
}

#[test]
fn a_renewed_certificate_is_read_again_without_a_restart() {
    let (old, new) = (TlsServer::new().unwrap(), TlsServer::new().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let trust = folder.path().join("ca.pem");
    fs::write(&trust, old.authority_pem()).unwrap();
    let cluster = cluster(&new);
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .property("security.protocol", "SSL")
        .property("ssl.truststore.type", "PEM")
        .property("ssl.truststore.location", trust.to_str().unwrap())
        .max_block(LONG)
        .build()
        .unwrap();
    let send = || producer.send_blocking(ProducerRecord::new("t").value("v"));
    assert_eq!(send().unwrap_err().kind(), ErrorKind::Authentication);
    // Another length as well, for file systems whose times are coarse.
    fs::write(&trust, format!("{}\n{}", new.authority_pem(), old.authority_pem())).unwrap();
    // It is not tried before the backoff is over, so an error of before may still be told.
    let sent = std::iter::repeat_with(send).find_map(Result::ok).unwrap();
    sent.wait().unwrap();
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn stores_without_what_is_needed_are_refused_by_file_and_section_when_the_producer_is_built() {
    let tls = TlsServer::new().unwrap();
    let client = tls.client("billing").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stores = [
        ("empty.pem", String::new(), "PRIVATE KEY"),
        ("no-key.pem", client.certificate.clone(), "PRIVATE KEY"),
        ("no-certificate.pem", client.key.clone(), "CERTIFICATE"),
        ("garbage.pem", "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n".to_owned(), "PEM"),
    ];
    for (name, text, word) in stores {
        let builder = Producer::builder()
            .bootstrap_servers("localhost:1")
            .property("security.protocol", "SSL")
            .property("ssl.truststore.certificates", tls.authority_pem())
            .property("ssl.keystore.type", "PEM")
            .property("ssl.keystore.location", file(folder.path(), name, &text));
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let said = error.to_string();
        assert!(
            said.contains(name) && said.contains(word) && said.contains("ssl.keystore.location"),
            "{said}"
        );
    }
    let missing = Producer::builder()
        .bootstrap_servers("localhost:1")
        .property("security.protocol", "SSL")
        .property("ssl.truststore.location", "/no/such/store.jks");
    assert!(missing.build().unwrap_err().to_string().contains("/no/such/store.jks"));
}

//! The programs over TLS and with SASL, with secrets from elsewhere.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::Child;
use support::{run, spawn, stderr};

/// Ends with the test.
struct Broker {
    child: Child,
    bootstrap: String,
}

impl Broker {
    fn start(authority: &str) -> Broker {
        let mut child = spawn(&["broker", "--port", "0", "--tls", authority, "--user", "alice:s3cret:word"]);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let bootstrap = line.split_whitespace().last().unwrap().to_owned();
        Broker { child, bootstrap }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_configuration_takes_its_password_from_a_file_of_secrets_and_no_output_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, config) = (folder.path().join("ca.pem"), folder.path().join("client.properties"));
    let broker = Broker::start(authority.to_str().unwrap());
    let write = |password: &str| {
        std::fs::write(folder.path().join("password"), password).unwrap();
        let text = format!(
            "security.protocol=SASL_SSL\n\
             ssl.truststore.type=PEM\n\
             ssl.truststore.location={ca}\n\
             sasl.mechanism=SCRAM-SHA-512\n\
             sasl.username=alice\n\
             config.providers=dir\n\
             config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider\n\
             sasl.password=${{dir:{folder}:password}}\n",
            ca = authority.display(),
            folder = folder.path().display(),
        );
        std::fs::write(&config, text).unwrap();
    };
    let mut arguments = vec!["produce", "--bootstrap-server", &broker.bootstrap, "--topic", "t"];
    arguments.extend(["--command-config", config.to_str().unwrap(), "--print-metadata"]);
    write("s3cret:word\n");
    let output = run(&arguments, "one\n");
    assert!(output.status.success(), "{}", stderr(&output));
    write("another-one");
    let output = run(&arguments, "two\n");
    let said = stderr(&output);
    assert!(!output.status.success() && said.contains("invalid credentials"), "{said}");
    assert!(!said.contains("another-one"), "{said}");
    // What is on the command line is not repeated either.
    let output = run(&["broker", "--port", "0", "--user", "only-a-s3cret"], "");
    assert!(!output.status.success());
    let help = run(&["broker", "--help"], "");
    assert!(help.status.success());
}

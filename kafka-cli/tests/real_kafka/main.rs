//! The command line against a real Apache Kafka, which these tests start and stop, and Kafka's own programs against the
//! embedded broker.
//!
//! Without Java or Maven these tests say so and count as ignored; with `CI=true` they fail instead.
#![allow(clippy::disallowed_methods, reason = "processes of the outside world are awaited by its clock")]

mod cluster;
mod codecs;
mod embedded;
mod java;
mod keyed_lines;
mod log;
mod mistakes;
mod oidc;
mod outages;
mod program;
mod secured;
mod tooling;
mod transactions;

use libtest_mimic::{Arguments, Failed, Trial};

type Test = fn() -> anyhow::Result<()>;

fn main() {
    let mut arguments = Arguments::from_args();
    // Clusters share two cores with everything else; one at a time.
    arguments.test_threads = Some(1);
    let no_java = java::missing();
    let no_kcat = no_java.or(embedded::kcat_missing());
    let tests: [(&str, Test, Option<&str>); _] = [
        (
            "keyed_lines_lie_record_for_record_where_javas_producer_puts_them",
            keyed_lines::lie_record_for_record_where_javas_producer_puts_them,
            no_java,
        ),
        (
            "each_codec_and_each_acks_is_read_back_by_kafkas_consumer",
            codecs::each_codec_and_each_acks_is_read_back_by_kafkas_consumer,
            no_java,
        ),
        (
            "mistakes_are_explained_in_their_bound_and_accepted_records_arrive",
            mistakes::are_explained_in_their_bound_and_accepted_records_arrive,
            no_java,
        ),
        (
            "javas_console_producer_and_consumer_work_against_the_embedded_broker",
            embedded::javas_console_producer_and_consumer_work_against_the_embedded_broker,
            no_java,
        ),
        (
            "librdkafkas_producer_and_consumer_work_against_the_embedded_broker",
            embedded::librdkafkas_producer_and_consumer_work_against_the_embedded_broker,
            no_kcat,
        ),
        (
            "java_and_librdkafka_authenticate_over_tls_to_the_embedded_broker",
            embedded::java_and_librdkafka_authenticate_over_tls_to_the_embedded_broker,
            no_kcat,
        ),
        (
            "secured_listeners_take_each_certificate_and_mechanism_and_sessions_are_prolonged",
            secured::listeners_take_each_certificate_and_mechanism_and_sessions_are_prolonged,
            no_java,
        ),
        (
            "while_nodes_are_killed_and_frozen_every_acknowledged_record_is_there_once_and_in_order",
            outages::every_acknowledged_record_is_there_once_and_in_order_and_none_fails,
            no_java,
        ),
        (
            "a_segment_of_ours_is_read_by_kafkas_own_tool",
            tooling::a_segment_of_ours_is_read_by_kafkas_own_tool,
            no_java,
        ),
        (
            "tools_of_the_small_client_see_what_a_real_cluster_has",
            tooling::tools_of_the_small_client_see_what_a_real_cluster_has,
            no_java,
        ),
        (
            "transactions_of_both_versions_are_read_as_they_were_committed",
            transactions::of_both_versions_are_read_as_they_were_committed,
            no_java,
        ),
        (
            "transactions_of_kafka_3_are_read_as_they_were_committed",
            transactions::of_kafka_3_are_read_as_they_were_committed,
            no_java,
        ),
        (
            "while_nodes_are_killed_and_frozen_transactions_are_read_whole_or_not_at_all",
            transactions::are_read_whole_or_not_at_all_while_nodes_are_killed_and_frozen,
            no_java,
        ),
    ];
    let trials = tests.into_iter().map(|(name, test, missing)| trial(name, test, missing)).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(name: &str, test: Test, missing: Option<&'static str>) -> Trial {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    if let Some(missing) = missing
        && !required
    {
        eprintln!("skipped {name}: {missing}");
    }
    Trial::test(name, move || match missing {
        Some(missing) => Err(Failed::from(missing)),
        None => test().map_err(|error| Failed::from(format!("{error:#}"))),
    })
    .with_ignored_flag(missing.is_some() && !required)
}

//! Transactions over the wire, of both versions of the protocol.

mod common;
#[path = "common/transactional.rs"]
mod transactional;

use common::{at, partition};
use kafka_testkit::{Cluster, ClusterConfig, ErrorCode, LoggedRecord, TopicConfig, TransactionStatus};
use kafka_types::{Monotonic, Offset};
use std::time::Duration;
use transactional::{TxnClient, fetch_committed};

fn world(config: ClusterConfig) -> Cluster {
    Cluster::new(config.topic(TopicConfig::new("orders", 2)))
}

fn values(records: &[LoggedRecord]) -> Vec<String> {
    records
        .iter()
        .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned())
        .collect()
}

fn statuses(cluster: &Cluster) -> Vec<TransactionStatus> {
    cluster.transaction_log("tx").iter().map(|state| state.status).collect()
}

/// Both versions of the protocol.
const VERSIONS: [i16; 2] = [1, 2];

#[test]
fn what_is_committed_is_read_and_what_is_aborted_is_not() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(3));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        for (value, committed) in [("a", true), ("b", false), ("c", true)] {
            assert_eq!(producer.send(&mut cluster, at(0), &of, value), ErrorCode::NONE, "version {version}");
            assert_eq!(producer.end(&mut cluster, at(0), committed), ErrorCode::NONE, "version {version}");
        }
        assert_eq!(values(&cluster.records(&of)), ["a", "b", "c"]);
        assert_eq!(values(&cluster.committed_records(&of)), ["a", "c"]);
        // Each transaction has its marker: one offset.
        assert_eq!(cluster.end_offset(&of), Some(Offset(6)));
        let fetched = fetch_committed(&mut cluster, at(0), &of, 0);
        assert_eq!((fetched.last_stable_offset, fetched.high_watermark), (6, 6));
        let aborted = fetched.aborted_transactions.unwrap_or_default();
        let aborted: Vec<(i64, i64)> =
            aborted.iter().map(|one| (one.producer_id, one.first_offset)).collect();
        assert_eq!(aborted, [(producer.identity.id.0, 2)]);
    }
}

#[test]
fn readers_of_committed_records_stop_at_the_first_open_transaction() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1));
        let of = partition("orders", 0);
        let (mut slow, mut quick) = (TxnClient::new("slow", version), TxnClient::new("quick", version));
        for producer in [&mut slow, &mut quick] {
            assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        }
        assert_eq!(quick.send(&mut cluster, at(0), &of, "before"), ErrorCode::NONE);
        assert_eq!(quick.end(&mut cluster, at(0), true), ErrorCode::NONE);
        assert_eq!(slow.send(&mut cluster, at(0), &of, "open"), ErrorCode::NONE);
        assert_eq!(quick.send(&mut cluster, at(0), &of, "behind"), ErrorCode::NONE);
        assert_eq!(quick.end(&mut cluster, at(0), true), ErrorCode::NONE);
        assert_eq!(cluster.last_stable_offset(at(0), &of), Some(Offset(2)));
        assert_eq!(values(&cluster.committed_records(&of)), ["before"]);
        assert_eq!(fetch_committed(&mut cluster, at(0), &of, 0).last_stable_offset, 2);
        assert_eq!(slow.end(&mut cluster, at(0), true), ErrorCode::NONE);
        assert_eq!(values(&cluster.committed_records(&of)), ["before", "open", "behind"]);
    }
}

#[test]
fn a_marker_that_followers_lack_keeps_its_transaction_unread() {
    for version in VERSIONS {
        let delay = Duration::from_millis(50);
        let mut cluster = world(ClusterConfig::new(3).replication_delay(delay));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send_unreplicated(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        assert_eq!(producer.end(&mut cluster, at(100), true), ErrorCode::NONE);
        assert_eq!(cluster.last_stable_offset(at(149), &of), Some(Offset(0)));
        assert_eq!(statuses(&cluster).last(), Some(&TransactionStatus::PrepareCommit));
        assert_eq!(cluster.next_deadline(), Monotonic::from_millis(150));
        assert_eq!(cluster.poll_output(at(150)), None);
        assert_eq!(cluster.last_stable_offset(at(150), &of), Some(Offset(2)));
        assert_eq!(statuses(&cluster).last(), Some(&TransactionStatus::CompleteCommit));
        assert!(cluster.next_deadline() > at(1_000_000).mono);
    }
}

#[test]
fn a_marker_lost_with_its_leader_is_written_again() {
    let mut again = 0;
    for seed in 0..16 {
        let config = ClusterConfig::new(3).replication_delay(Duration::from_millis(50)).seed(seed);
        let mut cluster = world(config);
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", 2);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send_unreplicated(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        assert_eq!(cluster.poll_output(at(60)), None);
        assert_eq!(producer.end(&mut cluster, at(100), true), ErrorCode::NONE);
        let leader = cluster.leader(&of).expect("a leader");
        cluster.stop_broker(at(110), leader);
        while cluster.poll_output(at(110)).is_some() {}
        again +=
            u32::from(cluster.batches(&of).last().is_some_and(|batch| batch.partition_leader_epoch.0 > 0));
        while cluster.poll_output(at(500)).is_some() {}
        assert_eq!(statuses(&cluster).last(), Some(&TransactionStatus::CompleteCommit), "seed {seed}");
        assert_eq!(values(&cluster.committed_records(&of)), ["a"], "seed {seed}");
        assert_eq!(cluster.end_offset(&of), Some(Offset(2)), "one marker, seed {seed}");
    }
    assert!((1..16).contains(&again), "{again} of 16 markers were lost");
}

#[test]
fn a_second_producer_fences_the_first_and_aborts_its_transaction() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(3));
        let of = partition("orders", 0);
        let mut old = TxnClient::new("tx", version);
        assert_eq!(old.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(old.send(&mut cluster, at(0), &of, "lost"), ErrorCode::NONE);
        let mut new = TxnClient::new("tx", version);
        // The open transaction is aborted first, and the client asked to come again.
        assert_eq!(new.init(&mut cluster, at(0)), ErrorCode::CONCURRENT_TRANSACTIONS);
        assert_eq!(new.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(new.identity.id, old.identity.id);
        assert_eq!(new.identity.epoch.0, old.identity.epoch.0 + 2);
        assert_eq!(old.produce(&mut cluster, at(0), &of, "late"), ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(old.end(&mut cluster, at(0), true), ErrorCode::PRODUCER_FENCED);
        assert_eq!(new.send(&mut cluster, at(0), &of, "kept"), ErrorCode::NONE);
        assert_eq!(new.end(&mut cluster, at(0), true), ErrorCode::NONE);
        assert_eq!(values(&cluster.committed_records(&of)), ["kept"], "version {version}");
    }
}

#[test]
fn old_versions_name_fencing_by_the_epoch() {
    let mut cluster = world(ClusterConfig::new(1));
    let mut old = TxnClient::new("tx", 1);
    assert_eq!(old.init(&mut cluster, at(0)), ErrorCode::NONE);
    let mut new = TxnClient::new("tx", 1);
    assert_eq!(new.init(&mut cluster, at(0)), ErrorCode::NONE);
    for (version, expected) in [(1, ErrorCode::INVALID_PRODUCER_EPOCH), (2, ErrorCode::PRODUCER_FENCED)] {
        let request = old.end_request(true);
        let answer = old.call(&mut cluster, at(0), &request, version);
        assert_eq!(answer.error_code, expected);
        let partitions = old.add_request(&partition("orders", 0));
        let answer = old.call(&mut cluster, at(0), &partitions, version);
        let answered = &answer.results_by_topic_v3_and_below[0].results_by_partition[0];
        assert_eq!(answered.partition_error_code, expected);
    }
    let mut request = old.init_request();
    (request.producer_id, request.producer_epoch) = (old.identity.id.0, old.identity.epoch.0);
    for (version, expected) in [(3, ErrorCode::INVALID_PRODUCER_EPOCH), (5, ErrorCode::PRODUCER_FENCED)] {
        assert_eq!(old.call(&mut cluster, at(0), &request, version).error_code, expected);
    }
}

#[test]
fn a_producer_that_says_who_it_is_gets_the_next_epoch_once() {
    let mut cluster = world(ClusterConfig::new(1));
    let mut producer = TxnClient::new("tx", 1);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    let mut request = producer.init_request();
    (request.producer_id, request.producer_epoch) = (producer.identity.id.0, producer.identity.epoch.0);
    // The answer may get lost, and the request comes again (KIP-360).
    for _ in 0..2 {
        let answer = producer.call(&mut cluster, at(0), &request, 5);
        assert_eq!((answer.error_code, answer.producer_epoch), (ErrorCode::NONE, request.producer_epoch + 1));
    }
    request.producer_id += 1;
    assert_eq!(producer.call(&mut cluster, at(0), &request, 5).error_code, ErrorCode::PRODUCER_FENCED);
}

#[test]
fn producers_get_another_id_when_epochs_are_used_up() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1).first_producer_epoch(i16::MAX - 2));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        let mut ids = vec![producer.identity];
        for value in ["a", "b", "c"] {
            if version == 1 {
                assert_eq!(producer.bump(&mut cluster, at(0)), ErrorCode::NONE);
            }
            assert_eq!(producer.send(&mut cluster, at(0), &of, value), ErrorCode::NONE);
            let before = producer.end_request(true);
            assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
            // The same again, as after a lost answer.
            let answer = producer.call(&mut cluster, at(0), &before, if version == 2 { 5 } else { 3 });
            assert_eq!(answer.error_code, ErrorCode::NONE, "version {version} {value}");
            if version == 2 {
                let told = (answer.producer_id, answer.producer_epoch);
                assert_eq!(told, (producer.identity.id.0, producer.identity.epoch.0));
            }
            ids.push(producer.identity);
        }
        assert_ne!(ids.first().map(|one| one.id), ids.last().map(|one| one.id), "version {version}");
        assert!(ids.iter().all(|one| one.epoch.0 < i16::MAX), "the last epoch is for fencing");
        assert_eq!(values(&cluster.committed_records(&of)), ["a", "b", "c"]);
    }
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted_at_the_broker() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(3));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        producer.timeout_ms = 2_000;
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send(&mut cluster, at(100), &of, "late"), ErrorCode::NONE);
        assert_eq!(cluster.next_deadline(), Monotonic::from_millis(2_100));
        assert_eq!(cluster.poll_output(at(2_100)), None);
        assert_eq!(statuses(&cluster).last(), Some(&TransactionStatus::CompleteAbort));
        assert_eq!(cluster.last_stable_offset(at(2_100), &of), Some(Offset(2)));
        assert_eq!(values(&cluster.committed_records(&of)), [""; 0]);
        assert_eq!(producer.produce(&mut cluster, at(2_100), &of, "x"), ErrorCode::INVALID_PRODUCER_EPOCH);
        let expected = match version {
            1 => ErrorCode::PRODUCER_FENCED,
            _ => ErrorCode::INVALID_TXN_STATE,
        };
        assert_eq!(producer.end(&mut cluster, at(2_100), true), expected, "version {version}");
        if version == 2 {
            // An abort finds its work done, and learns the epoch.
            assert_eq!(producer.end(&mut cluster, at(2_100), false), ErrorCode::NONE);
            assert_eq!(producer.send(&mut cluster, at(2_100), &of, "next"), ErrorCode::NONE);
            assert_eq!(producer.end(&mut cluster, at(2_100), true), ErrorCode::NONE);
            assert_eq!(values(&cluster.committed_records(&of)), ["next"]);
        }
    }
}

#[test]
fn while_markers_are_written_the_next_transaction_has_to_wait() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1).transaction_marker_delay(Duration::from_millis(30)));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
        assert_eq!(producer.send(&mut cluster, at(29), &of, "b"), ErrorCode::CONCURRENT_TRANSACTIONS);
        let mut second = TxnClient::new("tx", version);
        assert_eq!(second.init(&mut cluster, at(29)), ErrorCode::CONCURRENT_TRANSACTIONS);
        assert_eq!(values(&cluster.committed_records(&of)), [""; 0]);
        assert_eq!(producer.send(&mut cluster, at(30), &of, "b"), ErrorCode::NONE, "version {version}");
        assert_eq!(values(&cluster.committed_records(&of)), ["a"]);
    }
}

#[test]
fn an_end_asked_for_while_markers_are_written_waits_and_fences_nobody() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1).transaction_marker_delay(Duration::from_millis(30)));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
        // The next transaction's abort, of which nothing has come in.
        assert_eq!(producer.end(&mut cluster, at(29), false), ErrorCode::CONCURRENT_TRANSACTIONS);
        let nothing_to_end = if version == 2 { ErrorCode::NONE } else { ErrorCode::INVALID_TXN_STATE };
        assert_eq!(producer.end(&mut cluster, at(30), false), nothing_to_end);
        assert_eq!(values(&cluster.committed_records(&of)), ["a"]);
        assert_eq!(cluster.fencings(), 1, "by its own init alone");
    }
}

#[test]
fn an_old_producer_hears_of_waiting_as_something_it_retries() {
    let mut cluster = world(ClusterConfig::new(1).transaction_marker_delay(Duration::from_millis(30)));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 1);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    let other = partition("orders", 1);
    assert_eq!(producer.produce(&mut cluster, at(1), &other, "b"), ErrorCode::NOT_ENOUGH_REPLICAS);
}

#[test]
fn a_partition_that_was_not_added_is_refused_in_the_client_s_words() {
    let mut cluster = world(ClusterConfig::new(1));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 1);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    for (version, expected) in [
        (9, ErrorCode::INVALID_TXN_STATE),
        (10, ErrorCode::INVALID_TXN_STATE),
        (11, ErrorCode::TRANSACTION_ABORTABLE),
    ] {
        producer.produce_version = version;
        assert_eq!(producer.produce(&mut cluster, at(0), &of, "a"), expected, "version {version}");
    }
    producer.produce_version = 12;
    assert_eq!(producer.produce(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    assert_eq!(values(&cluster.records(&of)), ["a"]);
}

#[test]
fn a_batch_beside_its_producer_s_open_transaction_is_refused() {
    let mut cluster = world(ClusterConfig::new(1));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    let identity = producer.identity;
    let batch = common::Batch::of(&["b"]).by(identity.id.0, identity.epoch.0, 1);
    let mut client = common::Client::to_leader(&mut cluster, at(0), &of);
    let refused = client.produce(&mut cluster, at(0), &of, batch.build());
    assert_eq!(refused.error_code, ErrorCode::INVALID_TXN_STATE);
}

#[test]
fn a_late_batch_of_the_last_transaction_stays_out_of_the_next_one() {
    // With KIP-890 each transaction has its own epoch; before, the late batch would be taken for one of the next.
    let mut cluster = world(ClusterConfig::new(1));
    let of = partition("orders", 0);
    let mut producer = TxnClient::new("tx", 2);
    assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
    let mut late = producer.clone_identity();
    assert_eq!(producer.end(&mut cluster, at(0), false), ErrorCode::NONE);
    assert_eq!(late.produce(&mut cluster, at(0), &of, "late"), ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(producer.send(&mut cluster, at(0), &of, "b"), ErrorCode::NONE);
    assert_eq!(late.produce(&mut cluster, at(0), &of, "late"), ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(producer.end(&mut cluster, at(0), true), ErrorCode::NONE);
    assert_eq!(values(&cluster.records(&of)), ["a", "b"]);
}

#[test]
fn the_end_of_a_transaction_may_be_asked_for_again_but_not_turned_around() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1));
        let of = partition("orders", 0);
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        assert_eq!(producer.send(&mut cluster, at(0), &of, "a"), ErrorCode::NONE);
        let end_txn = if version == 2 { 5 } else { 4 };
        let (commit, abort) = (producer.end_request(true), producer.end_request(false));
        for expected in [ErrorCode::NONE, ErrorCode::NONE] {
            assert_eq!(producer.call(&mut cluster, at(0), &commit, end_txn).error_code, expected);
        }
        let turned = producer.call(&mut cluster, at(0), &abort, end_txn);
        assert_eq!(turned.error_code, ErrorCode::INVALID_TXN_STATE, "version {version}");
        assert_eq!(values(&cluster.committed_records(&of)), ["a"]);
    }
}

#[test]
fn nothing_is_committed_where_nothing_was_begun() {
    for version in VERSIONS {
        let mut cluster = world(ClusterConfig::new(1));
        let mut producer = TxnClient::new("tx", version);
        assert_eq!(producer.init(&mut cluster, at(0)), ErrorCode::NONE);
        let end_txn = if version == 2 { 5 } else { 4 };
        let commit = producer.end_request(true);
        let refused = producer.call(&mut cluster, at(0), &commit, end_txn);
        assert_eq!(refused.error_code, ErrorCode::INVALID_TXN_STATE);
        let epoch = producer.identity.epoch;
        let expected = if version == 2 { ErrorCode::NONE } else { ErrorCode::INVALID_TXN_STATE };
        assert_eq!(producer.end(&mut cluster, at(0), false), expected);
        assert_eq!(producer.identity.epoch.0, epoch.0 + (version - 1), "an abort moves on to another epoch");
    }
}

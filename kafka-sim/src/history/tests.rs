use super::*;

const FULL: Promise = Promise { exactly_once: true, ordered: true, durable: true };
const DURABLE: Promise = Promise { exactly_once: false, ordered: false, durable: true };

fn at(number: u64, offset: i64) -> Logged {
    Logged {
        number: RecordNumber(number),
        topic_partition: TopicPartition::new("t", 0),
        offset: Offset(offset),
        incarnation: 0,
    }
}

fn history(told: &[Option<Told>]) -> History {
    let mut history = History::default();
    for (number, told) in told.iter().enumerate() {
        let number = RecordNumber(number as u64);
        history.begin(number);
        history.accept(number);
        if let Some(told) = told {
            history.tell(number, told.clone()).unwrap();
        }
    }
    history
}

fn acknowledged(offset: i64) -> Option<Told> {
    Some(Told::Acknowledged(TopicPartition::new("t", 0), Offset(offset)))
}

#[test]
fn what_holds_passes() {
    let history = history(&[
        acknowledged(0),
        acknowledged(1),
        Some(Told::NotWritten("x".into())),
        Some(Told::Unknown("y".into())),
    ]);
    assert_eq!(history.check(&[at(0, 0), at(1, 1), at(3, 2)], FULL), Ok(()));
    assert_eq!(history.check(&[at(0, 0), at(1, 1)], FULL), Ok(()));
}

#[test]
fn each_kind_of_damage_is_seen() {
    let lost = history(&[acknowledged(0)]).check(&[], FULL);
    let doubled = history(&[acknowledged(0)]).check(&[at(0, 0), at(0, 1)], FULL);
    let swapped = history(&[acknowledged(1), acknowledged(0)]).check(&[at(1, 0), at(0, 1)], FULL);
    let elsewhere = history(&[acknowledged(5)]).check(&[at(0, 0)], FULL);
    let stranger = history(&[]).check(&[at(9, 0)], FULL);
    for broken in [lost, doubled, swapped, elsewhere, stranger] {
        assert_eq!(broken.unwrap_err().invariant, ONCE_IN_ORDER);
    }
    let lie = history(&[Some(Told::NotWritten("x".into()))]).check(&[at(0, 0)], FULL);
    assert_eq!(lie.unwrap_err().invariant, NOT_WRITTEN);
    let silent = history(&[None]).check(&[], FULL);
    assert_eq!(silent.unwrap_err().invariant, ONE_OUTCOME);
    let mut twice = history(&[acknowledged(0)]);
    assert!(twice.tell(RecordNumber(0), Told::NotWritten("x".into())).is_err());
}

#[test]
fn one_request_at_a_time_keeps_the_order_without_idempotence() {
    let ordered = Promise { ordered: true, ..DURABLE };
    let log = [at(1, 0), at(0, 1), at(0, 2)];
    assert!(history(&[acknowledged(1), acknowledged(0)]).check(&log, ordered).is_err());
    let log = [at(0, 0), at(0, 1), at(1, 2)];
    assert_eq!(history(&[acknowledged(1), acknowledged(2)]).check(&log, ordered), Ok(()));
}

#[test]
fn without_idempotence_only_loss_counts() {
    let history = history(&[acknowledged(1), acknowledged(0)]);
    assert_eq!(history.check(&[at(1, 0), at(0, 1), at(0, 2)], DURABLE), Ok(()));
    let nothing = Promise { durable: false, ..DURABLE };
    assert_eq!(history.check(&[], nothing), Ok(()));
    assert!(history.check(&[], DURABLE).is_err());
}

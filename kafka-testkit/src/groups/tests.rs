use super::*;
use crate::cluster::ConnectionId;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);

fn request(member_id: &str, new_member_id: &str) -> JoinRequest {
    JoinRequest {
        member_id: member_id.to_owned(),
        new_member_id: new_member_id.to_owned(),
        instance_id: None,
        session_timeout: SESSION,
        rebalance_timeout: REBALANCE,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Bytes::from(new_member_id.to_owned()))],
        id_required: false,
    }
}

fn secs(secs: u64) -> Monotonic {
    Monotonic::from_millis(secs * 1_000)
}

fn joins(replies: Vec<GroupReply>) -> Vec<(u64, JoinReply)> {
    let join = |reply: GroupReply| match reply.content {
        ReplyContent::Join(join) => Some((reply.connection.0, join)),
        ReplyContent::Sync(_) => None,
    };
    replies.into_iter().filter_map(join).collect()
}

fn syncs(replies: Vec<GroupReply>) -> Vec<(u64, SyncReply)> {
    let sync = |reply: GroupReply| match reply.content {
        ReplyContent::Sync(sync) => Some((reply.connection.0, sync)),
        ReplyContent::Join(_) => None,
    };
    replies.into_iter().filter_map(sync).collect()
}

fn sync(member: &str, generation: i32, assignments: &[(&str, &'static str)]) -> SyncRequest {
    let assignments =
        assignments.iter().map(|(id, text)| ((*id).to_owned(), Bytes::from_static(text.as_bytes())));
    SyncRequest {
        member_id: member.to_owned(),
        instance_id: None,
        generation,
        assignments: assignments.collect(),
    }
}

/// A group of `a`, who leads, in generation 1.
fn group_of_one() -> Group {
    let mut group = Group::new(Duration::ZERO);
    group.join(secs(0), ConnectionId(1), request("", "a"));
    let joined = joins(group.advance(secs(0)));
    assert_eq!((joined[0].1.generation, joined[0].1.leader.as_str()), (1, "a"));
    group.sync(secs(0), ConnectionId(1), sync("a", 1, &[("a", "all")]));
    assert_eq!(syncs(group.advance(secs(0)))[0].1.assignment, "all");
    group
}

/// A group of `a`, who leads, and `b` in generation 2.
fn group_of_two() -> Group {
    let mut group = group_of_one();
    group.join(secs(1), ConnectionId(2), request("", "b"));
    assert!(group.advance(secs(1)).is_empty(), "a has to join again first");
    assert_eq!(group.heartbeat(secs(1), "a", None, 1), ErrorCode::REBALANCE_IN_PROGRESS);
    group.join(secs(2), ConnectionId(1), request("a", "a"));
    let joined = joins(group.advance(secs(2)));
    assert_eq!(joined.len(), 2);
    for (_, join) in &joined {
        assert_eq!(
            (join.generation, join.leader.as_str(), join.protocol.as_deref()),
            (2, "a", Some("range"))
        );
        let told = if join.member_id == "a" { 2 } else { 0 };
        assert_eq!(join.members.len(), told, "the leader alone is told who is there");
    }
    group.sync(secs(2), ConnectionId(2), sync("b", 2, &[]));
    assert!(group.advance(secs(2)).is_empty(), "b waits for the leader");
    group.sync(secs(2), ConnectionId(1), sync("a", 2, &[("a", "half"), ("b", "rest")]));
    let assigned: Vec<_> =
        syncs(group.advance(secs(2))).into_iter().map(|(to, sync)| (to, sync.assignment)).collect();
    assert_eq!(assigned, [(1, Bytes::from("half")), (2, Bytes::from("rest"))]);
    group
}

#[test]
fn a_second_member_makes_everybody_join_again() {
    group_of_two();
}

#[test]
fn a_member_that_is_silent_for_its_session_is_removed_and_the_others_rebalance() {
    let mut group = group_of_two();
    assert_eq!(group.heartbeat(secs(8), "a", None, 2), ErrorCode::NONE);
    assert_eq!(group.next_deadline(), secs(12));
    assert!(group.advance(secs(12)).is_empty());
    assert_eq!(group.heartbeat(secs(13), "b", None, 2), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(group.heartbeat(secs(13), "a", None, 2), ErrorCode::REBALANCE_IN_PROGRESS);
    group.join(secs(14), ConnectionId(1), request("a", "a"));
    let joined = joins(group.advance(secs(14)));
    assert_eq!((joined[0].1.generation, joined[0].1.members.len()), (3, 1));
}

#[test]
fn a_member_that_does_not_join_again_in_time_is_left_out() {
    let mut group = group_of_two();
    group.join(secs(3), ConnectionId(3), request("", "c"));
    group.join(secs(3), ConnectionId(1), request("a", "a"));
    assert!(group.advance(secs(3)).is_empty());
    // It lives, but does not join.
    for second in (4..63).step_by(5) {
        assert_eq!(group.heartbeat(secs(second), "b", None, 2), ErrorCode::REBALANCE_IN_PROGRESS);
        assert!(group.advance(secs(second)).is_empty());
    }
    let joined = joins(group.advance(secs(63)));
    let there: Vec<_> = joined.iter().map(|(_, join)| join.member_id.as_str()).collect();
    assert_eq!(there, ["a", "c"]);
}

#[test]
fn leaving_makes_the_others_rebalance() {
    let mut group = group_of_two();
    assert_eq!(group.leave(secs(3), "a", None), ErrorCode::NONE);
    assert_eq!(group.leave(secs(3), "a", None), ErrorCode::UNKNOWN_MEMBER_ID);
    group.join(secs(4), ConnectionId(2), request("b", "b"));
    let joined = joins(group.advance(secs(4)));
    assert_eq!((joined[0].1.leader.as_str(), joined[0].1.generation), ("b", 3));
    assert_eq!(group.leave(secs(5), "b", None), ErrorCode::NONE);
    assert!(group.advance(secs(5)).is_empty());
    assert_eq!(group.next_deadline(), Monotonic::NEVER);
}

#[test]
fn new_members_may_have_to_take_an_id_first() {
    let mut group = Group::new(Duration::ZERO);
    group.join(secs(0), ConnectionId(1), JoinRequest { id_required: true, ..request("", "a") });
    let told = joins(group.advance(secs(0)));
    assert_eq!((told[0].1.error, told[0].1.member_id.as_str()), (ErrorCode::MEMBER_ID_REQUIRED, "a"));
    group.join(secs(0), ConnectionId(1), JoinRequest { id_required: true, ..request("a", "x") });
    assert_eq!(joins(group.advance(secs(0)))[0].1.member_id, "a");
    group.join(secs(0), ConnectionId(2), request("made up", "x"));
    assert_eq!(joins(group.advance(secs(0)))[0].1.error, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn requests_of_another_generation_are_refused() {
    let mut group = group_of_two();
    assert_eq!(group.heartbeat(secs(3), "a", None, 1), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(group.check_commit(secs(3), "a", None, 1), ErrorCode::ILLEGAL_GENERATION);
    assert_eq!(group.check_commit(secs(3), "a", None, 2), ErrorCode::NONE);
    assert_eq!(group.check_commit(secs(3), "", None, -1), ErrorCode::UNKNOWN_MEMBER_ID);
    assert_eq!(Group::new(Duration::ZERO).check_commit(secs(0), "", None, -1), ErrorCode::NONE);
    group.sync(secs(3), ConnectionId(1), sync("a", 1, &[]));
    assert_eq!(syncs(group.advance(secs(3)))[0].1.error, ErrorCode::ILLEGAL_GENERATION);
}

#[test]
fn a_static_member_that_comes_again_fences_its_former_self() {
    let mut group = Group::new(Duration::ZERO);
    let named = |new: &str| JoinRequest { instance_id: Some("i".to_owned()), ..request("", new) };
    group.join(secs(0), ConnectionId(1), named("i-1"));
    assert_eq!(joins(group.advance(secs(0))).len(), 1);
    group.join(secs(1), ConnectionId(2), named("i-2"));
    assert_eq!(joins(group.advance(secs(1)))[0].1.member_id, "i-2");
    assert_eq!(group.heartbeat(secs(1), "i-1", Some("i"), 2), ErrorCode::FENCED_INSTANCE_ID);
    assert_eq!(group.heartbeat(secs(1), "i-2", Some("i"), 2), ErrorCode::NONE);
}

#[test]
fn members_agree_on_a_protocol_that_all_support() {
    let protocols = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Bytes::new())).collect();
    let mut group = Group::new(Duration::from_secs(3));
    group.join(
        secs(0),
        ConnectionId(1),
        JoinRequest { protocols: protocols(&["x", "y"]), ..request("", "a") },
    );
    group.join(
        secs(0),
        ConnectionId(2),
        JoinRequest { protocols: protocols(&["y", "z"]), ..request("", "b") },
    );
    group.join(secs(0), ConnectionId(3), JoinRequest { protocols: protocols(&["z"]), ..request("", "c") });
    let refused = joins(group.advance(secs(0)));
    assert_eq!((refused[0].0, refused[0].1.error), (3, ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
    assert_eq!(group.next_deadline(), secs(3), "the first members wait for others");
    let joined = joins(group.advance(secs(3)));
    assert_eq!(joined.len(), 2);
    assert!(joined.iter().all(|(_, join)| join.protocol.as_deref() == Some("y")));
}

//! The states of a transactional producer.

/// Where a transactional producer is. Kafka's own states.
///
/// Who may follow whom; a test compares this table with [`State::may_follow`], and anything else is refused:
///
/// | state | after |
/// |---|---|
/// | `Uninitialized` | `AbortableError` |
/// | `Initializing` | `Uninitialized`, `CommittingTransaction`, `AbortingTransaction` |
/// | `Ready` | `Initializing`, `CommittingTransaction`, `AbortingTransaction` |
/// | `InTransaction` | `Ready` |
/// | `PreparedTransaction` | `InTransaction`, `Initializing` |
/// | `CommittingTransaction` | `InTransaction`, `PreparedTransaction` |
/// | `AbortingTransaction` | `InTransaction`, `PreparedTransaction`, `AbortableError` |
/// | `AbortableError` | `InTransaction`, `CommittingTransaction`, `AbortableError`, `Initializing` |
/// | `FatalError` | `Uninitialized`, `Initializing`, `Ready`, `InTransaction`, `PreparedTransaction`, `CommittingTransaction`, `AbortingTransaction`, `AbortableError`, `FatalError` |
///
/// Kafka's producer may also go from `Ready` to `Uninitialized`; only a producer without transactions does, for another id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum State {
    /// No producer id yet: only `init` is possible.
    Uninitialized,
    /// `InitProducerId` is on its way: at the start, or between two transactions for another epoch.
    Initializing,
    /// A transaction may begin.
    Ready,
    /// Records and offsets may be sent.
    InTransaction,
    /// The first phase of a two-phase commit is over (KIP-939). Brokers don't serve it yet, so that nothing leads here.
    PreparedTransaction,
    /// A commit was decided; what was sent before is finished first.
    CommittingTransaction,
    /// An abort was decided.
    AbortingTransaction,
    /// Something of the transaction failed: only `abort` is possible.
    AbortableError,
    /// The producer can do nothing any more.
    FatalError,
}

impl State {
    /// All of them.
    pub const ALL: [State; 9] = [
        State::Uninitialized,
        State::Initializing,
        State::Ready,
        State::InTransaction,
        State::PreparedTransaction,
        State::CommittingTransaction,
        State::AbortingTransaction,
        State::AbortableError,
        State::FatalError,
    ];

    /// Whether this state may come after `source`.
    pub fn may_follow(self, source: State) -> bool {
        use State::{
            AbortableError, AbortingTransaction, CommittingTransaction, FatalError, InTransaction,
            Initializing, PreparedTransaction, Ready, Uninitialized,
        };
        match self {
            Uninitialized => matches!(source, AbortableError),
            Initializing => matches!(source, Uninitialized | CommittingTransaction | AbortingTransaction),
            Ready => matches!(source, Initializing | CommittingTransaction | AbortingTransaction),
            InTransaction => matches!(source, Ready),
            PreparedTransaction => matches!(source, InTransaction | Initializing),
            CommittingTransaction => matches!(source, InTransaction | PreparedTransaction),
            AbortingTransaction => matches!(source, InTransaction | PreparedTransaction | AbortableError),
            AbortableError => {
                matches!(source, InTransaction | CommittingTransaction | AbortableError | Initializing)
            }
            FatalError => true,
        }
    }

    /// Whether records of a transaction go out: it is open, and nothing of it failed.
    pub fn is_sending(self) -> bool {
        matches!(self, State::InTransaction | State::CommittingTransaction)
    }

    /// Whether a transaction is open: begun, and its end not acknowledged.
    pub fn is_in_transaction(self) -> bool {
        matches!(
            self,
            State::InTransaction
                | State::PreparedTransaction
                | State::CommittingTransaction
                | State::AbortingTransaction
                | State::AbortableError
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_transitions_are_those_of_the_code() {
        let rows = include_str!("state.rs").lines().filter(|line| line.starts_with("/// | `"));
        let rows: Vec<Vec<&str>> =
            rows.map(|row| row.split('`').skip(1).step_by(2).collect::<Vec<_>>()).collect();
        let documented: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(documented, State::ALL.map(|state| format!("{state:?}")));
        for (state, row) in State::ALL.into_iter().zip(&rows) {
            let sources: Vec<String> = State::ALL
                .into_iter()
                .filter(|source| state.may_follow(*source))
                .map(|source| format!("{source:?}"))
                .collect();
            let mut written: Vec<String> = row[1..].iter().map(|name| (*name).to_owned()).collect();
            written.sort_by_key(|name| documented.iter().position(|known| known == name));
            assert_eq!(written, sources, "{state:?}");
        }
    }
}

//! One token for all connections, renewed before it ends.

use super::{Token, TokenError, TokenProvider};
use crate::sasl::random::fraction;
use crate::{RefreshConfig, wall_clock};
use kafka_types::Timestamp;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

impl RefreshConfig {
    /// When a token that was given out at `from` is to be renewed. Where `min_period` and `buffer` leave no time between them,
    /// neither counts, as in Kafka.
    pub(super) fn refresh_at(&self, from: Timestamp, until: Timestamp, random: f64) -> Timestamp {
        let life = until.0.saturating_sub(from.0).max(0);
        let part = self.window_factor + self.window_jitter * random;
        let wanted = from.0.saturating_add((life as f64 * part) as i64);
        let least = from.0.saturating_add(millis(self.min_period));
        let most = until.0.saturating_sub(millis(self.buffer));
        Timestamp(if least < most { wanted.clamp(least, most) } else { wanted })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Keeps a provider's token as long as it is good: all exchanges share it, and only one asks for the next one at a time.
/// If there is no new one yet, the old one serves until its end.
pub struct RefreshingTokenProvider {
    inner: Arc<dyn TokenProvider>,
    config: RefreshConfig,
    /// Held by the one who asks for the next token.
    asking: Semaphore,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: Token,
    refresh_at: Timestamp,
}

impl RefreshingTokenProvider {
    /// Keeps the tokens of another provider.
    pub fn new(inner: Arc<dyn TokenProvider>, config: RefreshConfig) -> RefreshingTokenProvider {
        RefreshingTokenProvider { inner, config, asking: Semaphore::new(1), kept: Mutex::new(None) }
    }

    async fn token_at(&self, now: Timestamp) -> Result<Token, TokenError> {
        if let Some(token) = self.kept(|kept| now.0 < kept.refresh_at.0) {
            return Ok(token);
        }
        let still_good = |kept: &Kept| kept.token.expires_at.is_some_and(|end| now.0 < end.0);
        let asking = match (self.asking.try_acquire(), self.kept(still_good)) {
            (Ok(asking), _) => asking,
            // Somebody else asks already, and the old one serves meanwhile.
            (Err(_), Some(token)) => return Ok(token),
            (Err(_), None) => {
                let closed = |_| TokenError::unavailable("the provider is gone");
                let asking = self.asking.acquire().await.map_err(closed)?;
                // Whoever asked before has got it, unless it failed or gave up.
                if let Some(token) = self.kept(|kept| now.0 < kept.refresh_at.0) {
                    return Ok(token);
                }
                asking
            }
        };
        let asked = self.inner.token().await;
        let answer = match asked {
            Ok(token) => {
                let kept = token.expires_at.map(|until| Kept {
                    token: token.clone(),
                    refresh_at: self.config.refresh_at(now, until, fraction()),
                });
                *self.kept.lock() = kept;
                Ok(token)
            }
            Err(error) => match self.kept(still_good) {
                Some(token) => {
                    tracing::warn!(%error, "no new OAuth token; the old one serves until its end");
                    Ok(token)
                }
                None => Err(error),
            },
        };
        drop(asking);
        answer
    }

    fn kept(&self, good: impl Fn(&Kept) -> bool) -> Option<Token> {
        self.kept.lock().as_ref().filter(|kept| good(kept)).map(|kept| kept.token.clone())
    }
}

#[async_trait::async_trait]
impl TokenProvider for RefreshingTokenProvider {
    async fn token(&self) -> Result<Token, TokenError> {
        self.token_at(wall_clock::now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// Counts; refuses once it is negative.
    struct Counting(AtomicI64);

    #[async_trait::async_trait]
    impl TokenProvider for Counting {
        async fn token(&self) -> Result<Token, TokenError> {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            if number < 0 {
                return Err(TokenError::unavailable("down"));
            }
            let expires_at = Some(Timestamp((number + 1) * 3_600_000));
            Ok(Token { value: Secret::new(number.to_string()), expires_at, extensions: Default::default() })
        }
    }

    fn provider() -> (Arc<Counting>, RefreshingTokenProvider) {
        let counting = Arc::new(Counting(AtomicI64::new(0)));
        (counting.clone(), RefreshingTokenProvider::new(counting, RefreshConfig::default()))
    }

    #[tokio::test]
    async fn a_token_is_kept_until_most_of_its_life_is_over() {
        let (_, provider) = provider();
        let value = async |minutes: i64| {
            provider.token_at(Timestamp(minutes * 60_000)).await.unwrap().value.expose().to_owned()
        };
        assert_eq!((value(0).await, value(47).await), ("0".into(), "0".into()));
        assert_eq!(value(52).await, "1");
    }

    #[tokio::test]
    async fn an_old_token_serves_while_there_is_no_new_one_and_not_beyond_its_end() {
        let (counting, provider) = provider();
        provider.token_at(Timestamp(0)).await.unwrap();
        counting.0.store(-100, Ordering::SeqCst);
        assert_eq!(provider.token_at(Timestamp(59 * 60_000)).await.unwrap().value.expose(), "0");
        assert!(provider.token_at(Timestamp(60 * 60_000)).await.is_err());
    }

    /// Answers when it is told to.
    struct Slow(tokio::sync::Notify, AtomicI64);

    #[async_trait::async_trait]
    impl TokenProvider for Slow {
        async fn token(&self) -> Result<Token, TokenError> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.notified().await;
            let expires_at = Some(Timestamp(3_600_000));
            Ok(Token { value: Secret::from("slow"), expires_at, extensions: Default::default() })
        }
    }

    #[tokio::test]
    async fn many_who_need_the_first_token_ask_once() {
        let slow = Arc::new(Slow(tokio::sync::Notify::new(), AtomicI64::new(0)));
        let provider = RefreshingTokenProvider::new(slow.clone(), RefreshConfig::default());
        let all = async { tokio::join!(provider.token_at(Timestamp(0)), provider.token_at(Timestamp(0))) };
        let (all, ()) = tokio::join!(all, async { slow.0.notify_one() });
        assert_eq!(all.0.unwrap().value, all.1.unwrap().value);
        assert_eq!(slow.1.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_window_is_held_within_its_bounds() {
        let config = RefreshConfig::default();
        let at =
            |minutes: i64, random| config.refresh_at(Timestamp(0), Timestamp(minutes * 60_000), random).0;
        assert_eq!(at(100, 0.0), 80 * 60_000);
        assert_eq!(at(100, 1.0), 85 * 60_000);
        // Five minutes before the end at the latest, and where that is not possible by the factor alone.
        assert_eq!(at(10, 0.0), 5 * 60_000);
        assert_eq!(at(5, 0.0), 4 * 60_000);
    }
}

//! One token for all connections, renewed before it ends.

use super::{Token, TokenError, TokenProvider};
use crate::sasl::random::fraction;
use crate::{RefreshConfig, wall_clock};
use kafka_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

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
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    token: Token,
    refresh_at: Timestamp,
}

impl RefreshingTokenProvider {
    /// Keeps the tokens of another provider.
    pub fn new(inner: Arc<dyn TokenProvider>, config: RefreshConfig) -> RefreshingTokenProvider {
        RefreshingTokenProvider { inner, config, kept: Mutex::new(None) }
    }

    async fn token_at(&self, now: Timestamp) -> Result<Token, TokenError> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| now.0 < kept.refresh_at.0) {
            return Ok(kept.token.clone());
        }
        match self.inner.token().await {
            Ok(token) => {
                *kept = token.expires_at.map(|until| Kept {
                    token: token.clone(),
                    refresh_at: self.config.refresh_at(now, until, fraction()),
                });
                Ok(token)
            }
            Err(error) => {
                let still_good =
                    kept.as_ref().filter(|kept| kept.token.expires_at.is_some_and(|end| now.0 < end.0));
                match still_good {
                    Some(kept) => {
                        tracing::warn!(%error, "no new OAuth token; the old one serves until its end");
                        Ok(kept.token.clone())
                    }
                    None => Err(error),
                }
            }
        }
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

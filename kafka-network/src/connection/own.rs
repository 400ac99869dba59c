//! The connection's own requests: what the broker serves, and who the client is.

use super::exchange::{Exchange, ExchangeRequest, Progress};
use super::negotiation::{Answer, Negotiation};
use super::{Connection, ConnectionError, ConnectionEvent, Origin, State};
use crate::Authenticator;
use bytes::Bytes;
use kafka_protocol::wire::ApiKey;

/// Which of the connection's own requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Own {
    Versions,
    Handshake,
    Authenticate,
}

impl Connection {
    pub(super) fn ask_versions(&mut self, negotiation: Negotiation) {
        let (api, version, origin) =
            (ApiKey::API_VERSIONS, negotiation.version(), Origin::Own(Own::Versions));
        let asked = negotiation
            .request(&self.config)
            .and_then(|body| self.enqueue(api, version, vec![body], origin, true));
        self.state = match asked {
            Ok(()) => State::Negotiating(negotiation),
            Err(error) => State::Failed(error),
        };
    }

    pub(super) fn handle_own(&mut self, own: Own, body: Bytes) -> Result<(), ConnectionError> {
        match (own, &mut self.exchange) {
            (Own::Versions, _) => self.handle_versions(body),
            (Own::Handshake, Some(exchange)) => {
                let progress = exchange.handle_handshake(body)?;
                self.go_on(progress)
            }
            (Own::Authenticate, Some(exchange)) => {
                let progress = exchange.handle_message(body)?;
                self.go_on(progress)
            }
            // An exchange ends only with the answer to its last request.
            (Own::Handshake | Own::Authenticate, None) => Ok(()),
        }
    }

    fn handle_versions(&mut self, body: Bytes) -> Result<(), ConnectionError> {
        let State::Negotiating(negotiation) = self.state.clone() else { return Ok(()) };
        match negotiation.handle_answer(body)? {
            Answer::Again(next) => self.ask_versions(next),
            Answer::Served { versions, features } => {
                self.versions = versions;
                self.state = State::Authenticating(features);
                match self.authenticator.take() {
                    Some(authenticator) => self.begin_exchange(authenticator)?,
                    None => self.become_ready(),
                }
            }
        }
        Ok(())
    }

    pub(super) fn begin_exchange(
        &mut self,
        authenticator: Box<dyn Authenticator>,
    ) -> Result<(), ConnectionError> {
        let exchange = Exchange::new(authenticator, &self.versions)?;
        let handshake = exchange.handshake()?;
        self.ask(Own::Handshake, handshake)?;
        self.exchange = Some(exchange);
        Ok(())
    }

    fn go_on(&mut self, progress: Progress) -> Result<(), ConnectionError> {
        match progress {
            Progress::Ask(request) => self.ask(Own::Authenticate, request),
            Progress::Authenticated { session_lifetime } => {
                self.exchange = None;
                self.events.push_back(ConnectionEvent::Authenticated { session_lifetime });
                self.become_ready();
                while let Some(request) = self.held.pop_front() {
                    self.enqueue_request(request)?;
                }
                Ok(())
            }
        }
    }

    /// After the first exchange, or without one; later ones find the connection ready already.
    fn become_ready(&mut self) {
        if let State::Authenticating(features) = std::mem::replace(&mut self.state, State::Ready) {
            let versions = self.versions.clone();
            self.events.push_back(ConnectionEvent::Ready { versions, features });
        }
    }

    fn ask(&mut self, own: Own, request: ExchangeRequest) -> Result<(), ConnectionError> {
        let ExchangeRequest { api_key, version, body } = request;
        self.enqueue(api_key, version, vec![body], Origin::Own(own), true)
    }
}

//! The product's database, directly: read-only, catalogs and statistics alone, with time-outs, over TLS
//! (docs/platforms/postgres.md). Every look is a connection of its own with the simple protocol, so that a pooler in transaction
//! mode serves as well.

mod catalogue;
mod judge;
mod session;
mod tls;

use std::sync::Arc;
use std::time::Duration;

pub use catalogue::{Statement, statements};

use super::http::Http;
use super::{ErrorKind, PlatformError};
use crate::config::DatabaseSettings;
use crate::domain::finding::Finding;
use crate::sanitize::Text;

/// Longest wait for a connection, handshakes included.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for all statements of one look.
const WHOLE: Duration = Duration::from_secs(60);

/// A database.
#[derive(Debug, Clone)]
pub struct Postgres {
    http: Http,
    settings: Arc<DatabaseSettings>,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Every check by its name, in the order of the catalogue: what it found, or why it could not be made.
    pub checks: Vec<(Text, Result<Finding, PlatformError>)>,
    /// How long it took to connect, handshakes included.
    pub connect: Duration,
    /// How long `select 1` took.
    pub ping: Duration,
    /// A digest of every object of the schemas looked at, sorted by kind and name: two databases with the same list have the
    /// same schema.
    pub fingerprint: Vec<(Text, Text, Text)>,
}

impl Postgres {
    /// A database behind these settings. Nothing is opened yet.
    #[must_use]
    pub fn new(http: Http, settings: DatabaseSettings) -> Self {
        Self { http, settings: Arc::new(settings) }
    }

    /// Connects, looks at everything, and closes.
    ///
    /// # Errors
    /// [`PlatformError`] with the server's SQLSTATE and words when it cannot be reached or does not let us in. A check that
    /// fails by itself stands among the others with its reason.
    pub async fn look(&self) -> Result<Survey, PlatformError> {
        let began = self.http.clock().mono();
        self.session(async |client| {
            let connect = self.http.clock().mono().saturating_sub(began);
            let (checks, ping, fingerprint) = judge::everything(client, self.http.clock()).await?;
            Ok(Survey { checks, connect, ping, fingerprint })
        })
        .await
    }

    /// Which of these objects are there and whole, such as what a release needs. `objects` is the list that the statement
    /// `expected` takes: `[{"kind": "column", "schema": "public", "parent": "orders", "name": "currency"}, …]`.
    ///
    /// # Errors
    /// As [`Postgres::look`].
    pub async fn expected(&self, objects: &serde_json::Value) -> Result<Finding, PlatformError> {
        self.session(async |client| judge::expected(client, objects).await).await
    }

    /// The rows of one statement of the catalogue, as the server gives them.
    ///
    /// # Errors
    /// As [`Postgres::look`].
    pub async fn rows(&self, statement: Statement) -> Result<Vec<serde_json::Value>, PlatformError> {
        self.session(async |client| session::rows(client, statement.sql).await).await
    }

    async fn session<T>(
        &self,
        work: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, PlatformError>,
    ) -> Result<T, PlatformError> {
        let url = self.settings.url.get().ok_or_else(|| {
            session::refused(ErrorKind::Auth, &format!("no address of the database: {}", self.settings.url.origin()))
        })?;
        let opened = tokio::time::timeout(CONNECT, session::open(&url, &self.settings)).await;
        let late = |_| session::refused(ErrorKind::Timeout, "no connection in time");
        let (client, connection) = opened.map_err(late)?.map_err(|error| self.masked(error))?;
        let work = tokio::time::timeout(WHOLE, work(&client));
        // The connection is the task that reads the socket: it runs for as long as the work does.
        let done = tokio::select! {
            done = work => done.map_err(|_| session::refused(ErrorKind::Timeout, "the checks took too long"))?,
            ended = connection => Err(session::ended(ended)),
        };
        done.map_err(|error| self.masked(error))
    }

    fn masked(&self, mut error: PlatformError) -> PlatformError {
        error.message = self.http.redactor().mask(error.message);
        error
    }
}

//! Opens a connection and runs one statement at a time, each in a read-only transaction with time-outs.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr as _;

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use super::tls;
use crate::config::{DatabaseSettings, DatabaseTls};
use crate::domain::environment::Platform;
use crate::platform::http::fault;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// What drives a connection until it is closed.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Guards of every statement: the console never waits behind a lock that it would then be part of (docs/platforms/postgres.md
/// section 2).
const GUARDS: &str = "begin read only; set local statement_timeout = '5s'; set local lock_timeout = '500ms'; \
                      set local idle_in_transaction_session_timeout = '10s';";

/// Opens a connection. The address may have parameters of libpq that say how to encrypt: the configuration says it instead.
pub(super) async fn open(url: &SecretString, settings: &DatabaseSettings) -> Result<(Client, Running), PlatformError> {
    let mut config = address(url)?;
    config.application_name("flightdeck");
    config.connect_timeout(super::CONNECT);
    if settings.tls == DatabaseTls::Off {
        if !config.get_hosts().iter().all(here) {
            return Err(refused(ErrorKind::Refused, "tls = \"off\" is for a database on this machine only"));
        }
        config.ssl_mode(SslMode::Disable);
        let (client, connection) = config.connect(NoTls).await.map_err(|error| failed(&error))?;
        return Ok((client, Box::pin(connection)));
    }
    config.ssl_mode(SslMode::Require);
    let connector = tls::connector(settings.tls, settings.ca_file.as_deref())?;
    let (client, connection) = config.connect(connector).await.map_err(|error| failed(&error))?;
    Ok((client, Box::pin(connection)))
}

/// The words of the parser are left out: they may repeat a part of the password.
fn address(url: &SecretString) -> Result<Config, PlatformError> {
    let bad = || {
        refused(
            ErrorKind::Refused,
            "the address of the database is not of the form postgres://user:password@host:port/name",
        )
    };
    let mut url = reqwest::Url::parse(url.expose_secret().trim()).map_err(|_| bad())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(bad());
    }
    const KNOWN: [&str; 3] = ["options", "target_session_attrs", "keepalives"];
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| KNOWN.contains(&name.as_str())).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    Config::from_str(url.as_str()).map_err(|_| bad())
}

fn here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// A refusal in our words.
pub(super) fn refused(kind: ErrorKind, words: &str) -> PlatformError {
    fault(Platform::Supabase, kind, words)
}

/// The connection ended under the work.
pub(super) fn ended(result: Result<(), Error>) -> PlatformError {
    result.map_or_else(|error| failed(&error), |()| refused(ErrorKind::Unreachable, "the server closed the connection"))
}

/// The server's words with its SQLSTATE, or what stood in the way of reaching it.
pub(super) fn failed(error: &Error) -> PlatformError {
    let Some(server) = error.as_db_error() else {
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let kind = if lasting(innermost) { ErrorKind::Refused } else { ErrorKind::Unreachable };
        return refused(kind, &innermost.to_string());
    };
    let mut fault = refused(kind(server.code()), server.message());
    fault.code = Some(Text::clean(server.code().code()));
    fault
}

/// Whether a connection would fail in the same way the next time: a certificate that is not believed, a server without TLS, a
/// password that is not there. What the network did may be different in a moment.
fn lasting(innermost: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(io) = innermost.downcast_ref::<std::io::Error>() {
        return io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    }
    // The library's own errors (closed, timed out) have no source; its refusals carry their reason as one.
    innermost.is::<rustls::Error>() || !innermost.is::<Error>()
}

fn kind(code: &SqlState) -> ErrorKind {
    match code.code() {
        "28P01" | "28000" => ErrorKind::Auth,
        "42501" => ErrorKind::Forbidden,
        "57014" | "55P03" => ErrorKind::Timeout,
        // A database or a role that this server does not have. A table, a column or a function that is not there is a statement of ours
        // that does not fit this server: it tells nothing of the database.
        "3D000" | "42704" => ErrorKind::NotFound,
        "53300" | "57P01" | "57P03" => ErrorKind::Server,
        _ => ErrorKind::Refused,
    }
}

/// Runs one statement that reads, and decodes its rows: wrapped into JSON by the server, numbers and spans have one form.
///
/// # Errors
/// The server's words; [`ErrorKind::Garbage`] when the rows are not what the statement promises.
pub(super) async fn rows<T: DeserializeOwned>(client: &Client, sql: &str) -> Result<Vec<T>, PlatformError> {
    let whole = format!("{GUARDS} select coalesce(jsonb_agg(t), '[]')::text from ({sql}) t; commit");
    let messages = match client.simple_query(&whole).await {
        Ok(messages) => messages,
        Err(error) => {
            let told = failed(&error);
            // The transaction has failed as a whole; without this the next statement would be refused.
            let _ = client.simple_query("rollback").await;
            return Err(told);
        }
    };
    let text = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let unreadable = |words: String| refused(ErrorKind::Garbage, &words);
    let text = text.ok_or_else(|| unreadable("the server returned no row".to_owned()))?;
    serde_json::from_str(text).map_err(|error| unreadable(format!("unexpected rows: {error}")))
}

/// The cheapest round trip.
///
/// # Errors
/// The server's words.
pub(super) async fn ping(client: &Client) -> Result<(), PlatformError> {
    client.simple_query("select 1").await.map(drop).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_does_not_fit_the_server_is_refused_and_not_absent() {
        for code in ["42703", "42883", "42P01"] {
            assert_eq!(kind(&SqlState::from_code(code)), ErrorKind::Refused, "{code}");
        }
        assert_eq!(kind(&SqlState::from_code("42704")), ErrorKind::NotFound);
    }

    fn parsed(text: &str) -> Result<Config, PlatformError> {
        address(&SecretString::from(text.to_owned()))
    }

    #[test]
    fn an_address_of_libpq_is_understood_and_its_tls_words_are_left_to_the_configuration() {
        let url = "postgresql://postgres.ref:p%40ss@aws-0-eu.pooler.supabase.com:6543/postgres?sslmode=verify-full&pgbouncer=true";
        let config = parsed(url).expect("an address");
        assert_eq!((config.get_user(), config.get_password()), (Some("postgres.ref"), Some(&b"p@ss"[..])));
        assert_eq!(config.get_ports(), [6543]);
    }

    #[test]
    fn a_bad_address_is_not_repeated() {
        for bad in ["hunter2hunter2", "https://u:hunter2hunter2@h/db", "postgres://u:hunter2hunter2@h:port/db"] {
            let error = parsed(bad).expect_err("it is bad");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        let hosts = |text: &str| parsed(text).expect("an address").get_hosts().iter().all(here);
        assert!(hosts("postgres://u@127.0.0.1/db") && hosts("postgres://u@localhost/db"));
        assert!(!hosts("postgres://u@db.example.com/db") && !hosts("postgres://u@127.0.0.1.example.com/db"));
    }
}

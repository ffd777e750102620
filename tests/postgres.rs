//! The database directly, against a real PostgreSQL server with TLS: every statement of the catalogue, what it says of a sick
//! database, and whom it believes.
#![cfg(unix)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::server::{PASSWORD, Server};
use flightdeck::clock::SystemClock;
use flightdeck::config::token::Token;
use flightdeck::config::{DatabaseSettings, DatabaseTls};
use flightdeck::domain::environment::Status;
use flightdeck::domain::finding::Finding;
use flightdeck::domain::ids::ServiceId;
use flightdeck::platform::http::Http;
use flightdeck::platform::postgres::{Postgres, statements};
use flightdeck::platform::{ErrorKind, PlatformError};
use flightdeck::redact::Redactor;
use flightdeck::sanitize::Text;
use secrecy::SecretString;
use serde_json::json;

fn database(url: &str, tls: DatabaseTls, ca_file: Option<PathBuf>) -> Postgres {
    let url = SecretString::from(url.to_owned());
    let redactor = Arc::new(Redactor::new(&Redactor::parts_of_url(url.clone())));
    let http = Http::new(SystemClock::shared(), redactor, None);
    let settings = DatabaseSettings {
        service: ServiceId::new("production", "database"),
        url: Token::fixed(Some(url), "the test"),
        tls,
        ca_file,
        interval: Duration::from_secs(60),
    };
    Postgres::new(http, settings)
}

fn owner(server: &Server) -> Postgres {
    database(&server.url("owner", PASSWORD), DatabaseTls::Verified, Some(server.ca_file()))
}

/// A product whose database has something of everything.
const PRODUCT: &str = "
    create role anon; create role authenticated;
    create table orders (id bigint generated always as identity primary key, note text);
    create table refunds (id bigint primary key, order_id bigint references orders);
    create table profiles (id bigint primary key); alter table profiles enable row level security;
    create table stale (id bigint primary key); create policy p1 on stale for select using (true);
    grant select on orders to anon;
    create view daily_orders as select count(*) from orders; grant select on daily_orders to anon;
    create materialized view totals as select count(*) from orders;
    create function secdef() returns int language sql security definer as 'select 1';
    create schema supabase_migrations;
    create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
    insert into supabase_migrations.schema_migrations values ('20240501120000', array['select 1'], 'views');
    insert into orders (note) select 'x' from generate_series(1, 1000); analyze;
";

type One = (Text, Result<Finding, PlatformError>);

fn find<'a>(checks: &'a [One], name: &str) -> &'a Finding {
    checks.iter().find(|(one, _)| one.as_str() == name).unwrap().1.as_ref().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_check_runs_and_finds_what_is_wrong() {
    let Some(server) = Server::start() else { return };
    let sql = server.owner().await;
    let plain = owner(&server).look().await.unwrap();
    assert!(plain.checks.len() >= 20, "{:#?}", plain.checks);
    for (_, check) in &plain.checks {
        let check = check.as_ref().unwrap();
        assert_ne!(check.status, Status::Unknown, "a fresh server can be looked at whole: {check:?}");
        assert_ne!(check.status, Status::Fail, "and is well: {check:?}");
    }

    sql.batch_execute(PRODUCT).await.unwrap();
    let look = owner(&server).look().await.unwrap();
    let says = |name: &str, status: Status, part: &str| {
        let check = find(&look.checks, name);
        assert_eq!(check.status, status, "{check:?}");
        assert!(check.says.as_str().contains(part), "{check:?}");
    };
    says("server", Status::Ok, "primary");
    says("connections", Status::Ok, "of 100");
    says("without rls", Status::Fail, "public.orders (anon:select)");
    says("without policy", Status::Warn, "profiles");
    says("idle policies", Status::Fail, "stale");
    says("views", Status::Warn, "daily_orders");
    says("functions", Status::Warn, "secdef");
    says("foreign keys", Status::Warn, "refunds_order_id_fkey");
    says("history", Status::Ok, "20240501120000 views");
    says("standbys", Status::Ok, "none");
    assert!(
        look.fingerprint.iter().any(|(kind, name, _)| (kind.as_str(), name.as_str()) == ("table", "public.orders"))
    );
    assert!(look.ping < look.connect, "a handshake takes longer than a round trip");

    let wanted = json!([
        {"kind": "table", "schema": "public", "name": "orders"},
        {"kind": "column", "schema": "public", "parent": "orders", "name": "it's not there"},
    ]);
    let expected = owner(&server).expected(&wanted).await.unwrap();
    assert_eq!(expected.status, Status::Fail);
    assert!(expected.says.as_str().contains("it's not there missing"), "{expected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_the_catalogue_is_taken_by_the_server() {
    let Some(server) = Server::start() else { return };
    server.owner().await.batch_execute(PRODUCT).await.unwrap();
    assert_eq!(statements().len(), 33);
    for statement in statements() {
        // Two take something, and one needs an extension that must be loaded when the server starts.
        if statement.sql.contains("$expected$") || statement.sql.contains("$schema$") {
            continue;
        }
        if let Err(error) = owner(&server).rows(*statement).await {
            panic!("{}: {error}", statement.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_told_with_who_holds_it_and_never_waited_for() {
    let Some(server) = Server::start() else { return };
    let (holder, waiter) = (server.owner().await, server.owner().await);
    holder.batch_execute("create table orders (id int)").await.unwrap();
    holder.batch_execute("begin; lock table orders in access share mode").await.unwrap();
    let blocked = waiter.batch_execute("alter table orders add column x int");
    let watch = async {
        loop {
            let look = owner(&server).look().await.unwrap();
            let locks = find(&look.checks, "locks").clone();
            if locks.says.as_str().contains("holds it") {
                assert!(locks.says.as_str().contains("idle in transaction"), "{locks:?}");
                return;
            }
        }
    };
    tokio::select! {
        ended = blocked => panic!("it must wait: {ended:?}"),
        watched = tokio::time::timeout(Duration::from_secs(60), watch) => watched.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_and_a_poor_role_sees_what_it_may() {
    let Some(server) = Server::start() else { return };
    let sql = server.owner().await;
    sql.batch_execute("create role watcher login password 'watch-me-closely'").await.unwrap();
    let url = server.url("watcher", "watch-me-closely");
    let poor = database(&url, DatabaseTls::Verified, Some(server.ca_file()));
    let look = poor.look().await.unwrap();
    assert!(look.checks.iter().filter(|(_, one)| one.is_err()).count() <= 2, "{:#?}", look.checks);
    // What the role may not see is refused for that reason, not unread.
    for (name, refused) in look.checks.iter().filter_map(|(name, one)| Some((name, one.as_ref().err()?))) {
        assert_eq!(refused.kind, ErrorKind::Forbidden, "{name}: {refused}");
    }
    let written = flightdeck::platform::postgres::Statement {
        name: "x",
        may_lack: None,
        sql: "select pg_notify('a', 'b'), nextval('s')",
    };
    sql.batch_execute("create sequence s; grant usage on sequence s to watcher").await.unwrap();
    let error = poor.rows(written).await.unwrap_err();
    assert_eq!(error.code.as_ref().map(|code| code.as_str()), Some("25006"), "{error:?}");
}

fn refusal(result: Result<impl std::fmt::Debug, PlatformError>) -> PlatformError {
    result.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_believes_and_what_it_says_when_it_does_not() {
    let Some(server) = Server::start() else { return };
    let url = server.url("owner", PASSWORD);
    let stranger = refusal(database(&url, DatabaseTls::Verified, Some(server.other_ca_file())).look().await);
    assert_eq!(stranger.kind, ErrorKind::Refused);
    assert!(stranger.message.as_str().contains("ertificate"), "{stranger:?}");
    let public = refusal(database(&url, DatabaseTls::Verified, None).look().await);
    assert_eq!(public.kind, ErrorKind::Refused, "a root of one's own is in no public store: {public:?}");
    let name = url.replace("127.0.0.1", "127.0.0.2");
    let elsewhere = refusal(database(&name, DatabaseTls::Verified, Some(server.ca_file())).look().await);
    assert!(matches!(elsewhere.kind, ErrorKind::Refused | ErrorKind::Unreachable), "{elsewhere:?}");
    assert!(database(&url, DatabaseTls::Unverified, None).look().await.is_ok());
    assert!(database(&url, DatabaseTls::Off, None).look().await.is_ok(), "plain is for this machine");
    let far = refusal(database("postgres://u:p@db.example.com/x", DatabaseTls::Off, None).look().await);
    assert!(far.message.as_str().contains("this machine only"), "{far:?}");

    let wrong = "wr0ng-pass-word";
    let url = server.url("owner", wrong);
    let error = refusal(database(&url, DatabaseTls::Verified, Some(server.ca_file())).look().await);
    assert_eq!((error.kind, error.code.as_ref().map(|code| code.as_str())), (ErrorKind::Auth, Some("28P01")));
    assert!(!format!("{error:?}").contains(wrong));
    let nobody = database("postgres://u:p4ssw0rd@127.0.0.1:1/x", DatabaseTls::Verified, Some(server.ca_file()));
    let error = refusal(nobody.look().await);
    assert_eq!(error.kind, ErrorKind::Unreachable);
}

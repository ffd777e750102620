//! Addresses in the configuration, read strictly: a token must not leave for a host that only looks like this machine.

use std::net::IpAddr;

use crate::sanitize;

/// What matters about an address: is it encrypted, is it this machine, what follows the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// `https`.
    pub encrypted: bool,
    /// The host is this machine, by its one name or by a loopback number.
    pub loopback: bool,
    /// Path, query and fragment.
    pub rest: &'a str,
}

/// Takes an address apart, or says what is wrong with it. The address itself is not repeated: it may hold a password.
pub(super) fn read(url: &str) -> Result<Address<'_>, &'static str> {
    let (encrypted, after) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(after), _) => (true, after),
        (_, Some(after)) => (false, after),
        _ => return Err("does not begin with https:// or http://"),
    };
    if url.chars().any(|c| c.is_whitespace() || c == '\\') || !sanitize::is_clean(url) {
        return Err("holds a space, a control character or a backslash");
    }
    let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    if authority.contains('@') {
        return Err("holds a user name or a password");
    }
    let (host, port) = split_port(authority)?;
    if !port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0)) {
        return Err("has a port that is not a number from 1 to 65535");
    }
    let number = host.parse::<IpAddr>();
    let named = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if number.is_err() && !named {
        return Err("has no host name");
    }
    let loopback = number.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |number| number.is_loopback());
    Ok(Address { encrypted, loopback, rest })
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    let Some(inner) = authority.strip_prefix('[') else {
        return Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))));
    };
    let (host, after) = inner.split_once(']').ok_or("has no host name")?;
    if host.parse::<std::net::Ipv6Addr>().is_err() {
        return Err("has no host name");
    }
    match (after, after.strip_prefix(':')) {
        ("", _) => Ok((host, None)),
        (_, Some(port)) => Ok((host, Some(port))),
        _ => Err("has no host name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_hosts_that_look_like_it() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:80/x",
            "http://localhost/",
            "http://LOCALHOST:1",
        ] {
            assert!(read(url).unwrap().loopback, "{url}");
        }
        for url in ["http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://127.1", "http://[::2]"] {
            assert!(!read(url).unwrap().loopback, "{url}");
        }
    }

    #[test]
    fn what_could_hide_a_host_is_refused() {
        for url in [
            "http://127.0.0.1:80@evil.example",
            "http://localhost:1@evil.example",
            "http://[::1]@evil.example",
            "http://[::1].evil.example",
            "http://127.0.0.1\\@evil.example",
            "https://user:password@host.example",
            "https://",
            "https://:443",
            "https://a b",
            "https://host:port",
            "https://host:0",
            "https://[fe80",
            "ftp://host",
            "host",
            "",
        ] {
            let refused = read(url);
            assert!(refused.is_err(), "{url}: {refused:?}");
            assert!(!refused.unwrap_err().contains("password@"));
        }
    }

    #[test]
    fn path_and_query_are_what_follows_the_host() {
        assert_eq!(read("https://host.example/a?b#c").unwrap().rest, "/a?b#c");
        assert_eq!(read("https://host.example?b").unwrap().rest, "?b");
    }
}

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

/// Whether an address lies where only this machine or its own network reaches: whoever wrote it could not ask there themselves. What cannot
/// be understood is taken for such a one.
pub(crate) fn inside(url: &str) -> bool {
    let Ok(address) = read(url) else { return true };
    // Letters and digits of other alphabets are mapped to these before they are asked.
    if !url.is_ascii() {
        return true;
    }
    let authority = url.split_once("//").map_or("", |(_, after)| after);
    let authority = &authority[..authority.len() - address.rest.len()];
    let Ok((host, _)) = split_port(authority) else { return true };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>().map(|number| number.to_canonical()) {
        Ok(IpAddr::V4(number)) => {
            let shared = number.octets()[0] == 100 && number.octets()[1] & 0xc0 == 64;
            number.is_loopback() || number.is_private() || number.is_link_local() || number.is_unspecified() || shared
        }
        Ok(IpAddr::V6(number)) => {
            number.is_loopback()
                || number.is_unique_local()
                || number.is_unicast_link_local()
                || number.is_unspecified()
        }
        // A name without a dot, or one of digits alone, is not a public one.
        Err(_) => {
            let last = host.rsplit('.').next().unwrap_or_default();
            !host.contains('.')
                || ["localhost", "local", "internal", "lan", "home", "corp", "intranet"].contains(&last)
                || host.ends_with(".home.arpa")
                || last.starts_with(|first: char| first.is_ascii_digit())
        }
    }
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
    fn addresses_of_ones_own_network_are_told_from_public_ones() {
        for url in [
            "http://127.0.0.1:5000/health",
            "http://localhost",
            "https://api.localhost/x",
            "http://169.254.169.254/latest/meta-data",
            "http://10.1.2.3",
            "https://192.168.0.1:8443",
            "http://172.20.0.1",
            "http://100.64.0.1",
            "http://0.0.0.0:80",
            "http://[::1]:80",
            "http://[fd00::1]",
            "http://[fe80::1]",
            "http://[::ffff:127.0.0.1]/",
            "http://router",
            "http://metadata.google.internal/x",
            "http://127.1",
            "http://2130706433",
            "http://LOCALHOST./",
            "no address",
            "http://169.254.169.\u{ff12}54/",
            "http://metadata.google.\u{ff49}nternal/",
        ] {
            assert!(inside(url), "{url}");
        }
        for url in [
            "https://api.example.com/health",
            "http://1.1.1.1",
            "https://[2606:4700::1111]/",
            "https://localhost.example.com",
        ] {
            assert!(!inside(url), "{url}");
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

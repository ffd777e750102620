//! Which requests go through a proxy: HTTPS by CONNECT, and nothing else.
//!
//! A proxy of plain HTTP reads what it forwards, tokens included, and a proxy cannot reach the loopback of this machine. So
//! `HTTP_PROXY` is not used at all, and `HTTPS_PROXY` and `ALL_PROXY` only for `https://` addresses of other machines.

use std::fmt;
use std::net::IpAddr;

use secrecy::SecretString;

use super::address;
use super::inputs::Env;

/// The variables that name a proxy, in the order in which they count. Lower case comes first, as in curl.
const NAMES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Variables that name a proxy which is not used; a password in them is one all the same.
const UNUSED: [&str; 2] = ["http_proxy", "HTTP_PROXY"];

/// The proxy of this process, as the environment variables say.
#[derive(Clone, Default)]
pub struct Proxy {
    named: Option<Named>,
    exempt: Vec<Exempt>,
    /// Every address of a proxy that holds a user name or a password, whether it is used or not.
    secrets: Vec<SecretString>,
}

#[derive(Clone)]
struct Named {
    variable: &'static str,
    /// Host and port, without user name and password.
    shown: String,
    /// The whole address, or why it cannot be used.
    url: Result<SecretString, &'static str>,
}

/// How a request leaves this machine.
#[derive(Debug, Clone)]
pub enum Route {
    /// Straight to its host.
    Direct,
    /// Through a tunnel of the proxy at this address, which may hold a password.
    Tunnel(SecretString),
    /// Not at all: a proxy is named that cannot be used. Going around it would be a decision of ours against the person's.
    Barred(String),
}

/// A part of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exempt {
    Everything,
    /// A host and what lies below it, at any port or at one.
    Name(String, Option<u16>),
    /// A number, with the bits that count.
    Network(IpAddr, u32),
}

impl Proxy {
    /// Reads the variables.
    #[must_use]
    pub fn from_env(env: Env<'_>) -> Self {
        let set = |name: &'static str| Some((name, env(name).filter(|value| !value.trim().is_empty())?));
        let named = NAMES.into_iter().find_map(set).map(|(variable, value)| named(variable, value.trim()));
        let exempt = ["no_proxy", "NO_PROXY"].into_iter().find_map(set).map(|(_, list)| list).unwrap_or_default();
        let parts = exempt.split([',', ' ', '\t']).map(str::trim).filter(|part| !part.is_empty());
        let given = NAMES.into_iter().chain(UNUSED).filter_map(env).filter(|value| value.contains('@'));
        let whole = |value: String| match value.trim() {
            value if value.contains("://") => SecretString::from(value),
            value => SecretString::from(format!("http://{value}")),
        };
        Self { named, exempt: parts.filter_map(Exempt::read).collect(), secrets: given.map(whole).collect() }
    }

    /// The addresses that hold a user name or a password: no text may repeat them.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.secrets.iter()
    }

    /// The way to a host: `host` as it stands in an address, IPv6 with or without brackets.
    #[must_use]
    pub fn route(&self, encrypted: bool, host: &str, port: u16) -> Route {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let number = host.parse::<IpAddr>().ok().map(|number| number.to_canonical());
        let here = number.map_or_else(|| host == "localhost" || host.ends_with(".localhost"), |one| one.is_loopback());
        let exempt = || self.exempt.iter().any(|one| one.covers(&host, number, port));
        match &self.named {
            Some(named) if encrypted && !here && !exempt() => match &named.url {
                Ok(url) => Route::Tunnel(url.clone()),
                Err(why) => Route::Barred(format!("the proxy that {} names {why}", named.variable)),
            },
            _ => Route::Direct,
        }
    }

    /// One line for `config check`; nothing where no proxy is named.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let named = self.named.as_ref()?;
        Some(match named.url {
            Ok(_) => format!("https goes through the proxy {} ({})", named.shown, named.variable),
            Err(why) => format!("https is not possible: the proxy that {} names {why}", named.variable),
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("named", &self.named.as_ref().map(|named| &named.shown)).finish_non_exhaustive()
    }
}

/// An address without a scheme is one of a proxy that is spoken to in plain HTTP, as in curl.
fn named(variable: &'static str, value: &str) -> Named {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    let (user, host) = rest.rsplit_once('@').map_or(("", rest), |(user, host)| (user, host));
    let host = host.trim_end_matches('/');
    let url = match scheme.as_str() {
        "http" | "https" => match address::read(&format!("{scheme}://{host}")) {
            Ok(read) if read.rest.is_empty() => {
                let at = if user.is_empty() { "" } else { "@" };
                Ok(SecretString::from(format!("{scheme}://{user}{at}{host}")))
            }
            _ => Err("is not an address"),
        },
        _ => Err("begins with neither http:// nor https://; other kinds of proxy are not supported"),
    };
    let shown = if url.is_ok() { host.to_owned() } else { String::new() };
    Named { variable, shown, url }
}

impl Exempt {
    fn read(part: &str) -> Option<Self> {
        if part == "*" {
            return Some(Self::Everything);
        }
        let number = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if let Some((network, bits)) = part.split_once('/') {
            let (network, bits) = (number(network)?, bits.parse::<u32>().ok()?);
            let most = if network.is_ipv4() { 32 } else { 128 };
            return (bits <= most).then_some(Self::Network(network, bits));
        }
        if let Some(one) = number(part) {
            return Some(Self::Network(one, if one.is_ipv4() { 32 } else { 128 }));
        }
        let (name, port) = match part.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse::<u16>().ok()?)),
            None => (part, None),
        };
        let name = name.trim_start_matches("*").trim_matches('.').to_ascii_lowercase();
        (!name.is_empty()).then_some(Self::Name(name, port))
    }

    fn covers(&self, host: &str, number: Option<IpAddr>, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Name(name, at) => {
                let below = host.strip_suffix(name.as_str()).is_some_and(|left| left.is_empty() || left.ends_with('.'));
                below && at.is_none_or(|at| at == port)
            }
            Self::Network(network, bits) => match (network, number) {
                (IpAddr::V4(network), Some(IpAddr::V4(one))) => {
                    let away = network.to_bits() ^ one.to_bits();
                    *bits == 0 || away >> (32 - bits) == 0
                }
                (IpAddr::V6(network), Some(IpAddr::V6(one))) => {
                    let away = network.to_bits() ^ one.to_bits();
                    *bits == 0 || away >> (128 - bits) == 0
                }
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn proxy(variables: &[(&str, &str)]) -> Proxy {
        let find = |name: &str| variables.iter().find(|(is, _)| *is == name).map(|(_, value)| (*value).to_owned());
        Proxy::from_env(&find)
    }

    fn way(proxy: &Proxy, encrypted: bool, host: &str) -> String {
        match proxy.route(encrypted, host, 443) {
            Route::Direct => "direct".to_owned(),
            Route::Tunnel(url) => url.expose_secret().to_owned(),
            Route::Barred(why) => why,
        }
    }

    #[test]
    fn only_https_to_other_machines_goes_through_a_proxy() {
        let set = proxy(&[("HTTP_PROXY", "http://plain:1"), ("ALL_PROXY", "http://all:2")]);
        assert_eq!(way(&set, true, "api.github.com"), "http://all:2");
        assert_eq!(way(&set, false, "api.github.com"), "direct", "a token would pass in clear");
        for here in ["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.8.8.8", "[::1]", "::ffff:127.0.0.1"] {
            assert_eq!(way(&set, true, here), "direct", "{here}");
        }
        assert_eq!(way(&proxy(&[("HTTP_PROXY", "http://plain:1")]), true, "api.github.com"), "direct");
        let both = [("ALL_PROXY", "http://all:2"), ("HTTPS_PROXY", "proxy.example:3128")];
        assert_eq!(way(&proxy(&both), true, "api.github.com"), "http://proxy.example:3128");
    }

    #[test]
    fn no_proxy_is_honoured() {
        let list = "internal.example, .corp.example:8443 10.0.0.0/8,fd00::/8,192.168.1.7";
        let set = proxy(&[("https_proxy", "http://p:1"), ("no_proxy", list)]);
        let direct = |host: &str, port| matches!(set.route(true, host, port), Route::Direct);
        for host in ["internal.example", "a.INTERNAL.example", "10.200.1.1", "fd12::1", "192.168.1.7"] {
            assert!(direct(host, 443), "{host}");
        }
        for host in ["notinternal.example", "11.0.0.1", "fe80::1", "192.168.1.8", "x.corp.example"] {
            assert!(!direct(host, 443), "{host}");
        }
        assert!(direct("x.corp.example", 8443));
        let all = proxy(&[("https_proxy", "http://p:1"), ("NO_PROXY", "*")]);
        assert_eq!(way(&all, true, "api.github.com"), "direct");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_bars_the_way_and_no_password_is_shown() {
        let socks = proxy(&[("ALL_PROXY", "socks5://user:hunter2@p:1")]);
        assert!(way(&socks, true, "api.github.com").contains("ALL_PROXY names begins with neither http://"));
        assert!(way(&proxy(&[("HTTPS_PROXY", "http://a b")]), true, "x.dev").contains("is not an address"));
        let set = proxy(&[("HTTPS_PROXY", "http://user:hunter2@proxy.example:3128/")]);
        assert_eq!(way(&set, true, "x.dev"), "http://user:hunter2@proxy.example:3128");
        for said in [format!("{set:?} {socks:?}"), set.words().unwrap(), socks.words().unwrap()] {
            assert!(!said.contains("hunter2"), "{said}");
        }
        assert!(set.words().unwrap().contains("proxy.example:3128 (HTTPS_PROXY)"));
    }

    #[test]
    fn the_password_of_every_proxy_that_is_named_is_known_as_a_secret() {
        let all = [("HTTPS_PROXY", "me:s3cret-1@p:1"), ("all_proxy", "socks5://me:s3cret-2@p:1"), ("no_proxy", "a@b")];
        let set =
            proxy(&[&all[..], &[("http_proxy", "http://me:s3cret-3@p:1"), ("HTTP_PROXY", "http://p:1")]].concat());
        let urls: Vec<&str> = set.secrets().map(|url| url.expose_secret()).collect();
        let expected = ["http://me:s3cret-1@p:1", "socks5://me:s3cret-2@p:1", "http://me:s3cret-3@p:1"];
        assert_eq!(urls, expected, "an address without one is no secret");
    }
}

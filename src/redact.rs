//! Masks secrets in text from outside: known values, and anything that has the form of a token. A line is masked, never
//! dropped.

mod forms;

use std::borrow::Cow;
use std::fmt;
use std::sync::{LazyLock, OnceLock, PoisonError, RwLock};

use regex::{Captures, Regex, RegexBuilder};
use secrecy::{ExposeSecret as _, SecretString};

use self::forms::Form;
use crate::sanitize::Text;

/// What stands where a secret stood.
pub const MASK: &str = "‹redacted›";
/// Known values shorter than this are not masked: they would hit ordinary words.
const SHORTEST: usize = 6;
/// The same of a value that somebody has just given, in the answer to the very call that brings it.
const LEAST: usize = 4;
/// What stands where a text was cut.
pub const CUT: &str = "…";
/// What the expression of the known values may take, bytes: a token of two kilobytes needs about one megabyte in all its forms.
const LARGEST: usize = 1 << 27;

/// Tokens by their published shapes, then values by the name that stands before them.
///
/// Word borders are those of ASCII: with Unicode's the search of a line in another script falls back to one many times slower.
static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let shapes = [
        r"gh[pousr]_[A-Za-z0-9]{16,}",
        r"github_pat_[A-Za-z0-9_]{16,}",
        r"fm(?:1[ra]|2)_[A-Za-z0-9+/=_-]{12,}",
        r"sbp_[A-Za-z0-9_]{12,}",
        r"sb_secret_[A-Za-z0-9_-]{6,}",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}",
        r"AKIA[0-9A-Z]{16}",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        r"(?P<scheme>(?-u:\b)(?i:bearer|flyv1)\s+)[A-Za-z0-9._~+/=,-]{8,}",
        r"(?P<user>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@]+@",
        concat!(
            r#"(?P<key>(?i:token|secret|passw(?:or)?d|api[_-]?key|private[_-]?key)["']?\s*[=:]\s*["']?)"#,
            r#"(?P<value>[^\s"',;&‹›]{8,})"#
        ),
    ];
    Regex::new(&shapes.join("|")).ok()
});

/// The masks of one process.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    values: Vec<SecretString>,
    /// Made for the first line, which may come long after the tokens were read.
    found: OnceLock<Found>,
}

/// What finds the values.
enum Found {
    /// No value is long enough.
    Nothing,
    /// Every form of every value.
    Forms(Regex),
    /// They are too large for an expression: no text is shown.
    Everything,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// A redactor that also knows these values, such as the console's own tokens.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        Self { known: RwLock::new(Known::of(secrets.into_iter().cloned().collect())) }
    }

    /// What of an address must not be seen: itself, and its password as written and as meant.
    #[must_use]
    pub fn parts_of_url(url: SecretString) -> Vec<SecretString> {
        let text = url.expose_secret();
        let user = text.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
        let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password.to_owned());
        let plain = password.as_deref().map(percent_decoded);
        let parts = password.into_iter().chain(plain).map(SecretString::from);
        parts.chain([url.clone()]).collect()
    }

    /// Also masks this value from now on: a token that was renewed.
    pub fn learn(&self, secret: &SecretString) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut values = std::mem::take(&mut known.values);
        values.push(secret.clone());
        *known = Known::of(values);
    }

    /// Masks clean text; text without secrets comes back as it is.
    #[must_use]
    pub fn mask(&self, text: Text) -> Text {
        match self.scrub(text.as_str()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => Text::clean(&masked),
        }
    }

    /// Masks any text.
    #[must_use]
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = match self.known.read().unwrap_or_else(PoisonError::into_inner).found() {
            Found::Forms(known) => known.replace_all(text, MASK),
            Found::Nothing => Cow::Borrowed(text),
            Found::Everything => return Cow::Borrowed(MASK),
        };
        match known {
            Cow::Borrowed(text) => shapes(text),
            Cow::Owned(text) => Cow::Owned(shapes(&text).into_owned()),
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Known {
    fn of(values: Vec<SecretString>) -> Self {
        Self { values, found: OnceLock::new() }
    }

    fn found(&self) -> &Found {
        self.found.get_or_init(|| {
            let values = self.values.iter().map(|secret| secret.expose_secret().trim());
            let mut values: Vec<&str> = values.filter(|text| text.len() >= SHORTEST).collect();
            values.sort_unstable();
            values.dedup();
            let forms: Vec<Form> = values.into_iter().flat_map(forms::of).collect();
            if forms.is_empty() {
                return Found::Nothing;
            }
            joined(&forms).map_or(Found::Everything, Found::Forms)
        })
    }
}

/// An expression for all of these forms; `None` where they are too large for one.
fn joined<'f>(forms: impl IntoIterator<Item = &'f Form>) -> Option<Regex> {
    let mut forms: Vec<&Form> = forms.into_iter().collect();
    // The longest first: an alternation takes the first that fits, and one value may begin with another.
    forms.sort_by_key(|form| std::cmp::Reverse(form.least));
    let forms: Vec<String> = forms.into_iter().map(Form::whole).collect();
    RegexBuilder::new(&forms.join("|")).size_limit(LARGEST).build().ok()
}

/// Text without a value that somebody has just given, in every form, and without its beginning where the text was cut within it, at its end
/// or at a [`CUT`]. A value of a letter or two would make holes everywhere and hide nothing.
#[must_use]
pub fn without(value: &str, text: &str, veil: &str) -> String {
    // A file ends in a line break, which a platform need not repeat.
    let value = value.trim();
    if value.len() < LEAST {
        return text.to_owned();
    }
    let forms = forms::of(value);
    // What is longer than the text is not in it.
    let within: Vec<&Form> = forms.iter().filter(|form| form.least <= text.len()).collect();
    let shown = match within.is_empty() {
        true => text.to_owned(),
        false => match joined(within) {
            Some(found) => found.replace_all(text, veil).into_owned(),
            None => return veil.to_owned(),
        },
    };
    let parts: Vec<String> = shown
        .split(CUT)
        .map(|part| match forms.iter().filter_map(|form| form.begins(part)).min() {
            Some(at) => format!("{}{veil}", &part[..at]),
            None => part.to_owned(),
        })
        .collect();
    parts.join(CUT)
}

fn shapes(text: &str) -> Cow<'_, str> {
    let Some(shapes) = SHAPES.as_ref() else { return Cow::Borrowed(MASK) };
    if !shapes.is_match(text) {
        return Cow::Borrowed(text);
    }
    shapes.replace_all(text, |found: &Captures<'_>| {
        let part = |name: &str| found.name(name).map(|part| part.as_str());
        if let Some(scheme) = part("scheme") {
            return format!("{scheme}{MASK}");
        }
        if let Some(user) = part("user") {
            return format!("{user}{MASK}@");
        }
        match (part("key"), part("value")) {
            // `password: incorrect` is a message; `password: hunter2hunter2`, `password=…` and `"password":"…"` are not.
            (Some(key), Some(value))
                if key.trim_end().ends_with(':') && !value.bytes().any(|byte| byte.is_ascii_digit()) =>
            {
                found[0].to_owned()
            }
            (Some(key), _) => format!("{key}{MASK}"),
            _ => MASK.to_owned(),
        }
    })
}

/// Makes the shapes ready, which takes milliseconds: whoever is about to draw a first line has this done on another thread.
pub fn warm() {
    let _ = shapes("");
}

/// A URL that can be shown: without userinfo, and without the values of telling query parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeUrl(String);

impl SafeUrl {
    /// Makes a URL showable.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        let (bare, query) = raw.split_once('?').map_or((raw, None), |(bare, query)| (bare, Some(query)));
        let mut out = match bare.split_once("://") {
            Some((scheme, rest)) => {
                let authority = rest.find('/').unwrap_or(rest.len());
                let host = rest[..authority].rfind('@').map_or(0, |at| at + 1);
                format!("{scheme}://{}", &rest[host..])
            }
            None => bare.to_owned(),
        };
        for (index, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            match pair.split_once('=') {
                Some((name, _)) if telling(name) => {
                    out.push_str(name);
                    out.push('=');
                    out.push_str(MASK);
                }
                _ => out.push_str(pair),
            }
        }
        Self(out)
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "key", "secret", "passw", "sig", "auth", "code"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod address_tests {
    use super::*;

    #[test]
    fn the_password_of_an_address_is_masked_however_it_is_spelled() {
        let url = SecretString::from("postgres://me:p%40ssw0rd%21@db.example.com:5432/db".to_owned());
        let redactor = Redactor::new(&Redactor::parts_of_url(url));
        for text in ["said p@ssw0rd!", "said p%40ssw0rd%21"] {
            assert_eq!(redactor.scrub(text), format!("said {MASK}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values_are_masked_wherever_they_stand() {
        let redactor = Redactor::new([
            &SecretString::from("hunter22"),
            &SecretString::from("hunter22-long"),
            &SecretString::from("abc"),
        ]);
        assert_eq!(redactor.scrub("x=hunter22-long, hunter22; abc"), format!("x={MASK}, {MASK}; abc"));
    }

    #[test]
    fn a_known_value_is_masked_in_every_form_in_which_it_travels() {
        let value = "q7+Zü/w \"x\\Y&9~k";
        let redactor = Redactor::new([&SecretString::from(value)]);
        let percent = |upper: bool, kept: &str, blank: &str| -> String {
            let byte = |byte: &u8| match char::from(*byte) {
                ' ' => blank.to_owned(),
                one if one.is_ascii_alphanumeric() || kept.contains(one) => one.to_string(),
                _ if upper => format!("%{byte:02X}"),
                _ => format!("%{byte:02x}"),
            };
            value.as_bytes().iter().map(byte).collect()
        };
        let json = serde_json::to_string(value).unwrap();
        let json = json.trim_matches('"').to_owned();
        let hex = |upper: bool| -> String {
            let byte = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            value.as_bytes().iter().map(byte).collect()
        };
        let twice = percent(true, "-_.~", "%20").replace('%', "%25");
        let whole = [
            value.to_owned(),
            percent(true, "-_.~", "%20"),
            percent(false, "-_.~", "%20"),
            percent(true, "*-._", "+"),
            percent(false, "!~*'()", "+"),
            twice,
            serde_json::to_string(&json).unwrap().trim_matches('"').to_owned(),
            json.clone(),
            json.replace('/', "\\/").replace('ü', "\\u00fc").replace('&', "\\u0026"),
            hex(true),
            hex(false),
            STANDARD.encode(value),
            STANDARD_NO_PAD.encode(value),
            URL_SAFE.encode(value),
            URL_SAFE_NO_PAD.encode(value),
            STANDARD.encode(value).replace('+', "%2B").replace('/', "%2F").replace('=', "%3d"),
        ];
        for form in &whole {
            assert_eq!(redactor.scrub(&format!("got <{form}> back")), format!("got <{MASK}> back"), "{form}");
        }
    }

    #[test]
    fn within_a_longer_base64_text_what_is_surely_of_the_value_is_masked() {
        // Lengths of every remainder, at every alignment, whatever comes after.
        for value in ["S3CRET-VALUE", "S3CRET-VALUE?", "S3CRET-VALUE>~"] {
            let redactor = Redactor::new([&SecretString::from(value)]);
            for before in ["", "u", "ab", "abc", "user:"] {
                for after in ["", "y", "yz", "\u{7f}\u{7f}\u{7f}"] {
                    let text = format!("{before}{value}{after}");
                    for form in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        let masked = redactor.scrub(&form).into_owned();
                        assert!(masked.contains(MASK), "{text}: {masked}");
                        let (left, right) = masked.split_once(MASK).unwrap();
                        // Four bits of the first byte stay, which belong to a digit of what comes before.
                        assert!(left.len() * 6 <= before.len() * 8 + 4, "{text}: {masked}");
                        assert!(right.trim_end_matches('=').len() * 6 <= after.len() * 8 + 4, "{text}: {masked}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_that_was_just_given_is_in_no_answer_in_whatever_form_or_cut() {
        let told = |text: &str| without("k3y/of\nlines", text, "•••");
        for form in ["k3y/of\nlines", "k3y/of ⏎ lines", "k3y%2Fof%0Alines", "k3y\\/of\\nlines", "azN5L29mCmxpbmVz"] {
            assert_eq!(told(&format!("refused: {form} is weak")), "refused: ••• is weak", "{form}");
        }
        assert_eq!(told("refused: k3y/o"), "refused: •••", "the answer was cut within it");
        assert_eq!(told("refused: k3y"), "refused: k3y");
        assert_eq!((without("abcd", "x abcd y", "•"), without("ab", "x ab y", "•")), ("x • y".into(), "x ab y".into()));
        // A file of several lines, whose text was cut after it was made clean, with the platform's own words behind it.
        let pem = format!("-----BEGIN PRIVATE KEY-----\r\n{}\r\n-----END\n", "MIIEvQIBADANBgkq\thkiG9w0B\n".repeat(40));
        let cut = Text::from(pem.chars().take(250).collect::<String>());
        for form in [cut.to_string(), serde_json::to_string(&pem).unwrap()[1..250].to_owned()] {
            assert_eq!(without(&pem, &format!("refused: {form}"), "•••"), "refused: •••");
            assert_eq!(without(&pem, &format!("refused: {form}… (needs a)"), "•••"), "refused: •••… (needs a)");
        }
        assert_eq!(without(&pem, &format!("<{}> is bad", Text::from(pem.trim())), "•••"), "<•••> is bad");
        assert_eq!(without(&pem, &format!("bad: {}", &STANDARD.encode(&pem)[..90]), "•••"), "bad: •••");
        let marked = "\u{feff}first \u{8}\u{c}\u{b}second";
        for form in [Text::from(marked).to_string(), serde_json::to_string(marked).unwrap().replace('"', "")] {
            assert_eq!(without(marked, &format!("<{form}>"), "•••"), "<•••>", "{form}");
        }
        let large = "lines of a key ".repeat(3_000);
        assert_eq!(without(&large, &format!("bad: {}", &large[..300]), "•••"), "bad: •••");
    }

    #[test]
    fn derived_forms_of_short_values_are_no_secrets() {
        let redactor = Redactor::new([&SecretString::from("abc-12")]);
        assert_eq!(redactor.scrub("abc-12"), MASK);
        assert_eq!(redactor.scrub("YWJjLTEy 6162632d3132"), "YWJjLTEy 6162632d3132");
    }

    #[test]
    fn a_value_that_was_renewed_is_masked_beside_the_first_in_all_its_forms() {
        let redactor = Redactor::new([&SecretString::from("first-value")]);
        assert_eq!(redactor.scrub("first-value"), MASK);
        redactor.learn(&SecretString::from("second value"));
        assert_eq!(redactor.scrub("first-value second+value second%20value"), format!("{MASK} {MASK} {MASK}"));
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        let redactor = Redactor::default();
        for token in [
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "github_pat_11ABCDEFG0abcdefghijkl_mnop",
            "fm2_lJPECAAAAAAAAAAAAAAA",
            "sbp_0123456789abcdef0123456789abcdef01234567",
            "sb_secret_abcdefgh",
            "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.abc-_def",
        ] {
            let line = format!("using {token} now");
            assert_eq!(redactor.scrub(&line), format!("using {MASK} now"));
        }
        assert_eq!(redactor.scrub("Authorization: Bearer abcdef123456"), format!("Authorization: Bearer {MASK}"));
        assert_eq!(redactor.scrub("postgres://app:s3cr3t@db:5432/x"), format!("postgres://app:{MASK}@db:5432/x"));
        assert_eq!(redactor.scrub("VERCEL_TOKEN=Abc123def456"), format!("VERCEL_TOKEN={MASK}"));
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        let redactor = Redactor::default();
        for line in [
            "GET /health 200 3ms",
            "password: incorrect",
            "token: expired",
            "http://localhost:8080/x",
            "secret_store ready",
        ] {
            assert!(matches!(redactor.scrub(line), Cow::Borrowed(_)) || redactor.scrub(line) == line, "{line}");
        }
    }

    #[test]
    fn a_shown_url_tells_nothing() {
        let url = SafeUrl::new("https://me:pw@api.example.com/v1?limit=5&access_token=abc");
        assert_eq!(url.to_string(), format!("https://api.example.com/v1?limit=5&access_token={MASK}"));
    }

    proptest! {
        #[test]
        fn a_known_value_never_survives(before in "[a-z ]{0,20}", after in "[a-z ]{0,20}") {
            let redactor = Redactor::new([&SecretString::from("S3CRET-VALUE")]);
            let masked = redactor.scrub(&format!("{before}S3CRET-VALUE{after}")).into_owned();
            prop_assert!(!masked.contains("S3CRET-VALUE"));
            prop_assert!(masked.contains(MASK));
        }
    }
}

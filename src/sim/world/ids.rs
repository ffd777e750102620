//! Identities made from the seed: the same seed, tag and number always give the same id.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// 32 bytes that depend on nothing but the arguments.
#[must_use]
pub fn hash(seed: u64, tag: &str, n: u64) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    hasher.update(tag.as_bytes());
    hasher.update(n.to_le_bytes());
    hasher.finalize().into()
}

/// A number for seeding a generator.
#[must_use]
pub fn number(seed: u64, tag: &str, n: u64) -> u64 {
    hash(seed, tag, n).iter().take(8).fold(0, |all, byte| (all << 8) | u64::from(*byte))
}

/// `len` lower-case hex digits (at most 64).
#[must_use]
pub fn hex(seed: u64, tag: &str, n: u64, len: usize) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash(seed, tag, n) {
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(len);
    text
}

/// `len` characters of `alphabet` (at most 32).
fn spell(seed: u64, tag: &str, n: u64, len: usize, alphabet: &[u8]) -> String {
    hash(seed, tag, n)
        .iter()
        .take(len)
        .map(|byte| char::from(alphabet.get(usize::from(*byte) % alphabet.len()).copied().unwrap_or(b'a')))
        .collect()
}

/// A 26-character ULID-like text.
#[must_use]
pub fn ulid(seed: u64, tag: &str, n: u64) -> String {
    format!("01{}", spell(seed, tag, n, 24, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
}

/// `len` letters and digits, as Vercel's ids have them.
#[must_use]
pub fn base62(seed: u64, tag: &str, n: u64, len: usize) -> String {
    spell(seed, tag, n, len, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

/// `len` lower-case letters, as Supabase's project refs have them.
#[must_use]
pub fn letters(seed: u64, tag: &str, n: u64, len: usize) -> String {
    spell(seed, tag, n, len, b"abcdefghijklmnopqrstuvwxyz")
}

/// A UUID.
#[must_use]
pub fn uuid(seed: u64, tag: &str, n: u64) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash(seed, tag, n)).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// SHA-256 of a text, in lower-case hex.
#[must_use]
pub fn sha256(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The 16 hex digits that stand for a secret's value (opaque on Fly, docs/platforms/fly.md section 9).
#[must_use]
pub fn digest16(value: &str) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(value.as_bytes()).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_the_seed_alone() {
        assert_eq!(hex(1, "sha", 0, 40), hex(1, "sha", 0, 40));
        assert_ne!(hex(1, "sha", 0, 40), hex(2, "sha", 0, 40));
        assert_eq!(ulid(1, "x", 0).len(), 26);
        assert_eq!(letters(1, "ref", 0, 20).len(), 20);
    }
}

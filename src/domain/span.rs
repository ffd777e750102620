//! Spans of time as people say them.

use std::time::Duration;

use jiff::Timestamp;

/// `6s`, `1m42s`, `3h05m`, `2d4h`.
#[must_use]
pub fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// The age of an instant in one unit, for lists: `17s`, `4m`, `7h`, `2d`.
#[must_use]
pub fn brief(then: Timestamp, now: Timestamp) -> String {
    if timeless(then, now) {
        return "—".to_owned();
    }
    let seconds = Duration::try_from(now.duration_since(then)).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The year 1 and 1970 are how platforms write that there is no time.
fn timeless(then: Timestamp, now: Timestamp) -> bool {
    then.as_second() < 365 * 86_400 && now.as_second() > 2 * 365 * 86_400
}

/// The age of an instant; nothing for the future.
#[must_use]
pub fn since(then: Timestamp, now: Timestamp) -> String {
    if timeless(then, now) {
        return "—".to_owned();
    }
    age(Duration::try_from(now.duration_since(then)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_people_say_them() {
        let ages: Vec<_> = [6, 102, 11_100, 187_200].into_iter().map(|s| age(Duration::from_secs(s))).collect();
        assert_eq!(ages, ["6s", "1m42s", "3h05m", "2d4h"]);
        let now = Timestamp::from_second(1_795_852_800).expect("a time");
        assert_eq!(since(Timestamp::UNIX_EPOCH, now), "—");
        assert_eq!(since(now, now), "0s");
        assert_eq!(brief(Timestamp::UNIX_EPOCH, now), "—");
        let ago = |seconds| brief(now - jiff::SignedDuration::from_secs(seconds), now);
        assert_eq!([6, 102, 11_100, 100_000, 187_200].map(ago), ["6s", "1m", "3h", "27h", "2d"]);
    }
}

//! Reads the names in a `.env.example`. Values are skipped and never kept: one may be a real secret, and no part of it may
//! become a name that is shown.

/// What a template holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Template<'a> {
    /// Its names, in order.
    pub keys: Vec<&'a str>,
    /// Lines, from 1, that are neither a name with its value, nor a comment, nor blank.
    pub odd: Vec<usize>,
    /// Where a quote or a block begins that has no end: what follows was not read.
    pub open: Option<usize>,
}

/// Reads a template: `NAME=value`, `export NAME=value`, values in `'…'`, `"…"` or `` `…` `` over several lines, comments.
pub(super) fn read(text: &str) -> Template<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Template::default();
    let mut lines = text.split('\n').enumerate().map(|(at, line)| (at + 1, line.strip_suffix('\r').unwrap_or(line)));
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = assignment(line) else {
            found.odd.push(at);
            // A block without a name, such as a key that was pasted in.
            if block(line) && !lines.any(|(_, line)| block_end(line)) {
                found.open = Some(at);
                break;
            }
            continue;
        };
        let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"' | '`'));
        let ended = match quote {
            Some(quote) => {
                let mut rest = end_of_quote(&value[1..], quote);
                while rest.is_none() {
                    let Some((_, line)) = lines.next() else { break };
                    rest = end_of_quote(line, quote);
                }
                if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('#')) {
                    found.odd.push(at);
                }
                rest.is_some()
            }
            None if block(value) && !block_end(value) => {
                found.odd.push(at);
                lines.any(|(_, line)| block_end(line))
            }
            None => true,
        };
        found.keys.push(key);
        if !ended {
            found.open = Some(at);
            break;
        }
    }
    found
}

/// The name and what follows its `=`, both without blanks around them.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let after = line.strip_prefix("export").filter(|after| after.starts_with([' ', '\t']));
    let (key, value) = after.unwrap_or(line).split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let first = key.chars().next()?;
    let named = !first.is_ascii_digit() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (named && !encoded(key, value)).then_some((key, value))
}

/// The last line of something in base64 ends in `=` and looks like a name with an empty value.
fn encoded(key: &str, value: &str) -> bool {
    let mixed = key.contains(|c: char| c.is_ascii_lowercase()) && key.contains(|c: char| c.is_ascii_uppercase());
    let odd = key.len() > 20 || key.contains(|c: char| c.is_ascii_digit());
    mixed && odd && !key.contains('_') && value.chars().all(|c| c == '=')
}

fn block(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

fn block_end(text: &str) -> bool {
    text.contains("-----END ")
}

/// What follows the closing quote on its line; `None` when the value goes on. A backslash escapes in double quotes alone.
fn end_of_quote(text: &str, quote: char) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(text[at + c.len_utf8()..].trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mark_at_the_beginning_and_line_ends_of_windows_lose_no_name() {
        let text = "\u{feff}DATABASE_URL=postgres://x?a=b\r\nSECRET_KEY=\r\nexport\tTABBED=1\r\n  INDENTED = 2\r\nCOLON: v\r\n#NO=1\r\n";
        let found = read(text);
        assert_eq!(found.keys, ["DATABASE_URL", "SECRET_KEY", "TABBED", "INDENTED"]);
        assert_eq!((found.odd, found.open), (vec![5], None));
    }

    #[test]
    fn nothing_inside_a_value_becomes_a_name() {
        let text = "APP_KEY=\"-----BEGIN PRIVATE KEY-----\nbm90YXJlYWxrZXlub3RhcmVhbGtleQ==\nQUJDREVGR0g=\n-----END PRIVATE KEY-----\"\n\
            GOOGLE_JSON='{\n  KEY_INSIDE=not_a_key\n}'\nAFTER=\"a#\\\"b\" # comment with FAKE=1\nHASH=abc#def\nTICK=`a\nB=1`\n\
            URL=https://u:p=w@h/?a=1&b=2\nlower_case=1\ndotted.key=1\ndash-key=1\n9DIGIT=1\nEMPTY=\nNOEQUALS\n";
        let found = read(text);
        let keys = ["APP_KEY", "GOOGLE_JSON", "AFTER", "HASH", "TICK", "URL", "lower_case", "EMPTY"];
        assert_eq!(found.keys, keys);
        assert_eq!((found.odd, found.open), (vec![14, 15, 16, 18], None));
    }

    #[test]
    fn a_key_that_stands_there_bare_becomes_no_name() {
        let text = "KEY=-----BEGIN RSA PRIVATE KEY-----\nbm90YXJlYWxrZXlub3RhcmVhbGtleQ==\nA=1\n-----END RSA PRIVATE KEY-----\nNEXT=\n\
            -----BEGIN PUBLIC KEY-----\nB=1\n-----END PUBLIC KEY-----\nLAST=\nbm90YXJlYWxrZXlub3RhcmVhbGtleQ==\nQUJDREVGR0g=\n";
        let found = read(text);
        assert_eq!(found.keys, ["KEY", "NEXT", "LAST"]);
        assert_eq!((found.odd, found.open), (vec![1, 6, 10, 11], None));
    }

    #[test]
    fn what_has_no_end_is_told_and_nothing_after_it_is_believed() {
        assert_eq!(read("A=1\nB='x\nC=1\n"), Template { keys: vec!["A", "B"], odd: vec![], open: Some(2) });
        let bare = read("A=1\n-----BEGIN X-----\nC=1\n");
        assert_eq!((bare.keys, bare.open), (vec!["A"], Some(2)));
        assert_eq!(read("A='x' B=1\nC=").odd, [1], "what follows a value on its line");
    }

    proptest! {
        #[test]
        fn a_name_is_never_made_of_a_quoted_value(value in "[A-Za-z0-9+/=\n #:]{0,200}", quote in "['\"`]") {
            let text = format!("BEFORE=1\nTHE={quote}{value}{quote}\nAFTER=1\n");
            prop_assert_eq!(read(&text).keys, ["BEFORE", "THE", "AFTER"]);
        }

        #[test]
        fn whatever_stands_there_names_are_names(text in "[ -~\n\r\t\u{feff}äß]{0,300}") {
            for key in read(&text).keys {
                prop_assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
                prop_assert!(!key.starts_with(|c: char| c.is_ascii_digit()));
            }
        }
    }
}

//! The system's own knowledge of terminals: its terminfo database, whose layout is that of term(5).

use std::io::Read as _;
use std::path::PathBuf;

/// First bytes of an entry whose numbers have 16 bits, and of one whose numbers have 32.
const MAGIC: [(i16, usize); 2] = [(0o432, 2), (0o1036, 4)];
/// Bytes before the names.
const HEADER: usize = 12;
/// The place of `cup`, which moves the cursor to a row and a column, among the strings of an entry.
const CURSOR_ADDRESS: usize = 10;
/// Bytes of an entry at most, by the same page.
const LONGEST: u64 = 32 * 1024;

/// Folders that hold the database, the person's own first.
pub(super) fn folders(variable: &impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let own = variable("TERMINFO").into_iter().chain(variable("HOME").map(|home| format!("{home}/.terminfo")));
    let more = variable("TERMINFO_DIRS").unwrap_or_default();
    let more = more.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned);
    let usual =
        ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo", "/usr/local/share/terminfo"];
    own.chain(more).chain(usual.map(str::to_owned)).map(PathBuf::from).collect()
}

/// Whether a terminal of this name can place its cursor; `None` = the database does not know it, or cannot be read.
pub(super) fn places_cursor(folders: &[PathBuf], name: &str) -> Option<bool> {
    let first = name.chars().next().filter(|_| !name.contains('/'))?;
    // By the first letter, or by its number where file names do not tell large letters from small ones.
    let below = [first.to_string(), format!("{:x}", u32::from(first))];
    let mut paths = folders.iter().flat_map(|folder| below.iter().map(move |below| folder.join(below).join(name)));
    paths.find_map(|path| {
        if !std::fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut entry = Vec::new();
        std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut entry).ok()?;
        addresses(&entry)
    })
}

/// Whether an entry has `cup`; `None` = it is no entry.
fn addresses(entry: &[u8]) -> Option<bool> {
    let number = |at: usize| Some(i16::from_le_bytes(entry.get(at..at + 2)?.try_into().ok()?));
    let size = |at: usize| number(at).and_then(|number| usize::try_from(number).ok());
    let magic = number(0)?;
    let (_, wide) = MAGIC.into_iter().find(|(known, _)| *known == magic)?;
    let (names, flags, numbers, strings) = (size(2)?, size(4)?, size(6)?, size(8)?);
    if strings <= CURSOR_ADDRESS {
        return Some(false);
    }
    // Numbers begin at an even byte.
    let begins = (HEADER + names + flags).next_multiple_of(2) + numbers * wide;
    Some(number(begins + CURSOR_ADDRESS * 2)? >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry with these strings, by their offsets.
    fn entry(magic: i16, wide: usize, strings: &[i16]) -> Vec<u8> {
        let names = b"test|of a test\0";
        let (flags, numbers) = (3_usize, 2_usize);
        let counts = [names.len(), flags, numbers, strings.len(), 8];
        let mut bytes = magic.to_le_bytes().to_vec();
        bytes.extend(counts.iter().flat_map(|count| i16::try_from(*count).unwrap().to_le_bytes()));
        bytes.extend(names);
        bytes.extend([1; 3]);
        bytes.extend(vec![0; (bytes.len() % 2) + numbers * wide]);
        bytes.extend(strings.iter().flat_map(|offset| offset.to_le_bytes()));
        bytes
    }

    #[test]
    fn an_entry_tells_whether_the_cursor_can_be_placed() {
        let (mut with, without) = ([-1; 11], [-1; 11]);
        with[CURSOR_ADDRESS] = 4;
        for (magic, wide) in MAGIC {
            assert_eq!(addresses(&entry(magic, wide, &with)), Some(true));
            assert_eq!(addresses(&entry(magic, wide, &without)), Some(false));
            assert_eq!(addresses(&entry(magic, wide, &[0; 3])), Some(false), "a short list ends before it");
        }
        assert_eq!(addresses(b"no entry at all"), None);
        assert_eq!(addresses(&entry(0o432, 2, &with)[..20]), None, "cut off");
    }

    #[test]
    fn an_entry_is_found_by_its_letter_or_its_number_and_a_path_is_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut with = [-1; 11];
        with[CURSOR_ADDRESS] = 0;
        for (below, name) in [("m", "mine"), ("4d", "Mine")] {
            std::fs::create_dir(folder.path().join(below)).unwrap();
            std::fs::write(folder.path().join(below).join(name), entry(0o432, 2, &with)).unwrap();
        }
        let folders = [folder.path().to_owned()];
        assert_eq!(places_cursor(&folders, "mine"), Some(true));
        assert_eq!(places_cursor(&folders, "Mine"), Some(true));
        for unknown in ["other", "", "../m/mine", "m/mine"] {
            assert_eq!(places_cursor(&folders, unknown), None, "{unknown}");
        }
    }
}

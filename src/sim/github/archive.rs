//! Archives in the form of ZIP, without compression.

/// CRC-32 as ZIP has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}

fn size(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

/// What the headers before a file and in the directory have in common: version, names in UTF-8, stored, no date, sum, sizes.
fn common(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
    bytes.extend(crc(content).to_le_bytes());
    bytes.extend(size(content.len()));
    bytes.extend(size(content.len()));
    bytes.extend(short(name.len()));
    bytes.extend([0, 0]);
    bytes
}

/// An archive of files by their paths.
pub(super) fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let (offset, common) = (out.len(), common(name, content));
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        // No comment, disk 0, no attributes.
        directory.extend([0; 10]);
        directory.extend(size(offset));
        directory.extend(name.as_bytes());
    }
    let start = out.len();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(short(files.len()));
    out.extend(short(files.len()));
    out.extend(size(directory.len()));
    out.extend(size(start));
    out.extend([0, 0]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_the_layout_are_those_of_the_format() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        let whole = zip(&[("a/b.txt".to_owned(), b"hello".to_vec())]);
        assert!(whole.starts_with(b"PK\x03\x04\x14\x00\x00\x08\x00\x00"));
        // 30 bytes of a header, the name, the content, 46 of an entry, the name, 22 of the end.
        assert_eq!(whole.len(), 30 + 7 + 5 + 46 + 7 + 22);
        let end = &whole[whole.len() - 22..];
        assert_eq!((&end[..4], end[10], end[16]), (&b"PK\x05\x06"[..], 1, 42));
    }
}

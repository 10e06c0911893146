//! PEM as Go's `encoding/pem` reads it: the first whole block counts, whatever stands before or behind it.

/// A decoded block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The words after `BEGIN`, such as `CERTIFICATE`.
    pub(crate) label: String,
    pub(crate) bytes: Vec<u8>,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The first well-formed block, and the text behind it.
pub(crate) fn decode(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = text;
    loop {
        rest = after_begin(rest)?;
        if let Some(found) = block(rest) {
            return Some(found);
        }
    }
}

/// All well-formed blocks.
pub(crate) fn decode_all(text: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((block, behind)) = decode(rest) {
        blocks.push(block);
        rest = behind;
    }
    blocks
}

/// Writes a block with lines of 64 characters.
pub(crate) fn encode(label: &str, bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const LINE_BYTES: usize = 48;
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in bytes.chunks(LINE_BYTES) {
        for group in line.chunks(3) {
            let mut word = 0u32;
            for index in 0..3 {
                word = (word << 8) | u32::from(group.get(index).copied().unwrap_or(0));
            }
            for place in 0..4 {
                let digit = (word >> (18 - 6 * place)) & 0x3f;
                let letter = usize::try_from(digit)
                    .ok()
                    .and_then(|digit| ALPHABET.get(digit));
                let filled = place <= group.len();
                text.push(if filled {
                    letter.map_or('=', |byte| char::from(*byte))
                } else {
                    '='
                });
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// What follows the next `-----BEGIN ` at the start of a line.
fn after_begin(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(BEGIN) {
        return Some(rest);
    }
    let mut marker = vec![b'\n'];
    marker.extend_from_slice(BEGIN);
    let at = find(text, &marker)?;
    text.get(at + marker.len()..)
}

/// Reads the rest of a block whose `-----BEGIN ` has been taken off.
fn block(text: &[u8]) -> Option<(Block, &[u8])> {
    let (first_line, mut rest) = line(text);
    let label = first_line.strip_suffix(DASHES)?;
    // Headers, as old encrypted keys have them, are skipped.
    loop {
        let (candidate, after) = line(rest);
        if !candidate.contains(&b':') || rest.is_empty() {
            break;
        }
        rest = after;
    }
    let end = if rest.starts_with(END) {
        0
    } else {
        find(rest, b"\n-----END ")? + 1
    };
    let body = rest.get(..end)?;
    let behind_end = rest
        .get(end + END.len()..)?
        .strip_prefix(label)?
        .strip_prefix(DASHES)?;
    let (trailer, behind) = line(behind_end);
    if !trailer.is_empty() {
        return None;
    }
    let block = Block {
        label: String::from_utf8_lossy(label).into_owned(),
        bytes: decode_base64(body)?,
    };
    Some((block, behind))
}

/// The first line without its end and without blanks before the end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        ),
        None => (text, &[] as &[u8]),
    };
    (line.trim_ascii_end(), rest)
}

fn find(text: &[u8], marker: &[u8]) -> Option<usize> {
    text.windows(marker.len())
        .position(|window| window == marker)
}

/// Standard base64 with padding; blanks and line ends between the letters are skipped.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .collect();
    if !letters.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3);
    let groups = letters.len() / 4;
    for (index, group) in letters.chunks_exact(4).enumerate() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && index + 1 != groups) {
            return None;
        }
        let mut word = 0u32;
        for (place, letter) in group.iter().enumerate() {
            let digit = if place + padding >= 4 {
                0
            } else {
                digit(*letter)?
            };
            word = (word << 6) | u32::from(digit);
        }
        let [_, first, second, third] = word.to_be_bytes();
        bytes.extend([first, second, third].into_iter().take(3 - padding));
    }
    Some(bytes)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_a_block_and_other_line_ends_do_not_matter() {
        let text =
            b"subject=somebody\n-----BEGIN X-----\r\nAAEC\r\nAwQ=\r\n-----END X-----\r\nrest";
        let (block, rest) = decode(text).unwrap();
        assert_eq!(
            (block.label.as_str(), block.bytes.as_slice()),
            ("X", &[0, 1, 2, 3, 4][..])
        );
        assert_eq!(rest, b"rest");
    }

    #[test]
    fn a_broken_block_is_passed_over() {
        let text =
            b"-----BEGIN X-----\n*\n-----END X-----\n-----BEGIN Y-----\nAA==\n-----END Y-----\n";
        assert_eq!(decode(text).unwrap().0.label, "Y");
    }

    #[test]
    fn a_block_without_its_end_or_with_another_end_is_none() {
        assert_eq!(decode(b"-----BEGIN X-----\nAAEC\n"), None);
        assert_eq!(decode(b"-----BEGIN X-----\nAAEC\n-----END Y-----\n"), None);
        assert_eq!(decode(b"no block at all"), None);
        assert_eq!(decode(b"x-----BEGIN X-----\nAAEC\n-----END X-----\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_we_write_we_read(bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..200)) {
            let text = encode("CERTIFICATE", &bytes);
            let (block, rest) = decode(text.as_bytes()).unwrap();
            proptest::prop_assert_eq!(block.bytes, bytes);
            proptest::prop_assert!(rest.is_empty());
            proptest::prop_assert!(text.lines().all(|line| line.len() <= 64));
        }

        #[test]
        fn random_text_never_panics(text in "(-----BEGIN |-----END |-----|X|\n|A|=| |:|\r){0,40}") {
            let _ = decode_all(text.as_bytes());
        }
    }
}

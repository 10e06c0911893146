//! Inputs that are nearly right: bytes changed blindly, and protobuf fields changed knowingly.

use crate::Random;
use crate::fields::{self, BYTES, Field};

/// How long an input may grow.
const BYTES_MAX: usize = 64 * 1024;
/// How deep fields inside fields are looked for.
const NESTING_MAX: usize = 24;
/// Numbers at which programs go wrong.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];

/// Changes an entry of the corpus, once or several times.
pub fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    for _ in 0..=random.below(4) {
        let other = random.pick(corpus);
        mutate(random, &mut bytes, other);
    }
    bytes
}

/// Changes `bytes` once; `other` is where pieces are taken from.
pub fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    // The first byte of some inputs says what the rest is.
    let start = random.below(2).min(bytes.len());
    match fields::parse(&bytes[start..]).filter(|fields| !fields.is_empty()) {
        Some(mut message) if !random.one_in(4) => {
            change_message(random, &mut message, other, NESTING_MAX);
            bytes.truncate(start);
            bytes.extend(fields::encode(&message));
        }
        _ => change_bytes(random, bytes, other),
    }
    bytes.truncate(BYTES_MAX);
}

fn change_message(random: &mut Random, fields: &mut Vec<Field>, other: &[u8], nesting_left: usize) {
    let index = random.below(fields.len());
    let field = &mut fields[index];
    // Deeper, most of the time: that is where the decoders are.
    if let Some(inner) = field.nested().filter(|_| !random.one_in(5)) {
        match fields::parse(inner).filter(|inner| !inner.is_empty() && nesting_left > 0) {
            Some(mut inner) => {
                change_message(random, &mut inner, other, nesting_left - 1);
                field.value = fields::encode(&inner);
            }
            None => change_bytes(random, &mut field.value, other),
        }
        return;
    }
    match random.below(8) {
        0 => fields.insert(random.below(index + 1), fields[index].clone()),
        1 => drop(fields.remove(index)),
        2 => {
            let second = random.below(fields.len());
            fields.swap(index, second);
        }
        3 => field.key = (random.below(20) as u64 + 1) << 3 | field.key & 7,
        4 => change_wire_type(random, field),
        5 => field.value = number(random, field.key & 7),
        6 => fields.extend(fields::parse(other).unwrap_or_default().into_iter().take(4)),
        _ => wrap(random, field),
    }
}

/// The same bytes said to be of another type.
fn change_wire_type(random: &mut Random, field: &mut Field) {
    let wire_type = *random.pick(&[0, 1, BYTES, 3, 4, 5]);
    field.key = field.key & !7 | wire_type;
    match wire_type {
        BYTES => {}
        3 | 4 => field.value.clear(),
        _ => field.value = number(random, wire_type),
    }
}

fn number(random: &mut Random, wire_type: u64) -> Vec<u8> {
    let number = if random.one_in(2) {
        *random.pick(&EDGES)
    } else {
        random.number() >> random.below(64)
    };
    match wire_type {
        1 => number.to_le_bytes().to_vec(),
        5 => number.to_le_bytes()[..4].to_vec(),
        _ => {
            let mut bytes = Vec::new();
            fields::put_varint(&mut bytes, number);
            bytes
        }
    }
}

/// Puts the value into a field of its own, many times: messages inside messages.
fn wrap(random: &mut Random, field: &mut Field) {
    for _ in 0..=random.below(40) {
        let inner = Field {
            key: field.key & !7 | BYTES,
            value: std::mem::take(&mut field.value),
        };
        field.value = fields::encode(&[inner]);
    }
    field.key = field.key & !7 | BYTES;
}

fn change_bytes(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(bytes.len() + 1);
    let length = random.below(16).min(bytes.len() - at);
    let edge = random.pick(&EDGES).to_be_bytes();
    match random.below(10) {
        0 => drop(bytes.drain(at..at + length)),
        1 => bytes.insert(at, random.byte()),
        2 => {
            let copied = bytes[at..at + length].to_vec();
            bytes.splice(at..at, copied);
        }
        3 => {
            let piece = piece(random, other);
            bytes.splice(at..at, piece.iter().copied());
        }
        4 => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        5 => bytes.truncate(at),
        6 => {
            let width = *random.pick(&[1, 2, 4, 8]);
            let end = (at + width).min(bytes.len());
            bytes.splice(at..end, edge[8 - width..].iter().copied());
        }
        _ => match bytes.get_mut(at) {
            Some(byte) if random.one_in(2) => *byte ^= 1 << random.below(8),
            Some(byte) => {
                *byte = if random.one_in(3) {
                    byte.wrapping_add(1)
                } else {
                    random.byte()
                }
            }
            None => bytes.push(random.byte()),
        },
    }
}

fn piece<'a>(random: &mut Random, other: &'a [u8]) -> &'a [u8] {
    let start = random.below(other.len() + 1);
    let length = random.below(64).min(other.len() - start);
    &other[start..start + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_inputs_again() {
        let corpus = [b"\x0a\x04\x12\x02hi".to_vec(), b"plain".to_vec()];
        let inputs = |seed| {
            let mut random = Random::new(seed);
            (0..500)
                .map(|_| mutated(&mut random, &corpus))
                .collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
    }

    #[test]
    fn most_changed_messages_still_decode_as_messages() {
        let corpus = [b"\x0a\x08\x12\x06\x0a\x04\x08\x01\x10\x02".to_vec()];
        let mut random = Random::new(1);
        let good = (0..1_000).filter(|_| fields::parse(&mutated(&mut random, &corpus)).is_some());
        let good = good.count();
        assert!((300..1_000).contains(&good), "{good} of 1,000");
    }

    #[test]
    fn an_empty_corpus_entry_grows() {
        let mut random = Random::new(1);
        let longest = (0..1_000)
            .map(|_| mutated(&mut random, &[Vec::new()]).len())
            .max();
        assert!(longest > Some(0));
    }
}

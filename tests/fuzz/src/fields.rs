//! Protobuf without a schema: a message as the list of its fields, to take apart and to break on purpose.

/// One field: its key (number and wire type) and the value's bytes, without the length prefix of a length-delimited one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) key: u64,
    pub(crate) value: Vec<u8>,
}

/// The wire type of strings, bytes and messages.
pub(crate) const BYTES: u64 = 2;

impl Field {
    /// The content, if it has a length and may so be a message itself.
    pub(crate) fn nested(&self) -> Option<&[u8]> {
        (self.key & 7 == BYTES).then_some(&self.value)
    }
}

/// The fields of what may be a message; `None` if it is none. Groups are not followed.
pub(crate) fn parse(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (key, rest) = varint(bytes)?;
        if key >> 3 == 0 {
            return None;
        }
        let (prefix, length) = match key & 7 {
            0 => (0, rest.len() - varint(rest)?.1.len()),
            1 => (0, 8),
            BYTES => {
                let (length, after) = varint(rest)?;
                (rest.len() - after.len(), usize::try_from(length).ok()?)
            }
            5 => (0, 4),
            _ => return None,
        };
        let value = rest.get(prefix..prefix.checked_add(length)?)?;
        fields.push(Field {
            key,
            value: value.to_vec(),
        });
        bytes = &rest[prefix + length..];
    }
    Some(fields)
}

/// The message of these fields, with the lengths that they have now.
pub(crate) fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        put_varint(&mut bytes, field.key);
        if field.key & 7 == BYTES {
            put_varint(
                &mut bytes,
                u64::try_from(field.value.len()).unwrap_or_default(),
            );
        }
        bytes.extend_from_slice(&field.value);
    }
    bytes
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_list_of_its_fields() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 1, 2, 3, 4];
        let fields = parse(&bytes).unwrap();
        assert_eq!(fields.len(), 3);
        assert_eq!(fields[1].nested(), Some(b"hi".as_slice()));
        assert_eq!(encode(&fields), bytes);
    }

    #[test]
    fn what_is_cut_short_is_no_message() {
        for bytes in [
            &[0x12, 0x03, b'h'][..],
            &[0x08],
            &[0x80],
            &[0x00, 0x00],
            &[0x0b],
        ] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
    }
}

use bytes::Bytes;
use proto::common::HeaderType;

use super::{Block, BlockError, compute_data_hash};
use crate::{
    envelope::{Envelope, EnvelopeError, Payload},
    wire::check_canonical_envelope,
};

impl Block {
    /// Checks what a peer checks of a block before it looks at any signature: the entries have the stated hash, and each
    /// is an envelope in its one encoding. A block whose only entry is a configuration transaction may have it in any
    /// encoding. (Number and previous hash are compared by whoever knows what to expect.)
    ///
    /// # Errors
    /// The whole block is refused:
    /// - [`BlockError::Empty`]: no entries.
    /// - [`BlockError::DataHash`]: the hash is another.
    /// - [`BlockError::Entry`]: the first entry that is wrong, and why.
    pub fn check_structure(&self) -> Result<(), BlockError> {
        if self.data.is_empty() {
            return Err(BlockError::Empty {
                number: self.number,
            });
        }
        let computed = compute_data_hash(&self.data);
        if self.data_hash != computed.as_slice() {
            return Err(BlockError::DataHash {
                number: self.number,
                stated: hex::encode(&self.data_hash),
                computed: hex::encode(computed),
            });
        }
        if self.is_config() {
            return Ok(());
        }
        for (index, entry) in self.data.iter().enumerate() {
            check_canonical_envelope(entry).map_err(|fault| BlockError::Entry {
                number: self.number,
                index,
                fault,
            })?;
        }
        Ok(())
    }

    /// Whether the only entry is a configuration transaction.
    pub fn is_config(&self) -> bool {
        self.config().is_some()
    }

    /// The encoded `common.ConfigEnvelope` of a block whose only entry is a configuration transaction; `None` for every
    /// other block. Nothing about it is checked: the genesis block's headers name no creator, and it is trusted because
    /// an administrator chose it.
    pub fn config(&self) -> Option<Bytes> {
        let [entry] = self.data.as_slice() else {
            return None;
        };
        let payload = Payload::parse(&Envelope::decode(entry).ok()?.payload).ok()?;
        (payload.header_type() == Some(HeaderType::Config)).then_some(payload.data)
    }

    /// The channel that the first entry states. Plain text, because a foreign block may state anything: compare it with
    /// the channel the block was asked for.
    ///
    /// # Errors
    /// - [`BlockError::Empty`]: no entries.
    /// - [`BlockError::NoChannel`]: the entry or its headers do not decode.
    pub fn channel_id(&self) -> Result<String, BlockError> {
        let number = self.number;
        let entry = self.data.first().ok_or(BlockError::Empty { number })?;
        Envelope::decode(entry)
            .and_then(|envelope| Payload::parse(&envelope.payload))
            .map(|payload| payload.channel_header.message.channel_id)
            .map_err(|source: EnvelopeError| BlockError::NoChannel { number, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use prost::Message;
    use proto::common;

    fn entry(header_type: HeaderType, signature: &'static [u8]) -> Bytes {
        let channel_header = common::ChannelHeader {
            r#type: header_type.into(),
            channel_id: "ch1".into(),
            ..Default::default()
        };
        let header = common::Header {
            channel_header: channel_header.encode_to_vec().into(),
            signature_header: Bytes::new(),
        };
        let payload = common::Payload {
            header: Some(header),
            data: Bytes::new(),
        };
        let envelope = common::Envelope {
            payload: payload.encode_to_vec().into(),
            signature: Bytes::from_static(signature),
        };
        envelope.encode_to_vec().into()
    }

    fn check(block: &Block, expected: Expect) {
        let outcome = match block.check_structure() {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&outcome);
    }

    #[test]
    fn every_entry_must_be_a_signed_envelope() {
        let good = entry(HeaderType::EndorserTransaction, b"s");
        let unsigned = entry(HeaderType::EndorserTransaction, b"");
        check(
            &Block::new(3, Bytes::new(), vec![good.clone()]),
            expect!["ok"],
        );
        check(
            &Block::new(3, Bytes::new(), vec![]),
            expect!["block 3 has no entries"],
        );
        check(
            &Block::new(3, Bytes::new(), vec![good.clone(), unsigned]),
            expect!["entry 1 of block 3 has no signature after its payload"],
        );
        check(
            &Block::new(3, Bytes::new(), vec![Bytes::new(), good]),
            expect!["entry 0 of block 3 does not begin with a payload"],
        );
    }

    #[test]
    fn only_a_lone_configuration_entry_may_be_unsigned() {
        let config = entry(HeaderType::Config, b"");
        let lone = Block::new(0, Bytes::new(), vec![config.clone()]);
        assert!(lone.is_config());
        check(&lone, expect!["ok"]);
        let two = Block::new(0, Bytes::new(), vec![config.clone(), config]);
        assert!(!two.is_config());
        check(
            &two,
            expect!["entry 0 of block 0 has no signature after its payload"],
        );
    }

    #[test]
    fn another_data_hash_refuses_the_block() {
        let mut block = Block::new(3, Bytes::new(), vec![entry(HeaderType::Config, b"s")]);
        block.data_hash = Bytes::from_static(&[1; 32]);
        let error = block.check_structure().unwrap_err();
        assert!(matches!(error, BlockError::DataHash { number: 3, .. }));
        block.data_hash = Bytes::new();
        assert!(block.check_structure().is_err());
    }

    #[test]
    fn the_channel_is_that_of_the_first_entry() {
        let block = Block::new(
            3,
            Bytes::new(),
            vec![entry(HeaderType::Message, b"s"), Bytes::new()],
        );
        assert_eq!(block.channel_id().unwrap(), "ch1");
        let none = Block::new(3, Bytes::new(), vec![Bytes::new()]);
        assert!(matches!(
            none.channel_id(),
            Err(BlockError::NoChannel { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_block_panic(bytes: Vec<u8>, data: Vec<Vec<u8>>, metadata: Vec<Vec<u8>>) {
            let shared = |lists: Vec<Vec<u8>>| lists.into_iter().map(Bytes::from).collect::<Vec<_>>();
            let mut made = Block::new(1, Bytes::new(), shared(data));
            made.metadata = shared(metadata);
            let again = Block::decode(made.encode()).unwrap();
            prop_assert_eq!(&again, &made);
            for block in [Some(made), Block::decode(bytes).ok()].into_iter().flatten() {
                let _ = (block.check_structure(), block.channel_id(), block.config());
                let _ = (block.orderer_metadata(), block.last_config_index(), block.commit_hash());
                let _ = (block.validation_code(0), block.header_hash());
            }
        }
    }
}

//! A transaction before it is put together: its parts decoded, so that a test changes one and hashes and signatures follow.

use bytes::Bytes;
use model::TxId;
use model::hash::sha256_of;
use msp::{Signer as _, SigningIdentity};
use prost::Message;
use prost_types::Timestamp;
use proto::common::{ChannelHeader, Envelope, Header, HeaderType, Payload, SignatureHeader};
use proto::protos::{
    ChaincodeAction, ChaincodeActionPayload, ChaincodeEndorsedAction, ChaincodeHeaderExtension,
    ChaincodeId, Endorsement, ProposalResponsePayload, Response, Transaction, TransactionAction,
};

use crate::people::{People, people};
use crate::set::{Set, set};

/// A late change of one message, after all that it covers was made and before anything is made over it.
type Change<M> = Option<Box<dyn FnOnce(&mut M)>>;

/// A transaction in the making. [`Tx::entry`] puts it together from the inside out.
pub(crate) struct Tx {
    pub(crate) people: &'static People,
    /// Who signs the envelope.
    pub(crate) creator: &'static SigningIdentity,
    pub(crate) channel_header: ChannelHeader,
    /// The transaction id is computed from it, unless the channel header states one.
    pub(crate) signature_header: SignatureHeader,
    /// The header of the action inside, if it is not the outer one.
    pub(crate) action_header: Option<SignatureHeader>,
    /// The channel header's extension.
    pub(crate) extension: ChaincodeHeaderExtension,
    pub(crate) action: ChaincodeAction,
    /// Who endorses, in this order.
    pub(crate) endorsers: Vec<&'static SigningIdentity>,
    pub(crate) on_channel_header: Change<ChannelHeader>,
    pub(crate) on_response: Change<ProposalResponsePayload>,
    pub(crate) on_endorsements: Change<Vec<Endorsement>>,
    pub(crate) on_action_payload: Change<ChaincodeActionPayload>,
    pub(crate) on_transaction: Change<Transaction>,
    pub(crate) on_header: Change<Header>,
    pub(crate) on_payload: Change<Payload>,
    /// What the creator signs.
    pub(crate) on_payload_bytes: Change<Bytes>,
    /// After the creator has signed.
    pub(crate) on_envelope: Change<Envelope>,
}

impl Tx {
    /// A valid transaction of Org1's client that calls `basic` and writes a key of its own, endorsed by the peers of Org1
    /// and Org2.
    pub(crate) fn new(channel_id: &str, nonce: u64) -> Self {
        let people = people();
        let id = |version: &str| {
            Some(ChaincodeId {
                name: "basic".to_owned(),
                version: version.to_owned(),
                ..ChaincodeId::default()
            })
        };
        let now = Timestamp {
            seconds: 1_800_000_000,
            nanos: 0,
        };
        Self {
            people,
            creator: &people.org1.client,
            channel_header: ChannelHeader {
                r#type: HeaderType::EndorserTransaction.into(),
                timestamp: Some(now),
                channel_id: channel_id.to_owned(),
                ..ChannelHeader::default()
            },
            signature_header: SignatureHeader {
                creator: people.org1.client.identity().clone(),
                nonce: nonce.to_be_bytes().to_vec().into(),
            },
            action_header: None,
            extension: ChaincodeHeaderExtension {
                chaincode_id: id(""),
            },
            action: ChaincodeAction {
                results: set("basic").put(&format!("key{nonce:08}"), "v").bytes(),
                response: Some(Response {
                    status: 200,
                    ..Response::default()
                }),
                chaincode_id: id("1.0"),
                ..ChaincodeAction::default()
            },
            endorsers: vec![&people.org1.peer, &people.org2.peer],
            on_channel_header: None,
            on_response: None,
            on_endorsements: None,
            on_action_payload: None,
            on_transaction: None,
            on_header: None,
            on_payload: None,
            on_payload_bytes: None,
            on_envelope: None,
        }
    }

    /// With these reads and writes in place of its own.
    pub(crate) fn with(mut self, set: Set) -> Self {
        self.does(set);
        self
    }

    /// Calls another chaincode.
    pub(crate) fn calling(mut self, chaincode: &str) -> Self {
        self.call(chaincode);
        self
    }

    pub(crate) fn call(&mut self, chaincode: &str) {
        let ids = [
            &mut self.extension.chaincode_id,
            &mut self.action.chaincode_id,
        ];
        for id in ids {
            chaincode.clone_into(&mut id.as_mut().unwrap().name);
        }
    }

    /// Does this in place of what it did.
    pub(crate) fn does(&mut self, set: Set) {
        self.action.results = set.bytes();
    }

    pub(crate) fn endorsed_by(mut self, endorsers: &[&'static SigningIdentity]) -> Self {
        self.endorsers = endorsers.to_vec();
        self
    }

    /// Is proposed and sent by somebody else.
    pub(crate) fn is_of(&mut self, creator: &'static SigningIdentity) {
        self.creator = creator;
        self.signature_header.creator = creator.identity().clone();
    }

    /// Has the id that every transaction of this nonce and creator has.
    pub(crate) fn has_nonce(&mut self, nonce: &'static [u8]) {
        self.signature_header.nonce = Bytes::from_static(nonce);
    }

    /// What its id must be.
    pub(crate) fn id(&self) -> TxId {
        let header = &self.signature_header;
        TxId::compute(&header.nonce, &header.creator)
    }

    /// The entry of a block.
    pub(crate) fn entry(mut self) -> Bytes {
        if self.channel_header.tx_id.is_empty() {
            self.channel_header.tx_id = self.id().to_string();
        }
        self.channel_header.extension = encoded(&self.extension);
        changed(&mut self.channel_header, self.on_channel_header.take());
        let mut header = Header {
            channel_header: encoded(&self.channel_header),
            signature_header: encoded(&self.signature_header),
        };
        let mut transaction = Transaction {
            actions: vec![self.endorsed_action(&header.channel_header)],
        };
        changed(&mut transaction, self.on_transaction);
        changed(&mut header, self.on_header);
        let mut payload = Payload {
            header: Some(header),
            data: encoded(&transaction),
        };
        changed(&mut payload, self.on_payload);
        let mut payload = encoded(&payload);
        changed(&mut payload, self.on_payload_bytes);
        let mut envelope = Envelope {
            signature: self.creator.sign(&payload).unwrap(),
            payload,
        };
        changed(&mut envelope, self.on_envelope);
        encoded(&envelope)
    }

    fn endorsed_action(&mut self, channel_header: &Bytes) -> TransactionAction {
        let own_header = self.action_header.as_ref();
        let header = encoded(own_header.unwrap_or(&self.signature_header));
        let proposed = Bytes::from_static(b"what was proposed");
        let hash = sha256_of([channel_header, &header, &proposed]);
        let mut response = ProposalResponsePayload {
            proposal_hash: hash.to_vec().into(),
            extension: encoded(&self.action),
        };
        changed(&mut response, self.on_response.take());
        let mut endorsements = endorse(&self.endorsers, &encoded(&response));
        changed(&mut endorsements, self.on_endorsements.take());
        let mut payload = ChaincodeActionPayload {
            chaincode_proposal_payload: proposed,
            action: Some(ChaincodeEndorsedAction {
                proposal_response_payload: encoded(&response),
                endorsements,
            }),
        };
        changed(&mut payload, self.on_action_payload.take());
        TransactionAction {
            header,
            payload: encoded(&payload),
        }
    }
}

pub(crate) fn endorse(endorsers: &[&SigningIdentity], payload: &Bytes) -> Vec<Endorsement> {
    let one = |endorser: &&SigningIdentity| endorse_as(endorser, endorser.identity(), payload);
    endorsers.iter().map(one).collect()
}

/// An endorser signs the response payload followed by its own identity, in whatever bytes that is.
pub(crate) fn endorse_as(
    endorser: &SigningIdentity,
    identity: &Bytes,
    payload: &Bytes,
) -> Endorsement {
    let signed = [&payload[..], &identity[..]].concat();
    Endorsement {
        endorser: identity.clone(),
        signature: endorser.sign(&signed).unwrap(),
    }
}

pub(crate) fn encoded(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

fn changed<M>(message: &mut M, change: Change<M>) {
    if let Some(change) = change {
        change(message);
    }
}

/// The other signature of the same message, which Fabric does not take: the order of P-256 less S in place of S.
pub(crate) fn with_high_s(der: &Bytes) -> Bytes {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order = (0..32).map(|at| u8::from_str_radix(&ORDER[2 * at..2 * at + 2], 16).unwrap());
    let r_end = 4 + usize::from(der[3]);
    let s = &der[r_end + 2..];
    let padded = s.iter().rev().copied().chain(std::iter::repeat(0));
    let mut borrow = 0;
    let mut other: Vec<u8> = Vec::new();
    for (order, digit) in order.rev().zip(padded) {
        let difference = i16::from(order) - i16::from(digit) - borrow;
        borrow = i16::from(difference < 0);
        other.push(u8::try_from(difference.rem_euclid(256)).unwrap());
    }
    // It is over half of the order, so its first bit is set: a zero byte stands before it.
    other.push(0);
    other.reverse();
    let body = [&der[2..r_end], &[2, 33], &other].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]]
        .concat()
        .into()
}

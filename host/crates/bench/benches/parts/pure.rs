//! Parts that read no disk and answer the same each time.

use std::hint::black_box;
use std::sync::Arc;

use model::Block;
use model::transaction::{Content, Opened};
use msp::policy::SignaturePolicy;
use msp::{MspManager, SignatureMemo, Signer as _};
use rwset::{BlockTx, MemoryState, TxRwSet, validate_block};

use crate::Pure;
use crate::world::{CHAINCODE, World, fill_random};

/// Bytes of a message that is signed: a proposal has about as many.
const MESSAGE_BYTES: usize = 1_500;
/// Different messages, so that none is remembered by a memo of one.
const MESSAGES: u8 = 64;
/// Signatures by one key after which a memo is certain to have a table for it.
const SIGNATURES_BEFORE_TABLE: usize = 200;

pub(crate) fn sign() -> Pure {
    let world = World::new();
    let message = [7; MESSAGE_BYTES];
    Box::new(move || {
        black_box(world.user.sign(black_box(&message)).unwrap());
    })
}

/// By a key that is not seen often enough for a table of its own.
pub(crate) fn verify() -> Pure {
    verify_with(SignatureMemo::new(1).with_key_tables(0))
}

/// By a key that has signed so often that it has a table.
pub(crate) fn verify_by_known_key() -> Pure {
    let mut work = verify_with(SignatureMemo::new(1));
    (0..SIGNATURES_BEFORE_TABLE).for_each(|_| work());
    work
}

fn verify_with(memo: SignatureMemo) -> Pure {
    let world = World::new();
    let manager = manager(&world, memo);
    let identity = manager.identity(world.user.identity()).unwrap();
    let signed = (0..MESSAGES).map(|number| {
        let message = [number; MESSAGE_BYTES];
        (message, world.user.sign(&message).unwrap())
    });
    let signed: Vec<_> = signed.collect();
    let mut turn = signed.into_iter().cycle();
    Box::new(move || {
        let (message, signature) = turn.next().unwrap();
        let before = manager.memo().checked().verified;
        identity.verify(&message, &signature).unwrap();
        let verified = manager.memo().checked().verified;
        assert_eq!(verified, before + 1, "it was remembered");
    })
}

/// The MSP of the user's organisation alone, with that memo.
fn manager(world: &World, memo: SignatureMemo) -> MspManager {
    let msp = msp::Msp::new(&world.user_msp, msp::MspVersion::V3_0).unwrap();
    MspManager::new(vec![msp], Arc::new(memo)).unwrap()
}

pub(crate) fn verify_known() -> Pure {
    let world = World::new();
    let message = [7; MESSAGE_BYTES];
    let signature = world.user.sign(&message).unwrap();
    let known = remembering(&world, &message, &signature);
    Box::new(move || {
        known.verify(black_box(&message), &signature).unwrap();
    })
}

/// The same identity by a manager with a real memo, which has seen the signature.
fn remembering(world: &World, message: &[u8], signature: &[u8]) -> Arc<msp::Identity> {
    let manager = manager(world, SignatureMemo::new(1_000));
    let own = manager.identity(world.user.identity()).unwrap();
    own.verify(message, signature).unwrap();
    own.verify(message, signature).unwrap();
    assert_eq!(manager.memo().checked().known, 1);
    own
}

pub(crate) fn identity() -> Pure {
    let world = World::new();
    let (bundle, serialized) = (world.bundle(), world.user.identity().clone());
    Box::new(move || {
        black_box(bundle.msps().identity(black_box(&serialized)).unwrap());
    })
}

pub(crate) fn policy() -> Pure {
    let world = World::new();
    let bundle = world.bundle();
    let text = "AND('Org1MSP.peer', 'Org2MSP.peer')";
    let policy = SignaturePolicy::compile(&msp::policy::dsl::parse(text).unwrap()).unwrap();
    let read = |peer: &msp::SigningIdentity| bundle.msps().identity(peer.identity()).unwrap();
    let identities: Vec<_> = world.peers.iter().map(read).collect();
    Box::new(move || {
        policy
            .evaluate(bundle.msps(), black_box(&identities))
            .unwrap();
    })
}

pub(crate) fn propose() -> Pure {
    let world = World::new();
    Box::new(move || {
        black_box(world.proposed(CHAINCODE));
    })
}

pub(crate) fn decode_transaction() -> Pure {
    let entry = World::new().transactions(1).remove(0);
    Box::new(move || {
        let opened = Opened::parse(black_box(&entry)).unwrap();
        let Content::Endorsed(endorsed) = opened.content().unwrap() else {
            panic!("it is an endorsed transaction");
        };
        let action = endorsed.action().unwrap();
        black_box(TxRwSet::parse(action.read_write_set()).unwrap());
    })
}

fn encoded_block(count: usize) -> bytes::Bytes {
    let mut world = World::new();
    let data = world.transactions(count);
    world.block(data).encode()
}

pub(crate) fn decode_block() -> Pure {
    let encoded = encoded_block(500);
    Box::new(move || {
        black_box(Block::decode(black_box(encoded.clone())).unwrap());
    })
}

pub(crate) fn encode_block() -> Pure {
    let block = Block::decode(encoded_block(500)).unwrap();
    Box::new(move || {
        black_box(black_box(&block).encode());
    })
}

pub(crate) fn mvcc() -> Pure {
    let sets: Vec<TxRwSet> = (0..500)
        .map(|_| {
            let mut simulator = rwset::Simulator::new(Box::new(MemoryState::default()), "bench");
            let mut key = [0; 8];
            fill_random(&mut key);
            let key = format!("key{:016x}", u64::from_le_bytes(key));
            simulator.get_state(CHAINCODE, &key).unwrap();
            simulator
                .put_state(CHAINCODE, &key, vec![7; 200].into())
                .unwrap();
            TxRwSet::parse(&simulator.finish().unwrap().results).unwrap()
        })
        .collect();
    let state = MemoryState::default();
    Box::new(move || {
        let txs: Vec<BlockTx<'_>> = sets.iter().map(BlockTx::Endorser).collect();
        black_box(validate_block(&state, 1, &txs).unwrap());
    })
}

/// Small, since under callgrind everything takes fifty times as long.
pub(crate) fn verify_block() -> Pure {
    let mut world = World::new();
    let data = world.transactions(50);
    let (block, bundle) = (world.block(data), world.bundle());
    Box::new(move || {
        black_box(committer::verify(black_box(block.clone()), &bundle, 1));
    })
}

//! Makes random chains, each block on what the blocks before it left.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{Block, TxValidationCode, codes};
use msp::SigningIdentity;
use proto::common::implicit_meta_policy::Rule;
use rwset::StateReader as _;

use crate::config::{child, config, set_msp, set_policy};
use crate::set::{Definition, Set, set};
use crate::tx::Tx;
use crate::world::{World, codes_of, definitions, sign};

const BLOCKS: usize = 14;

/// The blocks that orderers, and others, offer to a peer.
pub(super) struct Offered {
    pub(super) genesis: Block,
    pub(super) blocks: Vec<Block>,
    /// Which of them are not the next block.
    pub(super) bad: Vec<usize>,
}

/// What was made, over several chains.
#[derive(Default)]
pub(super) struct Made {
    codes: BTreeMap<TxValidationCode, usize>,
    configs: usize,
    upgrades: usize,
    bad: usize,
}

impl Made {
    /// A chain in which nothing happens would prove nothing.
    pub(super) fn check(&self) {
        use TxValidationCode as C;
        for code in [
            C::Valid,
            C::BadCreatorSignature,
            C::DuplicateTxid,
            C::EndorsementPolicyFailure,
            C::MvccReadConflict,
            C::PhantomReadConflict,
        ] {
            let count = self.codes.get(&code).copied().unwrap_or_default();
            assert!(count >= 10, "{} only {count} times", codes::name(code));
        }
        let rare = (self.configs, self.upgrades, self.bad);
        assert!(rare.0 >= 10 && rare.1 >= 5 && rare.2 >= 10, "{rare:?}");
    }
}

/// Random numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }

    fn key(&mut self) -> String {
        format!("k{}", self.roll(8))
    }
}

/// A chain in the making.
struct Chain {
    world: World,
    dice: Dice,
    offered: Vec<Block>,
    bad: Vec<usize>,
    sequence: i64,
    /// Whether blocks need the signatures of both organisations of orderers.
    both: bool,
    /// Nonces of earlier transactions.
    nonces: Vec<Bytes>,
}

/// The blocks of a chain; they are committed here one by one on one thread.
pub(super) async fn chain(seed: u64, made: &mut Made) -> Offered {
    let world = World::new().await;
    let first = world.channel.ledger().block(1).unwrap().unwrap();
    let mut chain = Chain {
        world,
        dice: Dice(seed),
        offered: vec![first],
        bad: Vec::new(),
        sequence: 1,
        both: false,
        nonces: Vec::new(),
    };
    for _ in 0..BLOCKS {
        let entries = if chain.dice.chance(25) {
            made.configs += 1;
            vec![chain.reconfigured()]
        } else {
            chain.transactions(made)
        };
        chain.offer(entries).await;
    }
    for number in 1..chain.world.channel.ledger().height() {
        for code in codes_of(&chain.world.channel.ledger().block(number).unwrap().unwrap()) {
            *made.codes.entry(code).or_default() += 1;
        }
    }
    made.bad += chain.bad.len();
    Offered {
        genesis: chain.world.genesis,
        blocks: chain.offered,
        bad: chain.bad,
    }
}

impl Chain {
    /// Offers what is not the next block, now and then, and then the next one, which is committed here.
    async fn offer(&mut self, entries: Vec<Bytes>) {
        let people = self.world.people;
        let mut block = self.world.block(entries);
        let last_config = self.world.channel.ledger().info().unwrap().last_config;
        let (one, two) = (&people.orderer1.orderer, &people.orderer2.orderer);
        if self.both || self.dice.chance(20) {
            let mut signed_by_one = block.clone();
            sign(&mut block, last_config, &[one, two]);
            if self.both {
                self.offer_bad(signed_by_one);
            } else {
                sign(&mut signed_by_one, last_config, &[&people.org1.admin]);
                self.offer_bad(signed_by_one);
            }
        }
        if self.dice.chance(15) {
            let mut gap = block.clone();
            gap.number += 1;
            sign(&mut gap, last_config, &[one, two]);
            self.offer_bad(gap);
        }
        self.offered.push(block.clone());
        if self.dice.chance(15) {
            self.offer_bad(block.clone());
        }
        let is_config = channel::is_config_block(&block);
        self.world.commit(block).await.unwrap();
        if is_config {
            let policies = self.world.channel.bundle();
            self.both = needs_both(policies.config());
        }
    }

    fn offer_bad(&mut self, block: Block) {
        self.bad.push(self.offered.len());
        self.offered.push(block);
    }

    /// A change that shows in the next block: in who may sign blocks, in who may create transactions, in who must endorse.
    fn reconfigured(&mut self) -> Bytes {
        let org3 = &self.world.people.org3;
        let bundle = self.world.channel.bundle();
        let mut root = bundle.config().channel_group.clone().unwrap();
        let before = root.clone();
        while root == before {
            match self.dice.roll(3) {
                0 => {
                    let rule = self.dice.pick(&[Rule::Any, Rule::All]);
                    set_policy(
                        child(&mut root, "Orderer"),
                        "BlockValidation",
                        rule,
                        "Writers",
                    );
                }
                1 => {
                    let msp = self.dice.pick(&[&org3.msp, &org3.msp_without_client]);
                    set_msp(&mut root, "Org3MSP", msp);
                }
                _ => {
                    let rule = self.dice.pick(&[Rule::Any, Rule::All, Rule::Majority]);
                    let application = child(&mut root, "Application");
                    set_policy(application, "Endorsement", rule, "Endorsement");
                }
            }
        }
        config(&self.world, |group| *group = root)
    }

    fn transactions(&mut self, made: &mut Made) -> Vec<Bytes> {
        // Now and then enough for four threads.
        let count = if self.dice.chance(20) {
            40
        } else {
            1 + self.dice.roll(8)
        };
        let mut entries = Vec::new();
        for _ in 0..count {
            if self.dice.chance(4) {
                made.upgrades += 1;
                entries.push(self.upgrade());
            } else {
                entries.push(self.transaction());
            }
        }
        entries
    }

    /// The next definition of `basic`, with one policy or the other.
    fn upgrade(&mut self) -> Bytes {
        self.sequence += 1;
        let words = ["AND('Org1MSP.peer', 'Org2MSP.peer')", "OR('Org3MSP.peer')"];
        let words = self.dice.pick(&words);
        let collections = definitions().swap_remove(0).collections;
        let next = Definition {
            sequence: self.sequence,
            collections,
            ..Definition::new("basic", words)
        };
        self.world.defining(&next).entry()
    }

    fn transaction(&mut self) -> Bytes {
        let people = self.world.people;
        let chaincode = self.dice.pick(&["basic", "basic", "basic", "byref"]);
        let mut tx = self.world.tx().calling(chaincode);
        tx.does(self.reads_and_writes(chaincode));
        let orgs: [&[u64]; 6] = [&[1, 2, 3], &[1, 2, 3], &[1, 2, 3], &[1, 2], &[3], &[1]];
        let orgs = self.dice.pick(&orgs).iter();
        tx.endorsers = orgs.map(|number| &people.org(*number).peer).collect();
        let creators: [&'static SigningIdentity; 3] = [
            &people.org1.client,
            &people.org3.client,
            &people.org3.client,
        ];
        tx.is_of(self.dice.pick(&creators));
        self.id(&mut tx);
        if self.dice.chance(3) {
            tx.creator = &people.org2.client; // whose signature it is not
        }
        tx.entry()
    }

    /// A nonce of its own, or one that was there before.
    fn id(&mut self, tx: &mut Tx) {
        if self.dice.chance(25) && !self.nonces.is_empty() {
            let before = self.dice.roll(self.nonces.len() as u64) as usize;
            tx.signature_header.nonce = self.nonces[before].clone();
        }
        self.nonces.push(tx.signature_header.nonce.clone());
    }

    fn reads_and_writes(&mut self, chaincode: &str) -> Set {
        let snapshot = self.world.channel.ledger().snapshot().unwrap();
        let at = |namespace: &str, key: &str| {
            let row = snapshot.get(namespace, key).unwrap();
            row.map(|row| (row.version.block, row.version.tx))
        };
        let mut does = set("_lifecycle");
        if self.dice.chance(40) {
            let key = lifecycle::sequence_key(chaincode);
            does = does.get(&key, at("_lifecycle", &key));
        }
        does = does.ns(chaincode);
        if self.dice.chance(40) {
            let key = self.dice.key();
            let stale = self.dice.chance(10);
            does = does.get(
                &key,
                if stale {
                    Some((1, 0))
                } else {
                    at(chaincode, &key)
                },
            );
        }
        if self.dice.chance(40) {
            let (start, end) = (self.dice.key(), self.dice.key());
            let rows = snapshot.range(chaincode, &start, &end, 100).unwrap();
            let version = |row: &rwset::VersionedValue| (row.version.block, row.version.tx);
            let mut results: Vec<_> = rows
                .iter()
                .map(|(key, row)| (key.as_str(), version(row)))
                .collect();
            if self.dice.chance(15) {
                results.pop(); // as if the last key had come since
            }
            does = does.range(&start, &end, &results);
        }
        for _ in 0..1 + self.dice.roll(2) {
            does = self.write(does, chaincode);
        }
        does
    }

    fn write(&mut self, does: Set, chaincode: &str) -> Set {
        let key = self.dice.key();
        let policies = ["OR('Org3MSP.peer')", "OR('Org1MSP.peer')", ""];
        let collection = self.dice.pick(&["plain", "own"]);
        match self.dice.roll(12) {
            0..6 => does.put(&key, &format!("{}", self.dice.roll(1_000))),
            6 | 7 => does.del(&key),
            8 | 9 => does.policy(&key, self.dice.pick(&policies)),
            _ if chaincode != "basic" => does,
            10 => does
                .hashed_put(collection, &key, "v")
                .hashed_get(collection, &key, None),
            _ => does.hashed_policy(collection, &key, self.dice.pick(&policies)),
        }
    }
}

fn needs_both(config: &proto::common::Config) -> bool {
    let root = config.channel_group.as_ref().unwrap();
    let policy = &root.groups["Orderer"].policies["BlockValidation"];
    let value = policy.policy.as_ref().unwrap().value.clone();
    let policy: proto::common::ImplicitMetaPolicy = prost::Message::decode(value).unwrap();
    policy.rule() == Rule::All
}

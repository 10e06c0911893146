//! Whose endorsement decides: the key's policy over the collection's over the chaincode's, and the channel's own.

mod channels;

use TxValidationCode as C;
use bytes::Bytes;
use model::TxValidationCode;
use msp::SigningIdentity;

use crate::people::people;
use crate::set::{Set, set};
use crate::world::{World, put};

const ORG3: &str = "OR('Org3MSP.peer')";

fn peers(orgs: &[u64]) -> Vec<&'static SigningIdentity> {
    let people = people();
    orgs.iter()
        .map(|number| &people.org(*number).peer)
        .collect()
}

impl World {
    /// What a transaction gets that does this, endorsed by the peers of these organisations.
    async fn verdict(&self, set: Set, orgs: &[u64]) -> TxValidationCode {
        self.code(self.does(set, &peers(orgs))).await
    }

    /// Commits a valid one.
    async fn valid(&self, set: Set, orgs: &[u64]) {
        assert_eq!(self.verdict(set, orgs).await, C::Valid);
    }

    /// What the transactions of one block get.
    async fn verdicts(&self, txs: &[(Set, &[u64])]) -> Vec<TxValidationCode> {
        let entry = |(set, orgs): &(Set, &[u64])| self.does(set.clone(), &peers(orgs));
        self.codes(txs.iter().map(entry).collect()).await
    }
}

const NO: TxValidationCode = C::EndorsementPolicyFailure;

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_policy_replaces_the_chaincodes_and_only_for_that_key() {
    let world = World::new().await;
    world.valid(put("k").put("l", "v"), &[1, 2]).await;
    world.valid(set("basic").policy("k", ORG3), &[1, 2]).await;
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, NO);
    assert_eq!(world.verdict(put("k"), &[3]).await, C::Valid);
    assert_eq!(world.verdict(put("l"), &[3]).await, NO);
    assert_eq!(world.verdict(put("k").put("l", "v"), &[3]).await, NO);
    assert_eq!(world.verdict(put("k").put("l", "v"), &[1, 2]).await, NO);
    assert_eq!(
        world.verdict(put("k").put("l", "v"), &[1, 2, 3]).await,
        C::Valid
    );
    assert_eq!(world.verdict(set("basic").del("k"), &[1, 2]).await, NO);
    assert_eq!(
        world.verdict(set("basic").policy("k", ""), &[1, 2]).await,
        NO
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_taken_away_leaves_the_key_to_the_chaincodes() {
    let world = World::new().await;
    world.valid(put("k").policy("k", ORG3), &[1, 2]).await;
    world.valid(set("basic").policy("k", ""), &[3]).await;
    assert_eq!(world.verdict(put("k"), &[3]).await, NO);
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_deleted_loses_its_policy_for_good() {
    let world = World::new().await;
    world.valid(put("k").policy("k", ORG3), &[1, 2]).await;
    world.valid(set("basic").del("k"), &[3]).await;
    assert_eq!(world.verdict(put("k"), &[3]).await, NO);
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, C::Valid);
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_deleted_and_written_again_in_a_block_is_its_old_policys_until_the_next() {
    let world = World::new().await;
    world.valid(put("k").policy("k", ORG3), &[1, 2]).await;
    let codes = world
        .verdicts(&[
            (set("basic").del("k"), &[3]),
            (put("k"), &[1, 2]),
            (put("k"), &[3]),
        ])
        .await;
    assert_eq!(codes, [C::Valid, NO, C::Valid]);
    assert_eq!(world.verdict(put("k"), &[3]).await, NO);
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_written_and_given_a_policy_in_one_block_has_it_in_the_next() {
    let world = World::new().await;
    let codes = world
        .verdicts(&[
            (put("k"), &[1, 2]),
            (set("basic").policy("k", ORG3), &[1, 2]),
        ])
        .await;
    assert_eq!(codes, [C::Valid, C::Valid]);
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, NO);
    assert_eq!(world.verdict(put("k"), &[3]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_for_an_absent_key_is_valid_and_stores_nothing() {
    let world = World::new().await;
    world.valid(set("basic").policy("k", ORG3), &[1, 2]).await;
    assert_eq!(
        world.verdict(put("k").get("k", None), &[1, 2]).await,
        C::Valid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_written_alone_keeps_the_keys_policy() {
    let world = World::new().await;
    world.valid(put("k").policy("k", ORG3), &[1, 2]).await;
    world.valid(put("k"), &[3]).await;
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, NO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_policy_that_is_none_is_satisfied_by_nobody() {
    let world = World::new().await;
    world
        .valid(
            put("k").raw_policy("k", Bytes::from_static(b"\xff")),
            &[1, 2],
        )
        .await;
    assert_eq!(world.verdict(put("k"), &[1, 2, 3]).await, NO);
    assert_eq!(world.verdict(set("basic").del("k"), &[1, 2, 3]).await, NO);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_a_keys_policy_shuts_the_key_for_the_rest_of_the_block() {
    let world = World::new().await;
    world.valid(put("k").put("l", "v"), &[1, 2]).await;
    let change = set("basic").policy("k", ORG3);
    let codes = world
        .verdicts(&[
            (put("k"), &[1, 2]),
            (change, &[1, 2]),
            (put("k"), &[1, 2]),
            (put("k"), &[3]),
            (put("k"), &[1, 2, 3]),
            (set("basic").policy("k", ""), &[1, 2, 3]),
            (put("l"), &[1, 2]),
        ])
        .await;
    assert_eq!(codes, [C::Valid, C::Valid, NO, NO, NO, NO, C::Valid]);
    assert_eq!(world.verdict(put("k"), &[3]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_policy_that_failed_itself_shuts_nothing() {
    let world = World::new().await;
    world.valid(put("k"), &[1, 2]).await;
    let codes = world
        .verdicts(&[(set("basic").policy("k", ORG3), &[1]), (put("k"), &[1, 2])])
        .await;
    assert_eq!(codes, [NO, C::Valid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_policy_that_fails_for_its_reads_shuts_the_key_all_the_same() {
    let world = World::new().await;
    world.valid(put("k"), &[1, 2]).await;
    let stale = set("basic").get("k", None).policy("k", ORG3);
    let codes = world
        .verdicts(&[(stale, &[1, 2]), (put("k"), &[1, 2])])
        .await;
    assert_eq!(codes, [C::MvccReadConflict, NO]);
    // It was not committed, so the next block knows nothing of it.
    assert_eq!(world.verdict(put("k"), &[1, 2]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_change_of_policy_counts_is_decided_namespace_by_namespace() {
    let world = World::new().await;
    world.valid(put("k"), &[1, 2]).await;
    // What is called is checked first, and its check passes; that of `other` does not.
    let both = set("basic").policy("k", ORG3).ns("other").put("k", "v");
    let codes = world
        .verdicts(&[(both, &[1, 2]), (put("k"), &[1, 2])])
        .await;
    assert_eq!(codes, [NO, NO]);
    // Here the called one's own check fails.
    let both = set("basic").policy("k", ORG3).ns("other").put("k", "v");
    let codes = world.verdicts(&[(both, &[3]), (put("k"), &[1, 2])]).await;
    assert_eq!(codes, [NO, C::Valid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_of_another_namespace_or_collection_stays_open() {
    let world = World::new().await;
    world
        .valid(put("k").hashed_put("plain", "k", "v"), &[1, 2])
        .await;
    let codes = world
        .verdicts(&[
            (set("basic").policy("k", ORG3), &[1, 2]),
            (set("basic").hashed_put("plain", "k", "w"), &[1, 2]),
            (set("basic").ns("other").put("k", "v"), &[1, 2, 3]),
            (set("basic").hashed_policy("plain", "k", ORG3), &[1, 2]),
            (set("basic").hashed_put("plain", "k", "w"), &[1, 2]),
            (set("basic").hashed_put("own", "k", "w"), &[3]),
        ])
        .await;
    assert_eq!(
        codes,
        [C::Valid, C::Valid, C::Valid, C::Valid, NO, C::Valid]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collections_policy_replaces_the_chaincodes_for_that_collection() {
    let world = World::new().await;
    let own = || set("basic").hashed_put("own", "k", "v");
    let plain = || set("basic").hashed_put("plain", "k", "v");
    assert_eq!(world.verdict(own(), &[1, 2]).await, NO);
    assert_eq!(world.verdict(own(), &[3]).await, C::Valid);
    assert_eq!(world.verdict(plain(), &[3]).await, NO);
    assert_eq!(world.verdict(plain(), &[1, 2]).await, C::Valid);
    assert_eq!(world.verdict(own().put("k", "v"), &[3]).await, NO);
    assert_eq!(
        world.verdict(own().put("k", "v"), &[1, 2, 3]).await,
        C::Valid
    );
    assert_eq!(
        world
            .verdict(own().hashed_put("plain", "k", "v"), &[3])
            .await,
        NO
    );
    // Only read, so nobody but the chaincode's endorsers is asked.
    let read = || set("basic").hashed_get("own", "nothing", None);
    assert_eq!(world.verdict(read(), &[3]).await, NO);
    assert_eq!(world.verdict(read(), &[1, 2]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hashed_keys_policy_replaces_its_collections() {
    let world = World::new().await;
    let both = set("basic").hashed_put("own", "k", "v");
    world
        .valid(both.hashed_policy("own", "k", "OR('Org1MSP.peer')"), &[3])
        .await;
    let write = || set("basic").hashed_put("own", "k", "w");
    assert_eq!(world.verdict(write(), &[3]).await, NO);
    assert_eq!(world.verdict(write(), &[1]).await, C::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_under_a_key_hash_of_any_length_counts() {
    let world = World::new().await;
    let hash = || Bytes::from_static(b"three");
    let both = set("basic").hashed_put_under("plain", hash(), "v");
    world
        .valid(both.hashed_policy_under("plain", hash(), ORG3), &[1, 2])
        .await;
    let write = || set("basic").hashed_put_under("plain", hash(), "w");
    assert_eq!(world.verdict(write(), &[1, 2]).await, NO);
    assert_eq!(world.verdict(write(), &[3]).await, C::Valid);
}

//! The recorded contract's calls, made again: the results are byte for byte those that real peers endorsed.

use bytes::Bytes;
use prost::Message;
use proto::common;
use rwset::{
    BlockTx, MemoryState, PrivateTx, SimulateError, Simulated, Simulator, TxRwSet, UpdateBatch,
    private_updates, validate_block,
};

use crate::{
    recorded::{self, Content, RecordedBlock},
    replay::Replay,
};

const CC: &str = "vec";

/// What every endorsement reads of the chaincode's definition; all of it when collections are touched.
fn read_definition(simulator: &mut Simulator, all: bool) -> Result<(), SimulateError> {
    simulator.get_state("_lifecycle", "namespaces/fields/vec/Sequence")?;
    if all {
        for key in [
            "fields/vec/Collections",
            "fields/vec/EndorsementInfo",
            "fields/vec/ValidationInfo",
            "metadata/vec",
        ] {
            simulator.get_state("_lifecycle", &format!("namespaces/{key}"))?;
        }
    }
    Ok(())
}

/// The recorded contract (`contract.go.txt`), as far as it touches the ledger.
fn run(simulator: &mut Simulator, function: &str, a: &[&str]) -> Result<(), SimulateError> {
    match function {
        "nop" | "status" => {}
        "put" => simulator.put_state(CC, a[0], value(a[1]))?,
        "putn" => {
            for i in 0..a[1].parse::<usize>().unwrap() {
                simulator.put_state(CC, &format!("{}{i:04}", a[0]), value(&i.to_string()))?;
            }
        }
        "rw" => {
            simulator.get_state(CC, a[0])?;
            simulator.put_state(CC, a[0], value(a[1]))?;
            simulator.get_state(CC, a[0])?;
        }
        "del" => simulator.del_state(CC, a[0])?,
        "range" => range(simulator, a)?,
        "comp" => {
            for attribute in &a[1..] {
                let key = format!("\0{}\0{attribute}\0z\0", a[0]);
                simulator.put_state(CC, &key, Bytes::from_static(&[0]))?;
            }
        }
        "rcomp" => {
            let start = format!("\0{}\0", a[0]);
            let cursor = simulator.open_range(CC, &start, &format!("{start}\u{10ffff}"))?;
            while !simulator.next(cursor, 1)?.is_empty() {}
        }
        "event" => simulator.put_state(CC, "e", value(a[1]))?,
        "sbe" => simulator.set_validation_parameter(CC, a[0], peers_of(&a[1..]))?,
        "sbeget" => assert!(simulator.get_validation_parameter(CC, a[0])?.is_some()),
        "pput" => simulator.put_private(CC, a[0], a[1], value("secret"))?,
        "phash" => assert!(simulator.private_hash(CC, a[0], a[1])?.is_some()),
        "pdel" => simulator.del_private(CC, a[0], a[1])?,
        "ppurge" => simulator.purge_private(CC, a[0], a[1])?,
        "mget" => assert_eq!(simulator.get_states(CC, a)?.len(), a.len()),
        other => panic!("the recorded calls have no {other}"),
    }
    Ok(())
}

fn range(simulator: &mut Simulator, a: &[&str]) -> Result<(), SimulateError> {
    let start = if a[0].is_empty() { "\u{1}" } else { a[0] };
    let max = a.get(2).map_or(usize::MAX, |max| max.parse().unwrap());
    let cursor = simulator.open_range(CC, start, a[1])?;
    let tx_id = simulator.tx_id()[..4].to_owned();
    simulator.put_state(CC, "r", value(&tx_id))?;
    let mut taken = 0;
    while taken < max && !simulator.next(cursor, 1)?.is_empty() {
        taken += 1;
    }
    simulator.close(cursor);
    Ok(())
}

fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// A policy that one peer of each organisation must meet, as Fabric's statebased library builds it.
fn peers_of(msp_ids: &[&str]) -> Bytes {
    use common::{
        MspPrincipal, MspRole, SignaturePolicy, SignaturePolicyEnvelope, msp_principal,
        msp_role::MspRoleType,
        signature_policy::{NOutOf, Type},
    };
    let identities = msp_ids.iter().map(|msp_id| {
        let role = MspRole {
            msp_identifier: (*msp_id).to_owned(),
            role: MspRoleType::Peer.into(),
        };
        MspPrincipal {
            principal_classification: msp_principal::Classification::Role.into(),
            principal: role.encode_to_vec().into(),
        }
    });
    let signed_by = |index| SignaturePolicy {
        r#type: Some(Type::SignedBy(index)),
    };
    let count = i32::try_from(msp_ids.len()).unwrap();
    let rule = NOutOf {
        n: count,
        rules: (0..count).map(signed_by).collect(),
    };
    let policy = SignaturePolicyEnvelope {
        version: 0,
        rule: Some(SignaturePolicy {
            r#type: Some(Type::NOutOf(rule)),
        }),
        identities: identities.collect(),
    };
    policy.encode_to_vec().into()
}

fn simulate(state: &MemoryState, tx_id: &str, args: &[Bytes]) -> Simulated {
    let args: Vec<_> = args
        .iter()
        .map(|arg| std::str::from_utf8(arg).unwrap())
        .collect();
    let mut simulator = Simulator::new(Box::new(state.clone()), tx_id);
    let private = matches!(args[0], "pput" | "phash" | "pdel" | "ppurge");
    read_definition(&mut simulator, private).unwrap();
    run(&mut simulator, args[0], &args[1..]).unwrap();
    simulator.finish().unwrap()
}

/// Commits the blocks below `height` and gives the state that they leave.
fn state_at(blocks: &[RecordedBlock], height: u64) -> MemoryState {
    let mut replay = Replay::default();
    for block in blocks.iter().filter(|block| block.number < height) {
        replay.commit(block);
    }
    replay.state
}

#[test]
fn recorded_calls_give_the_results_that_real_peers_endorsed() {
    let Some(blocks) = recorded::blocks() else {
        return;
    };
    let mut replay = Replay::default();
    let mut compared = 0;
    for block in &blocks {
        for tx in &block.txs {
            let Content::Endorsed {
                chaincode,
                args,
                results,
            } = &tx.content
            else {
                continue;
            };
            if chaincode == CC {
                let simulated = simulate(&replay.state, &tx.tx_id, args);
                assert_eq!(
                    simulated.results, results,
                    "block {}, {args:?}",
                    block.number
                );
                compared += 1;
            }
        }
        replay.commit(block);
    }
    assert_eq!(compared, 35);
}

#[test]
fn private_values_that_match_the_recorded_hashes_are_stored_and_read_back() {
    let Some(blocks) = recorded::blocks() else {
        return;
    };
    let mut state = state_at(&blocks, 29);
    let Content::Endorsed { args, results, .. } = &blocks[29].txs[0].content else {
        panic!("block 29")
    };
    let simulated = simulate(&state, &blocks[29].txs[0].tx_id, args);
    let rwset = TxRwSet::parse(results).unwrap();
    let (verdicts, batch) = validate_block(&state, 29, &[BlockTx::Endorser(&rwset)]).unwrap();
    assert_eq!(verdicts[0].cause, None);
    let private = simulated.private.unwrap();
    let tx = PrivateTx {
        version: model::Version { block: 29, tx: 0 },
        rwset: &rwset,
        private: &private,
    };
    let found = private_updates(&state, &batch, &[tx]).unwrap();
    assert_eq!((found.updates.len(), found.refused.len()), (1, 0));
    state.apply(29, &batch);
    state.apply_private(&found.updates);
    let mut simulator = Simulator::new(Box::new(state.clone()), "tx");
    assert_eq!(
        simulator.get_private(CC, "c12", "pk1").unwrap(),
        Some(value("secret"))
    );

    let forged = private_updates(
        &state,
        &UpdateBatch::default(),
        &[PrivateTx {
            rwset: &TxRwSet::default(),
            ..tx
        }],
    );
    assert_eq!(forged.unwrap().refused.len(), 1);
}

#[test]
fn recorded_queries_give_the_answers_that_the_command_line_printed() {
    let Some(blocks) = recorded::blocks() else {
        return;
    };
    let state = state_at(&blocks, 29);
    let mut simulator = Simulator::new(Box::new(state), "tx");
    assert_eq!(simulator.get_state(CC, "empty").unwrap(), None);
    let page = simulator.page(CC, "k0000", "k0120", 10, "").unwrap();
    assert_eq!((page.rows.len(), page.bookmark.as_str()), (10, "k0010"));
    let cursor = simulator.open_history(CC, "a").unwrap();
    let changes: Vec<_> = simulator
        .next_history(cursor, 100, usize::MAX)
        .unwrap()
        .into_iter()
        .map(|change| {
            format!(
                "{} del={}",
                String::from_utf8(change.value.to_vec()).unwrap(),
                change.is_delete
            )
        })
        .collect();
    assert_eq!(
        changes,
        [" del=true", "3 del=false", "2 del=false", "1 del=false"]
    );
}

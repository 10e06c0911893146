//! `qscc`: blocks and transactions of a channel, as Fabric's `core/scc/qscc` gives them.

use bytes::Bytes;
use ledger::PeerLedger;
use lifecycle::scc::Answer;
use model::ErrorCode;
use prost::Message as _;
use proto::common::{BlockchainInfo, Envelope};
use proto::protos::ProcessedTransaction;

use super::QSCC;
use crate::Error;
use crate::check::Request;
use crate::endorser::Inner;

/// In the place of a block's number: the last one.
const LAST_BLOCK: u64 = u64::MAX;

/// Answers one call: function, channel, and mostly a third argument. The channel need not be the proposal's.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn invoke(inner: &Inner, request: &Request) -> Result<Answer, Error> {
    let args = &request.proposal.input.args;
    let [function, channel, rest @ ..] = args.as_slice() else {
        let text = format!("Incorrect number of arguments, {}", args.len());
        return Ok(Answer::failure(ErrorCode::ChaincodeArguments, text));
    };
    let (function, id) = (text(function), text(channel));
    if function != "GetChainInfo" && rest.is_empty() {
        let text = format!("missing 3rd argument for {function}");
        return Ok(Answer::failure(ErrorCode::ChaincodeArguments, text));
    }
    let Some(channel) = inner.channels().get(&id) else {
        let text = format!("Invalid chain ID, {id}");
        return Ok(Answer::failure(ErrorCode::ChannelNotFound, text));
    };
    let resource = format!("{QSCC}/{function}");
    if let Err(reason) = inner.access.check(&resource, &id, &request.caller) {
        let text = format!("access denied for [{function}][{id}]: [{reason}]");
        return Ok(Answer::failure(reason.code, text));
    }
    let (ledger, wanted) = (channel.ledger(), rest.first().cloned().unwrap_or_default());
    match function.as_str() {
        "GetChainInfo" => chain_info(ledger),
        "GetBlockByNumber" => block_by_number(ledger, &text(&wanted)),
        "GetBlockByHash" => block_by_hash(ledger, &wanted),
        "GetTransactionByID" => transaction(ledger, &text(&wanted)),
        "GetBlockByTxID" => block_by_tx_id(ledger, &text(&wanted)),
        _ => Ok(Answer::failure(
            ErrorCode::ChaincodeFunction,
            format!("Requested function {function} not found."),
        )),
    }
}

fn text(arg: &Bytes) -> String {
    String::from_utf8_lossy(arg).into_owned()
}

fn chain_info(ledger: &PeerLedger) -> Result<Answer, Error> {
    let info = ledger.info()?;
    let info = BlockchainInfo {
        height: info.height,
        current_block_hash: info.last_hash,
        previous_block_hash: info.previous_hash,
        ..BlockchainInfo::default()
    };
    Ok(Answer::success(info.encode_to_vec()))
}

fn block_by_number(ledger: &PeerLedger, number: &str) -> Result<Answer, Error> {
    let number: u64 = match parse(number) {
        Ok(number) => number,
        Err(reason) => {
            let text = format!("Failed to parse block number with error {reason}");
            return Ok(Answer::failure(ErrorCode::ChaincodeArguments, text));
        }
    };
    let asked = match number {
        LAST_BLOCK => ledger.height().saturating_sub(1),
        number => number,
    };
    Ok(block_or(
        ledger.block_bytes(asked)?,
        ErrorCode::BlockNotFound,
        || {
            format!(
                "Failed to get block number {number}, error no such block number [{number}] in index"
            )
        },
    ))
}

/// Reads a number as strictly as Go does, with Go's reasons.
fn parse(number: &str) -> Result<u64, String> {
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let reason = if digits {
        "value out of range"
    } else {
        "invalid syntax"
    };
    let parsed = number.parse().ok().filter(|_| digits);
    parsed.ok_or_else(|| format!("strconv.ParseUint: parsing {number:?}: {reason}"))
}

fn block_by_hash(ledger: &PeerLedger, hash: &[u8]) -> Result<Answer, Error> {
    let found = match ledger.block_by_hash(hash)? {
        Some(number) => ledger.block_bytes(number)?,
        None => None,
    };
    Ok(block_or(found, ErrorCode::BlockNotFound, || {
        format!(
            "Failed to get block hash {}, error no such block hash [{}] in index",
            String::from_utf8_lossy(hash),
            hex::encode(hash)
        )
    }))
}

fn transaction(ledger: &PeerLedger, tx_id: &str) -> Result<Answer, Error> {
    let absent = || {
        Answer::failure(
            ErrorCode::TransactionNotFound,
            format!(
                "Failed to get transaction with id {tx_id}, error no such transaction ID [{tx_id}] in index"
            ),
        )
    };
    let Some(place) = ledger.tx(tx_id)? else {
        return Ok(absent());
    };
    let block = ledger.block(place.block)?;
    let index = usize::try_from(place.tx).unwrap_or(usize::MAX);
    let envelope = block.and_then(|block| block.data.get(index).cloned());
    let Some(Ok(envelope)) = envelope.map(Envelope::decode) else {
        return Ok(absent());
    };
    let processed = ProcessedTransaction {
        transaction_envelope: Some(envelope),
        validation_code: place.code.into(),
    };
    Ok(Answer::success(processed.encode_to_vec()))
}

fn block_by_tx_id(ledger: &PeerLedger, tx_id: &str) -> Result<Answer, Error> {
    let found = match ledger.tx(tx_id)? {
        Some(place) => ledger.block_bytes(place.block)?,
        None => None,
    };
    Ok(block_or(found, ErrorCode::TransactionNotFound, || {
        format!(
            "Failed to get block for txID {tx_id}, error no such transaction ID [{tx_id}] in index"
        )
    }))
}

fn block_or(block: Option<Bytes>, code: ErrorCode, absent: impl FnOnce() -> String) -> Answer {
    match block {
        Some(block) => Answer::success(block),
        None => Answer::failure(code, absent()),
    }
}

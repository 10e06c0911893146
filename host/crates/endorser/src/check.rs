//! Step 4: what a proposal must show before anything runs for it.

use std::sync::Arc;

use ::channel::{Bundle, Resource};
use joined::Channel;
use ledger::Snapshot;
use model::{ErrorCode, Proposal, Refused, TxId};
use msp::policy::SignedData;
use msp::{Identity, MspManager};
use prost_types::Timestamp;
use proto::FromWire;
use proto::common::{ChannelHeader, Header, SignatureHeader};
use proto::protos::{self, SignedProposal};

use crate::access::Caller;
use crate::endorser::Inner;
use crate::{Error, syscc};

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A proposal that may be simulated.
pub(crate) struct Request {
    pub(crate) proposal: Proposal,
    pub(crate) tx_id: TxId,
    pub(crate) caller: Caller,
    /// None for a call to the peer itself.
    pub(crate) joined: Option<Joined>,
}

/// A channel, and the configuration by which the whole of one proposal is judged.
pub(crate) struct Joined {
    pub(crate) channel: Channel,
    pub(crate) bundle: Arc<Bundle>,
}

/// Checks of a proposal what needs no state, in Fabric's order; the first check that fails speaks. [`admit`] does the rest.
///
/// # Errors
/// - [`Error::Refused`]: a check fails.
/// - [`Error::Failed`]: the channel is not joined.
pub(crate) fn check(inner: &Inner, signed: SignedProposal) -> Result<Request, Error> {
    let parsed = Proposal::parse(&signed);
    // Identity and time come before the parts that only the endorser decodes.
    let now = (inner.clock)();
    let (channel_header, signature_header) = match &parsed {
        Ok(proposal) => (
            proposal.channel_header.message.clone(),
            proposal.signature_header.message.clone(),
        ),
        Err(_) => headers(&signed).unwrap_or_else(|| refused_later(now)),
    };
    let joined = join(inner, &channel_header.channel_id);
    check_expiry(joined.as_ref(), &signature_header, now.seconds)?;
    check_time(channel_header.timestamp, now, inner.config.time_window_s)?;
    let proposal = parsed.map_err(|error| Error::refused(error.code(), with_cause(&error)))?;
    let channel = proposal.channel_id();
    if joined.is_none() && !channel.is_empty() {
        let reason = format!("channel '{channel}' not found");
        return Err(Error::failed(ErrorCode::ChannelNotFound, reason));
    }
    let invalid =
        |Refused { code, text }| Error::refused(code, format!("error validating proposal: {text}"));
    let tx_id = proposal
        .check()
        .map_err(|error| invalid(Refused::new(error.code(), error.to_string())))?;
    let msps = joined
        .as_ref()
        .map_or_else(|| inner.access.local_msps(), |joined| joined.bundle.msps());
    let caller = caller(msps, &proposal).map_err(invalid)?;
    Ok(Request {
        proposal,
        tx_id,
        caller,
        joined,
    })
}

/// Checks that the transaction is new and that the caller may propose; gives the state that it did so on, for the simulation. Nothing
/// for a call to the peer itself. Blocks the thread for a lookup.
///
/// # Errors
/// - [`Error::Refused`]: a check fails.
/// - [`Error::Unavailable`], [`Error::Broken`]: the ledger cannot be read.
pub(crate) fn admit(inner: &Inner, request: &Request) -> Result<Option<Snapshot>, Error> {
    let Some(joined) = &request.joined else {
        return Ok(None);
    };
    let proposal = &request.proposal;
    let snapshot = joined.channel.ledger().snapshot()?;
    if snapshot.tx(request.tx_id.as_str())?.is_some() {
        return Err(duplicate(request));
    }
    if !syscc::is_system(&proposal.chaincode) {
        let (resource, bundle) = (Resource::Propose.name(), Some(&*joined.bundle));
        inner
            .access
            .check_in(resource, proposal.channel_id(), bundle, &request.caller)
            .map_err(Error::Refused)?;
    }
    Ok(Some(snapshot))
}

/// The two headers of a proposal whose other parts may be broken.
fn headers(signed: &SignedProposal) -> Option<(ChannelHeader, SignatureHeader)> {
    let proposal = protos::Proposal::from_wire(signed.proposal_bytes.clone()).ok()?;
    let header = Header::from_wire(proposal.header).ok()?;
    let channel_header = ChannelHeader::from_wire(header.channel_header).ok()?;
    let signature_header = SignatureHeader::from_wire(header.signature_header).ok()?;
    Some((channel_header, signature_header))
}

/// Headers that pass the checks of identity and time, for a proposal that will not decode.
fn refused_later(now: Timestamp) -> (ChannelHeader, SignatureHeader) {
    let channel_header = ChannelHeader {
        timestamp: Some(now),
        ..ChannelHeader::default()
    };
    (channel_header, SignatureHeader::default())
}

fn join(inner: &Inner, channel: &str) -> Option<Joined> {
    let channel = inner.channels().get(channel)?;
    let bundle = channel.bundle();
    Some(Joined { channel, bundle })
}

/// Refuses an expired certificate; one that cannot be read is refused later, with a text of its own.
fn check_expiry(
    joined: Option<&Joined>,
    header: &SignatureHeader,
    now_s: i64,
) -> Result<(), Error> {
    let known = joined.and_then(|joined| joined.bundle.msps().identity(&header.creator).ok());
    let expires_at = match known {
        Some(identity) => Some(identity.expires_at()),
        None => Identity::decode(&header.creator)
            .ok()
            .map(|(_, certificate)| certificate.not_after()),
    };
    if expires_at.is_some_and(|expires_at| expires_at < now_s) {
        return Err(Error::refused(
            ErrorCode::IdentityExpired,
            "proposal client identity expired",
        ));
    }
    Ok(())
}

fn check_time(stated: Option<Timestamp>, now: Timestamp, window_s: u64) -> Result<(), Error> {
    // Fabric takes a missing timestamp for the beginning of 1970.
    let stated = stated.unwrap_or_default();
    let nanos =
        |time: &Timestamp| i128::from(time.seconds) * NANOS_PER_SECOND + i128::from(time.nanos);
    let apart = (nanos(&stated) - nanos(&now)).unsigned_abs();
    if apart <= u128::from(window_s) * NANOS_PER_SECOND.unsigned_abs() {
        return Ok(());
    }
    let whole_seconds = |time: Timestamp| Timestamp { nanos: 0, ..time };
    let reason = format!(
        "request unauthorized due to incorrect timestamp {}, peer time {}, peer.authentication.timewindow {}",
        whole_seconds(stated),
        whole_seconds(now),
        in_gos_words(window_s)
    );
    Err(Error::refused(ErrorCode::ProposalClock, reason))
}

/// A duration as Go prints it: `15m0s`.
fn in_gos_words(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// The texts say less than is known, as Fabric's do; the codes say which check failed.
fn caller(msps: &MspManager, proposal: &Proposal) -> Result<Caller, Refused> {
    if proposal.signature.is_empty() {
        let text = "empty signature bytes";
        return Err(Refused::new(ErrorCode::ProposalUnsigned, text));
    }
    let channel = proposal.channel_id();
    let identity = msps.identity(proposal.creator()).map_err(|error| {
        let text =
            format!("access denied: channel [{channel}] creator org unknown, creator is malformed");
        Refused::new(error.code(), text)
    })?;
    msps.validate(&identity)
        .and_then(|()| identity.verify(&proposal.bytes, &proposal.signature))
        .map_err(|error| {
            let org = identity.msp_id();
            let text = format!("access denied: channel [{channel}] creator org [{org}]");
            Refused::new(error.code(), text)
        })?;
    Ok(Caller {
        identity,
        signed: SignedData {
            data: proposal.bytes.clone(),
            identity: proposal.creator().clone(),
            signature: proposal.signature.clone(),
        },
    })
}

fn duplicate(request: &Request) -> Error {
    let (tx_id, creator) = (&request.tx_id, hex::encode(request.proposal.creator()));
    let reason = format!("duplicate transaction found [{tx_id}]. Creator [{creator}]");
    Error::refused(ErrorCode::ProposalReplayed, reason)
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::{check_time, in_gos_words};

    fn at(seconds: i64, nanos: i32) -> Timestamp {
        Timestamp { seconds, nanos }
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        let texts = [0, 59, 60, 900, 3_600, 3_661].map(in_gos_words);
        assert_eq!(texts, ["0s", "59s", "1m0s", "15m0s", "1h0m0s", "1h1m1s"]);
    }

    #[test]
    fn the_time_window_is_closed_on_both_sides_and_exact_to_the_nanosecond() {
        let now = at(10_000, 0);
        for good in [at(9_100, 0), at(10_900, 0), now] {
            assert!(check_time(Some(good), now, 900).is_ok(), "{good}");
        }
        for bad in [
            at(9_099, 999_999_999),
            at(10_900, 1),
            at(i64::MAX, 0),
            at(i64::MIN, 0),
        ] {
            assert!(check_time(Some(bad), now, 900).is_err(), "{bad:?}");
        }
        assert!(check_time(None, now, 900).is_err());
    }
}

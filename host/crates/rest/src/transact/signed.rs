//! Transactions and queries that the caller signs: nothing secret leaves it.
//!
//! Prepare gives the bytes to sign; evaluate takes them with the signature for a query; endorse takes them for a transaction
//! and gives the next bytes to sign; transactions takes those. OpenSSL is enough: `openssl dgst -sha256 -sign key.pem`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use decoded::{Hex, Text};
use model::client::Invocation;
use model::hash::sha256;
use model::{ErrorCode, MspId};
use msp::{Certificate, Identity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use std::collections::BTreeMap;

use super::outcome::{PendingAnswer, ValidAnswer};
use super::{
    Argument, Base64, Evaluated, Outcome, Prepared, Secret, Work, accepted, arguments, evaluated,
    keyed, opened, organizations,
};
use crate::api::Api;
use crate::caller::Caller;
use crate::document::{self, ChaincodePath, ChannelPath};
use crate::json::{Json, object};
use crate::peer_client::{self, Signed};
use crate::problem::Problem;
use crate::query::{NoQuery, Path};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(prepare))
        .routes(routes!(evaluate_signed))
        .routes(routes!(endorse))
        .routes(routes!(submit_signed))
}

/// What to propose, and in whose name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PrepareBody {
    /// The function's name.
    #[schema(min_length = 1, max_length = 1024)]
    function: String,
    /// Its arguments.
    #[serde(default)]
    args: Vec<Argument>,
    /// Data for the chaincode that never reaches the ledger.
    #[serde(default)]
    transient: BTreeMap<String, Secret>,
    /// Whether this is the chaincode's initialisation.
    #[serde(default)]
    init: bool,
    /// Who will sign.
    #[serde(deserialize_with = "object")]
    creator: Creator,
}

/// Who signs: an organisation's certificate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Creator {
    /// The organisation's MSP id.
    #[schema(example = "Org1MSP")]
    msp_id: String,
    /// The certificate, in PEM.
    certificate: String,
}

/// A proposal to be signed.
#[derive(Debug, Serialize, ToSchema)]
struct Proposal {
    /// The id that its transaction will have.
    #[schema(min_length = 64, max_length = 64)]
    tx_id: String,
    /// The bytes to sign.
    proposal: Base64,
    /// Their SHA-256, for signers that take a digest.
    digest: Hex,
}

/// A proposal with its creator's signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignedProposal {
    /// The bytes that `prepare` gave, or a Fabric client library made.
    proposal: Base64,
    /// The creator's ECDSA signature over their SHA-256, in DER. Either of the two possible S values will do.
    signature: Base64,
    /// MSP ids of the organisations whose peers are asked.
    #[serde(default)]
    #[schema(max_items = 64)]
    organizations: Vec<String>,
}

/// A transaction to be signed.
#[derive(Debug, Serialize, ToSchema)]
struct Endorsed {
    /// Its id.
    #[schema(min_length = 64, max_length = 64)]
    tx_id: String,
    /// The bytes to sign.
    transaction: Base64,
    /// Their SHA-256, for signers that take a digest.
    digest: Hex,
    /// What the chaincode answered.
    result: Text,
}

/// A transaction with its creator's signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignedTransaction {
    /// The bytes that `endorse` gave.
    transaction: Base64,
    /// The creator's ECDSA signature over their SHA-256, in DER. Either of the two possible S values will do.
    signature: Base64,
}

/// Prepare a proposal for the caller to sign.
///
/// The answer holds the bytes to sign. Send them on to `evaluate` or `endorse` with the signature.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/prepare",
    tag = "Transactions",
    operation_id = "prepare",
    params(
        ChannelPath,
        ChaincodePath,
    ),
    request_body = PrepareBody,
    responses((status = 200, description = "The proposal, not signed.", body = Proposal))
)]
async fn prepare(
    State(api): State<Api>,
    _: NoQuery,
    _caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    body: Json<PrepareBody>,
) -> Result<axum::Json<Proposal>, Problem> {
    let channel = api.channel(&channel)?;
    let Json { value, held: _held } = body;
    let creator = value.creator.into_identity()?;
    inspect::identify(&channel.bundle(), &creator, api.now_s())
        .map_err(|error| Problem::new(error.code(), format!("'creator': {error}")))?;
    let invocation = Invocation {
        channel_id: channel.id().into(),
        chaincode: name,
        args: arguments(value.function, value.args)?,
        transient: opened(value.transient),
        is_init: value.init,
    };
    let (tx_id, proposal) = peer_client::propose(&api, creator, invocation);
    Ok(axum::Json(Proposal {
        tx_id: tx_id.into(),
        digest: digest(&proposal),
        proposal: Base64(proposal),
    }))
}

/// Evaluate a query that the caller has signed.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/evaluate",
    tag = "Transactions",
    operation_id = "evaluate_signed",
    params(ChannelPath),
    request_body = SignedProposal,
    responses(
        (status = 200, description = "What the chaincode answered.", content(
            (Evaluated = "application/json"),
            (inline(document::Octets) = "application/octet-stream"),
        )),
    )
)]
async fn evaluate_signed(
    State(api): State<Api>,
    _: NoQuery,
    _caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Json<SignedProposal>,
) -> Result<Response, Problem> {
    let media_type = accepted(&headers)?;
    let channel = api.channel(&channel)?;
    let Json { value, held: _held } = body;
    let (signed, organizations) = value.open(channel.id().as_str())?;
    let result = peer_client::evaluate(&api, signed, organizations).await?;
    Ok(evaluated(result, media_type))
}

/// Have a proposal endorsed that the caller has signed.
///
/// The answer holds the transaction's bytes to sign. Send them on to `transactions` with the signature.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/endorse",
    tag = "Transactions",
    operation_id = "endorse",
    params(ChannelPath),
    request_body = SignedProposal,
    responses((status = 200, description = "The endorsed transaction, not signed.", body = Endorsed))
)]
async fn endorse(
    State(api): State<Api>,
    _: NoQuery,
    _caller: Caller,
    Path(channel): Path<String>,
    body: Json<SignedProposal>,
) -> Result<axum::Json<Endorsed>, Problem> {
    let channel = api.channel(&channel)?;
    let Json { value, held: _held } = body;
    let (signed, organizations) = value.open(channel.id().as_str())?;
    let prepared = peer_client::endorse(&api, signed, organizations).await?;
    Ok(axum::Json(Endorsed {
        tx_id: prepared.tx_id.into(),
        digest: digest(&prepared.payload),
        transaction: Base64(prepared.payload),
        result: Text(prepared.result),
    }))
}

/// Submit a transaction that the caller has signed.
///
/// It is ordered and waited for, as by `submit`. One that is in the ledger already is not ordered again.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/transactions",
    tag = "Transactions",
    operation_id = "submit_signed",
    params(
        ChannelPath,
        ("Idempotency-Key" = Option<String>, Header, description = "A name of the caller's own for this request.", pattern = "^[!-~]{1,255}$", nullable = false),
    ),
    request_body = SignedTransaction,
    responses(
        (status = 200, description = "In a block, and valid.", body = ValidAnswer),
        (status = 202, description = "Ordered, and not in a block yet.", body = PendingAnswer,
            headers(("Location" = String, description = "Where to ask how it ended."))),
    )
)]
async fn submit_signed(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Json<SignedTransaction>,
) -> Result<Outcome, Problem> {
    let channel = api.channel(&channel)?;
    let id = channel.id();
    let parts = ["transactions", id.as_str()];
    let keyed = keyed(&api, &caller, &headers, &parts, &body.held.bytes)?;
    let Json { value, held } = body;
    let (Base64(payload), Base64(signature)) = (value.transaction, value.signature);
    let prepared = Prepared::parse(payload).map_err(|reason| {
        let text = format!("'transaction' is no endorsed transaction: {reason}");
        Problem::new(ErrorCode::RequestProtobuf, text)
    })?;
    if prepared.channel_id != id.as_str() {
        let text = "'transaction' is for another channel than the path names";
        return Err(Problem::invalid(text));
    }
    let signature = msp::low_s(&prepared.creator, &signature);
    if signature.is_empty() {
        return Err(Problem::invalid("'signature' is empty"));
    }
    let work = Work {
        api: api.clone(),
        channel,
        keyed,
    };
    let done = async move {
        let _held = held;
        work.transaction((prepared, signature)).await
    };
    api.to_the_end(done).await
}

impl Creator {
    fn into_identity(self) -> Result<bytes::Bytes, Problem> {
        let malformed = |what: &str, error: &dyn std::error::Error| {
            Problem::new(
                ErrorCode::IdentityMalformed,
                format!("'creator': {what}: {error}"),
            )
        };
        MspId::parse(&self.msp_id).map_err(|error| malformed("msp_id", &error))?;
        let pem = self.certificate.as_bytes();
        Certificate::from_pem(pem).map_err(|error| malformed("certificate", &error))?;
        Ok(Identity::serialize(&self.msp_id, pem))
    }
}

impl SignedProposal {
    fn open(self, channel_id: &str) -> Result<(Signed, Vec<String>), Problem> {
        let organizations = organizations(self.organizations)?;
        let signed = Signed::open(channel_id, self.proposal.0, self.signature.0)?;
        Ok((signed, organizations))
    }
}

fn digest(bytes: &[u8]) -> Hex {
    Hex(bytes::Bytes::copy_from_slice(&sha256(bytes)))
}

//! Chaincode definitions: approved by organisations, committed, listed.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use bytes::Bytes;
use lifecycle::described::{
    self, CollectionDescription, DescribedDefinition, DescriptionError, PolicyText,
};
use model::client::Invocation;
use model::{ChaincodeName, ErrorCode};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::caller::Caller;
use crate::document::{ChaincodePath, ChannelPath};
use crate::json::Json;
use crate::lifecycle_client::{Asker, LIFECYCLE};
use crate::problem::{Detail, Problem};
use crate::query::{NoQuery, Path};
use crate::transact::{Call, Outcome, PendingAnswer, ValidAnswer, Work, keyed};

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_chaincodes))
        .routes(routes!(show_chaincode))
        .routes(routes!(approve_chaincode))
        .routes(routes!(commit_chaincode))
        .routes(routes!(chaincode_readiness))
}

/// A definition in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChaincodeDefinition)]
pub(crate) struct Definition {
    /// The chaincode's name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// The definition's place in the row of this chaincode's definitions.
    pub(crate) sequence: i64,
    /// Who must endorse.
    #[schema(example = "/Channel/Application/Endorsement")]
    pub(crate) policy: String,
    /// Whether the chaincode must be initialised before anything else.
    pub(crate) init_required: bool,
    /// The names of its private data collections.
    pub(crate) collections: Vec<String>,
    /// By organisation: whether it has approved this very definition. Only where one definition is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) approvals: Option<BTreeMap<String, bool>>,
}

/// The definitions in force on a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChaincodeDefinitions)]
struct Definitions {
    chaincodes: Vec<Definition>,
}

/// Who has approved a definition that is to be committed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommitReadiness)]
pub(crate) struct Readiness {
    /// By organisation: whether it has approved this very definition.
    pub(crate) approvals: BTreeMap<String, bool>,
    /// By organisation that has approved another one: the parts that differ.
    pub(crate) mismatches: BTreeMap<String, Vec<String>>,
}

/// A definition to be approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": "1.0", "sequence": 1}))]
struct ApproveBody {
    /// The version.
    #[schema(min_length = 1, max_length = 64)]
    version: String,
    /// One more than that of the definition in force; 1 for the first.
    #[schema(minimum = 1)]
    sequence: i64,
    /// Who must endorse, in words. Without this and `policy_ref` it is what the channel says.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "OR('Org1MSP.peer','Org2MSP.peer')", nullable = false)]
    policy: Option<String>,
    /// The path of the channel's policy that says who must endorse.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "/Channel/Application/Endorsement", nullable = false)]
    policy_ref: Option<String>,
    /// Whether the chaincode must be initialised before anything else.
    #[serde(default)]
    init_required: bool,
    /// The private data collections, as Fabric's tools describe them.
    #[serde(default)]
    #[schema(value_type = Vec<Collection>)]
    collections: Vec<CollectionDescription>,
    /// The package that this organisation's peers run; without it they only validate.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    package_id: Option<String>,
}

/// A definition to be committed, or asked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": "1.0", "sequence": 1}))]
struct DefinitionBody {
    /// The version.
    #[schema(min_length = 1, max_length = 64)]
    version: String,
    /// One more than that of the definition in force; 1 for the first.
    #[schema(minimum = 1)]
    sequence: i64,
    /// Who must endorse, in words. Without this and `policy_ref` it is what the channel says.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "OR('Org1MSP.peer','Org2MSP.peer')", nullable = false)]
    policy: Option<String>,
    /// The path of the channel's policy that says who must endorse.
    #[serde(default, deserialize_with = "present")]
    #[schema(example = "/Channel/Application/Endorsement", nullable = false)]
    policy_ref: Option<String>,
    /// Whether the chaincode must be initialised before anything else.
    #[serde(default)]
    init_required: bool,
    /// The private data collections, as Fabric's tools describe them.
    #[serde(default)]
    #[schema(value_type = Vec<Collection>)]
    collections: Vec<CollectionDescription>,
}

/// The form of [`CollectionDescription`].
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Collection {
    /// The collection's name.
    #[schema(min_length = 1)]
    name: String,
    /// Whose members hold the data.
    #[schema(example = "OR('Org1MSP.member')")]
    policy: String,
    /// To how many other peers data must have been given before it is endorsed.
    #[serde(default)]
    #[schema(minimum = 0)]
    required_peer_count: i32,
    /// To how many other peers data is given at most.
    #[serde(default)]
    #[schema(minimum = 0)]
    max_peer_count: i32,
    /// After how many blocks data is purged; 0: never.
    #[serde(default)]
    block_to_live: u64,
    /// Whether only members may read.
    #[serde(default)]
    member_only_read: bool,
    /// Whether only members may write.
    #[serde(default)]
    member_only_write: bool,
    /// Who must endorse what writes to it, where it is not as for the chaincode: exactly one of the two.
    #[serde(default)]
    #[schema(nullable = false)]
    endorsement_policy: Option<CollectionPolicy>,
}

/// Who must endorse what writes to a collection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct CollectionPolicy {
    /// In words.
    #[serde(default)]
    #[schema(nullable = false)]
    signature_policy: Option<String>,
    /// The path of one of the channel's policies.
    #[serde(default)]
    #[schema(nullable = false)]
    channel_config_policy: Option<String>,
}

/// A part that may be left out, but is not null where it stands.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

impl DefinitionBody {
    fn describe(self, name: &str) -> Result<DescribedDefinition, Problem> {
        let name = ChaincodeName::parse(name)
            .map_err(|error| Problem::invalid(format!("the path's {error}")))?;
        let policy = match (self.policy, self.policy_ref) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid(
                    "'policy' and 'policy_ref' exclude each other",
                ));
            }
            (Some(text), None) => Some(PolicyText::Signature(text)),
            (None, Some(path)) => Some(PolicyText::Reference(path)),
            (None, None) => None,
        };
        let collections = match self.collections {
            none if none.is_empty() => None,
            some => Some(described::collections(some).map_err(|error| wrong(&error))?),
        };
        Ok(DescribedDefinition {
            name: name.as_str().to_owned(),
            version: self.version,
            sequence: self.sequence,
            validation_parameter: described::policy(policy.as_ref())
                .map_err(|error| wrong(&error))?,
            init_required: self.init_required,
            collections,
        })
    }
}

fn wrong(error: &DescriptionError) -> Problem {
    Problem::invalid(crate::problem::chain(error))
}

/// List the chaincode definitions in force on a channel.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/chaincodes",
    tag = "Chaincodes",
    operation_id = "list_chaincodes",
    params(ChannelPath),
    responses((status = 200, description = "The definitions.", body = Definitions))
)]
async fn list_chaincodes(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path(channel): Path<String>,
) -> Result<axum::Json<Definitions>, Problem> {
    let identity = caller.identity()?;
    let id = api.channel(&channel)?.id();
    let asker = Asker {
        api: &api,
        identity,
    };
    let chaincodes = asker.definitions(id.as_str()).await?;
    Ok(axum::Json(Definitions { chaincodes }))
}

/// Show a chaincode's definition and who has approved it.
#[utoipa::path(
    get,
    path = "/v1/channels/{channel}/chaincodes/{name}",
    tag = "Chaincodes",
    operation_id = "show_chaincode",
    params(
        ChannelPath,
        ChaincodePath,
    ),
    responses((status = 200, description = "The definition.", body = Definition))
)]
async fn show_chaincode(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
) -> Result<axum::Json<Definition>, Problem> {
    let identity = caller.identity()?;
    let id = api.channel(&channel)?.id();
    let asker = Asker {
        api: &api,
        identity,
    };
    Ok(axum::Json(asker.definition(id.as_str(), name).await?))
}

/// Approve a chaincode definition for the peer's organisation.
///
/// The identity must be an administrator of the peer's organisation.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/approve",
    tag = "Chaincodes",
    operation_id = "approve_chaincode",
    params(
        ChannelPath,
        ChaincodePath,
    ),
    request_body = ApproveBody,
    responses(
        (status = 200, description = "Approved.", body = ValidAnswer),
        (status = 202, description = "Ordered, and not in a block yet.", body = PendingAnswer),
    )
)]
async fn approve_chaincode(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Json<ApproveBody>,
) -> Result<Outcome, Problem> {
    let Json { value, held } = body;
    let (definition, package_id) = value.split();
    let described = definition.describe(&name)?;
    let step = Step {
        function: "ApproveChaincodeDefinitionForMyOrg",
        args: described.to_approve(package_id),
        organizations: vec![api.parts.msp_id.clone()],
    };
    step.submit(&api, &caller, (&channel, &name), &headers, &held.bytes)
        .await
}

/// Commit a chaincode definition that enough organisations have approved.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/commit",
    tag = "Chaincodes",
    operation_id = "commit_chaincode",
    params(
        ChannelPath,
        ChaincodePath,
    ),
    request_body = DefinitionBody,
    responses(
        (status = 200, description = "In force.", body = ValidAnswer),
        (status = 202, description = "Ordered, and not in a block yet.", body = PendingAnswer),
    )
)]
async fn commit_chaincode(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    headers: HeaderMap,
    body: Json<DefinitionBody>,
) -> Result<Outcome, Problem> {
    let Json { value, held } = body;
    let described = value.describe(&name)?;
    let step = Step {
        function: "CommitChaincodeDefinition",
        args: described.to_commit(),
        organizations: Vec::new(),
    };
    let done = step
        .submit(&api, &caller, (&channel, &name), &headers, &held.bytes)
        .await;
    match done {
        Err(problem) if problem.code() == ErrorCode::LifecycleNotReady => {
            Err(with_missing(problem, &api, &caller, &channel, described.to_check()).await)
        }
        done => done,
    }
}

/// Ask who has approved a chaincode definition.
#[utoipa::path(
    post,
    path = "/v1/channels/{channel}/chaincodes/{name}/readiness",
    tag = "Chaincodes",
    operation_id = "chaincode_readiness",
    params(
        ChannelPath,
        ChaincodePath,
    ),
    request_body = DefinitionBody,
    responses((status = 200, description = "Who has approved it.", body = Readiness))
)]
async fn chaincode_readiness(
    State(api): State<Api>,
    _: NoQuery,
    caller: Caller,
    Path((channel, name)): Path<(String, String)>,
    body: Json<DefinitionBody>,
) -> Result<axum::Json<Readiness>, Problem> {
    let identity = caller.identity()?;
    let id = api.channel(&channel)?.id();
    let described = body.value.describe(&name)?;
    let asker = Asker {
        api: &api,
        identity,
    };
    let readiness = asker.readiness(id.as_str(), described.to_check()).await?;
    Ok(axum::Json(readiness))
}

impl ApproveBody {
    fn split(self) -> (DefinitionBody, Option<String>) {
        let definition = DefinitionBody {
            version: self.version,
            sequence: self.sequence,
            policy: self.policy,
            policy_ref: self.policy_ref,
            init_required: self.init_required,
            collections: self.collections,
        };
        (definition, self.package_id)
    }
}

/// A step of a definition's way: a transaction on `_lifecycle`.
struct Step {
    function: &'static str,
    args: Bytes,
    organizations: Vec<String>,
}

impl Step {
    async fn submit(
        self,
        api: &Api,
        caller: &Caller,
        (channel, name): (&str, &str),
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Outcome, Problem> {
        let identity = caller.identity()?.clone();
        let channel = api.channel(channel)?;
        let id = channel.id();
        let parts = [self.function, id.as_str(), name, &identity.name];
        let keyed = keyed(api, caller, headers, &parts, body)?;
        let call = Call {
            invocation: Invocation {
                channel_id: id.as_str().to_owned(),
                chaincode: LIFECYCLE.to_owned(),
                args: vec![Bytes::from_static(self.function.as_bytes()), self.args],
                ..Invocation::default()
            },
            organizations: self.organizations,
        };
        let work = Work {
            api: api.clone(),
            channel,
            keyed,
        };
        api.to_the_end(work.call(identity, call)).await
    }
}

/// The problem, with one detail for each organisation that has not approved this very definition.
async fn with_missing(
    problem: Problem,
    api: &Api,
    caller: &Caller,
    channel: &str,
    question: Bytes,
) -> Problem {
    let Ok(identity) = caller.identity() else {
        return problem;
    };
    let asker = Asker { api, identity };
    let Ok(readiness) = asker.readiness(channel, question).await else {
        return problem;
    };
    let approvals = readiness.approvals.into_iter();
    let missing = approvals.filter(|(_, approved)| !approved);
    missing.fold(problem, |problem, (msp_id, _)| {
        let differing = readiness.mismatches.get(&msp_id);
        let message = differing.map_or_else(
            || "it has not approved this definition".to_owned(),
            |parts| format!("it has approved another one: {} differ", parts.join(", ")),
        );
        problem.with_detail(Detail {
            address: String::new(),
            msp_id,
            message,
        })
    })
}

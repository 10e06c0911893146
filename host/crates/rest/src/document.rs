//! The OpenAPI document: what every call has in common, and the call that gives it out.

mod answers;
mod parameters;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use bytes::Bytes;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Schema,
};
use utoipa::openapi::{ContentBuilder, ResponseBuilder};

use crate::api::Api;
use crate::problem;
use crate::query::Query;

pub(crate) use parameters::{
    BlockPath, ChaincodePath, ChannelPath, CodePath, KeyPath, PackagePath, TransactionPath,
};

/// Where the document is.
const PATH: &str = "/v1/openapi.json";

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Octets(#[expect(dead_code, reason = "only its schema is used")] Bytes);

const DESCRIPTION: &str = "\
A peer of a Weft network: channels, blocks, transactions, chaincode, state and events.

**Who is asked.** Every call but those under `/docs` and this document needs a credential: `Authorization: Bearer TOKEN` \
(`weft dev` prints one), or a TLS client certificate. The header `Weft-Identity` names one of the identities that the \
credential may act by; `GET /v1/node` lists them, the first is the default. What an identity may read or do is decided by the \
channel's own policies.

**Two ways to submit.** With an identity of the node's wallet: one call of `submit`. With a key that never leaves the caller: \
`prepare`, sign the digest, `endorse`, sign the digest, send it to `transactions`.

**Failures** are problem documents (RFC 9457) with a stable `code`; `/docs/errors` lists all of them with cause and remedy.

**Unknown** query parameters, JSON fields and repeated keys are refused, never passed over.";

const TAGS: [(&str, &str); 9] = [
    ("Node", "The node and its caller."),
    ("Channels", "What the peer has joined, and how far it is."),
    ("Blocks", "Blocks, decoded or as bytes."),
    (
        "Transactions",
        "What is in a transaction, how it ended, and those that the caller signs.",
    ),
    (
        "Calls",
        "Submitting and evaluating by an identity of the node.",
    ),
    ("Chaincodes", "Packages and definitions."),
    ("State", "Present values and their history."),
    ("Events", "Streams of server-sent events."),
    ("Documents", "This document, and what error codes mean."),
];

/// The document before any route is in it.
pub(crate) fn frame() -> OpenApi {
    let licence = LicenseBuilder::new()
        .name("Apache-2.0")
        .identifier(Some("Apache-2.0"));
    let info = InfoBuilder::new()
        .title("Weft")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(licence.build()));
    let tags = TAGS.iter().map(|(name, description)| {
        let tag = TagBuilder::new().name(*name);
        tag.description(Some(*description)).build()
    });
    let none: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags))
        .security(Some([
            SecurityRequirement::new("bearer", none),
            SecurityRequirement::new("certificate", none),
        ]))
        .components(Some(components()))
        .paths(PathsBuilder::new().path(PATH, own_path()))
        .build()
}

/// The document says of itself where it is: the one call that no handler of its own declares.
fn own_path() -> PathItem {
    let any = ObjectBuilder::new().schema_type(Type::Object);
    let content = ContentBuilder::new().schema(Some(any)).build();
    let document = ResponseBuilder::new()
        .description("The document, by OpenAPI 3.1.")
        .content("application/json", content);
    let call = OperationBuilder::new()
        .tag("Documents")
        .summary(Some("Show this document."))
        .operation_id(Some("show_document"))
        .security(SecurityRequirement::default())
        .response("200", document);
    PathItem::new(HttpMethod::Get, call)
}

fn components() -> Components {
    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token that the node's operator gave out."));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    let certificate = SecurityScheme::MutualTls {
        description: Some(
            "A TLS client certificate that the node's operator has listed.".to_owned(),
        ),
        deprecated: None,
        extensions: None,
    };
    components.add_security_scheme("certificate", certificate);
    let mut schemas = Vec::new();
    problem::Document::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let problem = <problem::Document as utoipa::PartialSchema>::schema();
    components.schemas.insert("Problem".to_owned(), problem);
    components.responses.extend(answers::components());
    components
}

/// Puts into each call what all have in common, when the routes are in the document.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        answers::complete(path, item);
    }
    if let Some(components) = &mut document.components {
        let parts = components.schemas.iter_mut();
        for (_, schema) in parts.filter(|(name, _)| name.starts_with("Part_")) {
            loosen(schema);
        }
    }
    document
}

/// What does not decode may look like what does, where all fields of that are optional: then both alternatives hold, which
/// `oneOf` forbids.
fn loosen(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(alternatives)) = schema else {
        return;
    };
    let any =
        utoipa::openapi::schema::AnyOfBuilder::new().description(alternatives.description.clone());
    let items = std::mem::take(&mut alternatives.items).into_iter();
    *schema = items.fold(any, |any, item| any.item(item)).into();
}

/// `GET /v1/openapi.json`.
pub(crate) fn routes(document: OpenApi) -> Router<Api> {
    // The document is made of our own declarations; a test makes it too.
    let text = finish(document).to_json().unwrap_or_default();
    let text: Arc<str> = text.into();
    let give = move |query: Query| {
        let text = Arc::clone(&text);
        async move { query.end().map(|()| json(&text)) }
    };
    Router::new().route(PATH, routing::get(give))
}

fn json(text: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.to_owned()).into_response()
}

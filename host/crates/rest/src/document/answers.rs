//! Failures in the document: which statuses a call can answer with besides those that it declares itself.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::access;
use crate::problem::MEDIA_TYPE;

/// When a status can be the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Of every call.
    Always,
    /// Of a call that needs a credential.
    Credential,
    /// Of a call about something that may not be there.
    Named,
    /// Of a call with a body.
    Body,
    /// Of a call that has other nodes do something.
    Network,
    /// Of a call that answers in more than one type.
    Choice,
}

struct Answer {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    when: When,
}

const fn answer(
    status: &'static str,
    name: &'static str,
    description: &'static str,
    when: When,
) -> Answer {
    Answer {
        status,
        name,
        description,
        when,
    }
}

const ANSWERS: &[Answer] = &[
    answer(
        "400",
        "Invalid",
        "A part of the request is not what this call takes.",
        When::Always,
    ),
    answer(
        "401",
        "Unauthorized",
        "No credential, or one that this node does not know.",
        When::Credential,
    ),
    answer(
        "403",
        "Forbidden",
        "The caller may not do this, or not by this identity.",
        When::Credential,
    ),
    answer(
        "404",
        "NotFound",
        "What the path names is not there.",
        When::Named,
    ),
    answer(
        "406",
        "NotAcceptable",
        "The call has no type that the header Accept takes.",
        When::Choice,
    ),
    answer(
        "408",
        "Timeout",
        "The body did not arrive in time.",
        When::Body,
    ),
    answer(
        "409",
        "Conflict",
        "It collides with what is there already.",
        When::Network,
    ),
    answer("413", "TooLarge", "The body is too large.", When::Body),
    answer(
        "415",
        "MediaType",
        "The body is of another type than the call takes.",
        When::Body,
    ),
    answer(
        "422",
        "Refused",
        "The request is understood and refused.",
        When::Network,
    ),
    answer(
        "429",
        "Busy",
        "Too much at once; come back after Retry-After.",
        When::Credential,
    ),
    answer(
        "431",
        "HeadersTooLarge",
        "The address or the headers are too large.",
        When::Always,
    ),
    answer(
        "500",
        "Broken",
        "The node has failed; its log says why.",
        When::Credential,
    ),
    answer(
        "501",
        "Unsupported",
        "The node does not offer this.",
        When::Network,
    ),
    answer(
        "502",
        "Failed",
        "Other nodes failed; the details say how.",
        When::Network,
    ),
    answer(
        "503",
        "Unavailable",
        "Not at the moment; come back after Retry-After.",
        When::Credential,
    ),
    answer(
        "504",
        "Unknown",
        "It is not known what came of it.",
        When::Network,
    ),
];

/// The shared answers, by their names.
pub(super) fn components() -> impl Iterator<Item = (String, RefOr<Response>)> {
    ANSWERS
        .iter()
        .map(|answer| (answer.name.to_owned(), response(answer).into()))
}

fn response(answer: &Answer) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new()
        .description(answer.description)
        .content(MEDIA_TYPE, content.build());
    let header = |kind, description: &str| {
        let schema = ObjectBuilder::new().schema_type(kind);
        let header = HeaderBuilder::new().schema(Some(schema));
        header.description(Some(description)).build()
    };
    match answer.status {
        "401" => {
            let says = header(Type::String, "The scheme that is taken.");
            response = response.header("WWW-Authenticate", says);
        }
        "429" | "503" => {
            let says = header(Type::Integer, "When to come back, in seconds.");
            response = response.header("Retry-After", says);
        }
        _ => {}
    }
    response.build()
}

/// Adds the shared answers to the calls of a path. What a call declares itself stays.
pub(super) fn complete(path: &str, item: &mut PathItem) {
    let public = access::is_public(path);
    for (operation, posts) in [(&mut item.get, false), (&mut item.post, true)] {
        let Some(operation) = operation else { continue };
        for answer in ANSWERS {
            let can_be = match answer.when {
                When::Always => true,
                When::Credential => !public,
                When::Named => path.contains('{'),
                When::Body => operation.request_body.is_some(),
                When::Network => posts,
                When::Choice => has_choice(operation),
            };
            let answers = &mut operation.responses.responses;
            if can_be && !answers.contains_key(answer.status) {
                let shared = Ref::from_response_name(answer.name);
                answers.insert(answer.status.to_owned(), RefOr::Ref(shared));
            }
        }
    }
}

/// Whether a call heeds the header Accept: it answers in more than one type, or not in JSON.
fn has_choice(operation: &Operation) -> bool {
    let done = operation.responses.responses.get("200");
    let Some(RefOr::T(done)) = done else {
        return false;
    };
    done.content.len() > 1 || done.content.contains_key("text/event-stream")
}

//! A code for failures that no service has given one: what tonic itself refuses, such as a message too large.

use http::{HeaderMap, HeaderValue, Response};
use http_body_util::BodyExt as _;
use tonic::Code;
use tonic::codegen::Body;

use crate::CODE_METADATA;

const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
/// How prost's words begin, which tonic sends as an internal error.
const UNDECODABLE: &str = "failed to decode Protobuf message";

/// Puts a code into a gRPC answer that fails without one, be it in its head or in its trailer. Answers that are not gRPC's have no
/// `grpc-status` and stay as they are.
///
/// A server puts it around all of its services: then no failure is without a code.
pub fn with_fallback_code<B: Body>(
    mut response: Response<B>,
) -> Response<impl Body<Data = B::Data, Error = B::Error>> {
    add(response.headers_mut());
    response.map(|body| {
        body.map_frame(|mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                add(trailers);
            }
            frame
        })
    })
}

fn add(headers: &mut HeaderMap) {
    let Some(status) = headers.get(GRPC_STATUS) else {
        return;
    };
    let code = Code::from_bytes(status.as_bytes());
    if code == Code::Ok || headers.contains_key(CODE_METADATA) {
        return;
    }
    let message = headers.get(GRPC_MESSAGE).map(HeaderValue::as_bytes);
    let name = fallback(code, message.unwrap_or_default());
    headers.insert(CODE_METADATA, HeaderValue::from_static(name));
}

/// The code of a failure of which only gRPC's code and message are known.
fn fallback(code: Code, message: &[u8]) -> &'static str {
    match code {
        Code::Internal if is_undecodable(message) => "request.protobuf",
        Code::OutOfRange => "request.too_large",
        Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists => "request.invalid",
        Code::NotFound => "request.route",
        Code::Unauthenticated => "auth.missing",
        Code::PermissionDenied => "access.denied",
        Code::ResourceExhausted => "node.busy",
        Code::Unimplemented => "node.unsupported",
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted => {
            "node.unavailable"
        }
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => "internal.error",
    }
}

/// Messages are percent-encoded on the wire, spaces among the rest.
fn is_undecodable(message: &[u8]) -> bool {
    let message = String::from_utf8_lossy(message).replace("%20", " ");
    message.contains(UNDECODABLE)
}

#[cfg(test)]
mod tests {
    use http::Response;
    use tonic::{Code, Status};

    use super::with_fallback_code;
    use crate::{CODE_METADATA, with_code};

    /// The code in the head of an answer that fails at once.
    fn code(status: Status) -> Option<String> {
        let answer: Response<tonic::body::Body> = status.into_http();
        let answer = with_fallback_code(answer);
        let code = answer.headers().get(CODE_METADATA)?;
        Some(code.to_str().unwrap().to_owned())
    }

    #[test]
    fn failures_without_a_code_get_one_by_what_is_known() {
        let cases = [
            (
                Status::out_of_range("message length too large"),
                "request.too_large",
            ),
            (
                Status::internal("failed to decode Protobuf message: invalid wire type"),
                "request.protobuf",
            ),
            (Status::internal("something"), "internal.error"),
            (Status::unimplemented(""), "node.unsupported"),
            (Status::resource_exhausted(""), "node.busy"),
            (
                with_code(Status::unknown("x"), "proposal.clock"),
                "proposal.clock",
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(code(status).as_deref(), Some(expected));
        }
        assert_eq!(code(Status::new(Code::Ok, "")), None);
    }

    #[test]
    fn what_is_not_grpc_stays_as_it_is() {
        let answer = with_fallback_code(Response::new(tonic::body::Body::empty()));
        assert!(answer.headers().is_empty());
    }
}

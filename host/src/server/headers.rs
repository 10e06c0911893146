//! The bound on a request's headers, told as a problem.
//!
//! The protocols' own bounds lie above it: what passes those is answered with a bare 431 and the connection ends.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use model::ErrorCode;

/// Bytes of a request's address and headers together.
const BYTES_MAX: usize = 64 * 1024;

/// Refuses a request whose headers are larger than they may be.
pub(super) async fn check_size(request: Request, next: Next) -> Response {
    let address = request.uri().path_and_query();
    let address = address.map_or(0, |address| address.as_str().len());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    if address + headers.sum::<usize>() <= BYTES_MAX {
        return next.run(request).await;
    }
    rest::refusal(
        ErrorCode::RequestHeadersTooLarge,
        "the address and the headers have more than 65,536 bytes together",
    )
}

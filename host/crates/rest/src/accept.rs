//! The header `Accept`, for calls that can answer in more than one type.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use model::ErrorCode;

use crate::problem::Problem;

/// Media ranges looked at; those behind are passed over.
const RANGES_MAX: usize = 32;

/// Which of `offers` the caller likes best; of equals the one that stands first. Without the header the first one.
///
/// # Errors
/// `request.not_acceptable`: none of them.
pub(crate) fn choose(
    headers: &HeaderMap,
    offers: &[&'static str],
) -> Result<&'static str, Problem> {
    let stated = headers.get_all(ACCEPT).iter();
    let text: Vec<&str> = stated.filter_map(|value| value.to_str().ok()).collect();
    let text = text.join(",");
    let weights = offers.iter().map(|offer| (*offer, weight(&text, offer)));
    let best = weights
        .filter(|(_, weight)| *weight > 0)
        .reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map(|(offer, _)| offer).ok_or_else(|| {
        let text = format!("this call answers in {}", offers.join(" or "));
        Problem::new(ErrorCode::RequestNotAcceptable, text)
    })
}

/// How much a media type is wanted, in thousandths: by the most specific range that covers it (RFC 9110, 12.5.1).
fn weight(accept: &str, offer: &str) -> u16 {
    if accept.trim().is_empty() {
        return 1_000;
    }
    let (kind, _) = offer.split_once('/').unwrap_or((offer, ""));
    let ranges = accept.split(',').take(RANGES_MAX);
    let covering = ranges.filter_map(|range| {
        let mut parts = range.split(';');
        let name = parts.next()?.trim();
        let specific = match name.strip_suffix("/*") {
            Some("*") => 0,
            Some(named) if named.eq_ignore_ascii_case(kind) => 1,
            _ if name.eq_ignore_ascii_case(offer) => 2,
            _ => return None,
        };
        let quality = parts.find_map(|part| part.trim().strip_prefix("q="));
        Some((specific, thousandths(quality)))
    });
    covering.max().map_or(0, |(_, weight)| weight)
}

/// A quality value; what is none counts fully.
fn thousandths(quality: Option<&str>) -> u16 {
    let Some(text) = quality else { return 1_000 };
    match text.trim().split_once('.') {
        None if text.trim() == "0" => 0,
        Some(("0", digits)) if digits.len() <= 3 => {
            format!("{digits:0<3}").parse().unwrap_or(1_000)
        }
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::choose;

    #[test]
    fn the_type_that_is_liked_best_is_chosen() {
        let offers = ["application/json", "application/octet-stream"];
        for (accept, chosen) in [
            ("", Some("application/json")),
            ("*/*", Some("application/json")),
            ("application/*", Some("application/json")),
            ("application/octet-stream", Some("application/octet-stream")),
            (
                "Application/JSON;q=0.5, application/octet-stream;q=0.75",
                Some("application/octet-stream"),
            ),
            (
                "application/json;q=0, */*",
                Some("application/octet-stream"),
            ),
            ("text/html, */*;q=0.1", Some("application/json")),
            ("text/html", None),
            ("*/*;q=0", None),
            ("application/json;q=0.000", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("accept", HeaderValue::from_static(accept));
            assert_eq!(choose(&headers, &offers).ok(), chosen, "{accept}");
        }
        assert_eq!(
            choose(&HeaderMap::new(), &offers).ok(),
            Some("application/json")
        );
    }
}

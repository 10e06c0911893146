//! Plain HTTP beside TLS on one port, for processes of the same machine.
//!
//! A TLS client begins with a handshake record, whose first byte no HTTP method begins with. Web pages of strangers can
//! make a browser on this machine send requests here; they cannot choose the `Host` it sends, so that is looked at.
//! Browsers speak HTTP/2 by TLS alone, so gRPC's clients may use whatever name leads them here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::Request;
use axum::http::Version;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;
use model::ErrorCode;
use tokio::net::TcpStream;

/// The type of a TLS handshake record. RFC 8446, 5.1.
const HANDSHAKE_RECORD: u8 = 0x16;

/// Whether the connection comes from this machine.
pub(super) fn is_loopback(from: SocketAddr) -> bool {
    from.ip().to_canonical().is_loopback()
}

/// Waits for the client's first byte, which stays to be read, and tells whether it begins TLS.
///
/// # Errors
/// The connection broke.
pub(super) async fn begins_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let count = stream.peek(&mut first).await?;
    Ok(count == 1 && first == [HANDSHAKE_RECORD])
}

/// Lets through what is asked of this machine by a name that only this machine has.
pub(super) async fn check_host(request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_2 || is_own_name(&request) {
        return next.run(request).await;
    }
    rest::refusal(
        ErrorCode::RequestHost,
        "plain HTTP is for http://localhost, http://127.0.0.1 and http://[::1]; the header Host names something else",
    )
}

/// Whether all that the request says of its host, in its address and in `Host`, is loopback.
fn is_own_name(request: &Request) -> bool {
    let mut said = 0;
    let in_uri = request.uri().authority().map(|name| name.as_str());
    let headers = request.headers().get_all(HOST).iter();
    let headers = headers.map(|value| value.to_str().unwrap_or_default());
    let all_own = in_uri.into_iter().chain(headers).all(|name| {
        said += 1;
        is_loopback_name(name)
    });
    all_own && said > 0
}

fn is_loopback_name(name: &str) -> bool {
    let Ok(authority) = name.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let six = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address = match six {
        Some(six) => six.parse::<Ipv6Addr>().map(IpAddr::from),
        None => host.parse::<Ipv4Addr>().map(IpAddr::from),
    };
    !name.contains('@')
        && (host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::{begins_tls, is_loopback, is_own_name};
    use axum::body::Body;
    use axum::extract::Request;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    fn asked(uri: &str, hosts: &[&str]) -> bool {
        let request = hosts.iter().fold(Request::get(uri), |request, host| {
            request.header("host", *host)
        });
        is_own_name(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn only_names_of_this_machine_are_served_in_plain_text() {
        for host in [
            "localhost",
            "LOCALHOST:7051",
            "127.0.0.1:7051",
            "127.0.0.2",
            "[::1]:7051",
        ] {
            assert!(asked("/healthz", &[host]), "{host}");
            assert!(asked(&format!("http://{host}/healthz"), &[host]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:7051",
            "localhost@evil.example",
            "evil.example@localhost",
            "10.0.0.1",
            "[2001:db8::1]:7051",
            "::1",
            "0.0.0.0:7051",
        ] {
            assert!(!asked("/healthz", &[host]), "{host}");
        }
        assert!(!asked("/healthz", &[]), "no host at all");
        assert!(
            !asked("/healthz", &["localhost", "evil.example"]),
            "two hosts"
        );
        assert!(!asked("http://evil.example/healthz", &["localhost"]));
    }

    #[test]
    fn loopback_is_told_in_both_families() {
        for (from, own) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("10.0.0.1:1", false),
            ("[::ffff:10.0.0.1]:1", false),
        ] {
            assert_eq!(is_loopback(from.parse().unwrap()), own, "{from}");
        }
    }

    #[tokio::test]
    async fn the_first_byte_tells_tls_and_stays_to_be_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (sent, tls) in [
            (&b"\x16\x03\x01"[..], true),
            (b"GET / HTTP/1.1\r\n", false),
            (b"PRI * HTTP/2.0\r\n", false),
            (b"\x15", false),
            (b"", false),
        ] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(sent).await.unwrap();
            client.shutdown().await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            assert_eq!(begins_tls(&server).await.unwrap(), tls, "{sent:?}");
            let mut left = Vec::new();
            let mut server = server;
            tokio::io::AsyncReadExt::read_to_end(&mut server, &mut left)
                .await
                .unwrap();
            assert_eq!(left, sent);
        }
    }
}

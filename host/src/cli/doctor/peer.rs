//! The checks of the way to the peer: context, identity, address, TLS, clock, channel, other peers.

use std::time::Duration;

use model::ErrorCode;
use msp::SigningIdentity;

use super::Check;
use crate::cli::failure::Problem;
use crate::cli::global::Global;
use crate::client::{Client, PeerAddress, Profile};
use crate::clock;
use crate::config::UserEnvironment;

const DAY_S: i64 = 24 * 60 * 60;
/// A certificate that ends within so many days deserves a word.
const EXPIRY_DAYS_WARN: i64 = 30;
/// A peer refuses proposals that are further off its clock, in seconds.
const CLOCK_OFF_S_MAX: i64 = 15 * 60;
/// Half of what a peer bears is no good sign, nor is a tenth.
const CLOCK_OFF_S_WARN: i64 = 60;
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// All of them; those that depend on one that failed are left out.
pub(super) async fn checks(global: &Global) -> Vec<Check> {
    let chosen = match global.choose(&UserEnvironment::read()) {
        Ok(chosen) => chosen,
        Err(error) => {
            let problem = Problem::of(&error);
            let explicit = global.context.is_some() || problem.code() != ErrorCode::ConfigMissing;
            return vec![match explicit {
                true => Check::failed("context", error),
                false => Check::warn("context", problem.detail(), problem.hint()),
            }];
        }
    };
    let profile = match global.load(&chosen) {
        Ok(profile) => profile,
        Err(error) => return vec![Check::failed("profile", error)],
    };
    let mut checks = vec![Check::ok("profile", chosen.profile.display().to_string())];
    let identity = SigningIdentity::from_folder(&profile.msp_folder, &profile.msp_id);
    checks.push(match &identity {
        Ok(identity) => of_certificate(identity, clock::now_s()),
        Err(error) => Check::fail("identity", ErrorCode::IdentityMalformed, error.to_string())
            .hint(format!("look into {}", profile.msp_folder.display())),
    });
    checks.extend(of_address("peer", &profile.peer).await);
    let is_reachable = checks.iter().all(|check| check.failure.is_none());
    match Client::new(&profile, clock::SOURCES) {
        Ok(client) if is_reachable => checks.extend(of_peer(&client).await),
        Ok(_) => {}
        Err(error) if identity.is_ok() => checks.push(Check::failed("peer", error)),
        Err(_) => {}
    }
    for other in &profile.peers {
        checks.push(of_other(&profile, &other.location(), &other.msp_id).await);
    }
    checks
}

/// Whose certificate it is, and how long it is good. That key and certificate belong together is known by then.
fn of_certificate(identity: &SigningIdentity, now_s: i64) -> Check {
    let certificate = identity.certificate();
    let subject = certificate.subject();
    let days = (certificate.not_after() - now_s).div_euclid(DAY_S);
    if now_s < certificate.not_before() {
        let found = format!("{subject}: its certificate is not valid yet");
        return Check::fail("identity", ErrorCode::IdentityExpired, found)
            .hint("set this machine's clock, or wait");
    }
    match days {
        ..0 => Check::fail(
            "identity",
            ErrorCode::IdentityExpired,
            format!("{subject}: its certificate has expired"),
        ),
        0..EXPIRY_DAYS_WARN => Check::warn(
            "identity",
            format!("{subject}: its certificate ends in {days} days"),
            "have its authority issue a new one in time",
        ),
        _ => Check::ok("identity", format!("{subject}, good for {days} days")),
    }
}

/// Whether the address has a meaning and something listens there.
async fn of_address(name: &str, peer: &PeerAddress) -> Vec<Check> {
    let address = peer.address.as_str();
    let found: Vec<_> = match tokio::net::lookup_host(address).await {
        Ok(found) => found.collect(),
        Err(error) => {
            return vec![
                Check::fail(
                    format!("{name} address"),
                    ErrorCode::ClientConnection,
                    format!("{address} leads nowhere: {error}"),
                )
                .hint("correct peer.address in the profile, or the name's entry in DNS or the hosts file"),
            ];
        }
    };
    let shown: Vec<String> = found.iter().map(|one| one.ip().to_string()).collect();
    let resolved = Check::ok(
        format!("{name} address"),
        format!("{address} is {}", shown.join(", ")),
    );
    let connecting = tokio::net::TcpStream::connect(found.as_slice());
    let connected = match tokio::time::timeout(CONNECT_PATIENCE, connecting).await {
        Ok(Ok(_)) => Check::ok(format!("{name} connection"), "something listens there"),
        Ok(Err(error)) => Check::fail(
            format!("{name} connection"),
            ErrorCode::ClientConnection,
            format!("nothing listens at {address}: {error}"),
        )
        .hint("start the peer, such as with `weft dev`"),
        Err(_) => Check::fail(
            format!("{name} connection"),
            ErrorCode::ClientConnection,
            format!(
                "{address} does not answer within {} s",
                CONNECT_PATIENCE.as_secs()
            ),
        )
        .hint("look at the network and its firewalls"),
    };
    vec![resolved, connected]
}

/// TLS and the node behind it, its clock, and the channel.
async fn of_peer(client: &Client) -> Vec<Check> {
    let asked_ms = clock::now_ms();
    let answer = match client.clock().await {
        Ok(answer) => answer,
        Err(error) => return vec![Check::failed("peer", error)],
    };
    // The peer read its clock somewhere between asking and hearing.
    let here_ms = asked_ms.midpoint(clock::now_ms());
    let off_s = (answer.now_ms - here_ms) / 1000;
    let mut checks = vec![
        Check::ok(
            "peer",
            format!("weft {} answers, and is trusted", answer.version),
        ),
        of_clock(off_s),
    ];
    checks.push(of_channel(client).await);
    checks
}

fn of_clock(off_s: i64) -> Check {
    let found = match off_s {
        0 => "as the peer's".to_owned(),
        1.. => format!("{off_s} s behind the peer's"),
        _ => format!("{} s ahead of the peer's", off_s.abs()),
    };
    match off_s.abs() {
        CLOCK_OFF_S_MAX.. => Check::fail("clock", ErrorCode::ProposalClock, found)
            .hint("set this machine's clock or the peer's: proposals are refused"),
        CLOCK_OFF_S_WARN.. => Check::warn(
            "clock",
            found,
            "set this machine's clock or the peer's: 15 minutes are borne, no more",
        ),
        _ => Check::ok("clock", found),
    }
}

async fn of_channel(client: &Client) -> Check {
    let id = client.channel_id();
    match client.chain().await {
        Ok(chain) => Check::ok("channel", format!("{id} has {} blocks", chain.height)),
        Err(error) => Check::failed("channel", error),
    }
}

/// A peer of another organisation, which only comparisons need.
async fn of_other(profile: &Profile, peer: &PeerAddress, msp_id: &str) -> Check {
    let name = format!("peer of {msp_id}");
    let client = match Client::of_peer(profile, peer, clock::SOURCES) {
        Ok(client) => client,
        Err(error) => return Check::failed(name, error),
    };
    match client.clock().await {
        Ok(answer) => Check::ok(
            name,
            format!("{} answers, weft {}", peer.address, answer.version),
        ),
        Err(error) => Check::warn(
            name,
            error.to_string(),
            "calls that need its endorsement fail until it is there",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_address, of_certificate, of_clock};
    use crate::cli::doctor::State;
    use crate::client::PeerAddress;
    use msp::{
        Role, SigningIdentity,
        ca::{Authority, Validity},
    };

    fn at(address: &str) -> PeerAddress {
        PeerAddress {
            address: address.to_owned(),
            tls_ca: None,
        }
    }

    #[test]
    fn a_clock_is_judged_by_what_peers_bear() {
        for (off_s, state) in [
            (0, State::Ok),
            (59, State::Ok),
            (-60, State::Warn),
            (899, State::Warn),
            (900, State::Fail),
            (-1200, State::Fail),
        ] {
            assert_eq!(of_clock(off_s).state, state, "{off_s}");
        }
    }

    #[tokio::test]
    async fn a_listener_is_told_from_none_and_from_no_address() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let states = async |address: &str| {
            let checks = of_address("peer", &at(address)).await;
            checks.iter().map(|check| check.state).collect::<Vec<_>>()
        };
        assert_eq!(states(&address).await, [State::Ok, State::Ok]);
        drop(listener);
        assert_eq!(states(&address).await, [State::Ok, State::Fail]);
        assert_eq!(states("no port").await, [State::Fail]);
    }

    #[test]
    fn a_certificate_is_judged_by_the_days_it_has_left() {
        let now = 1_800_000_000;
        let identity = identity(now);
        let end = identity.certificate().not_after();
        let day = 24 * 60 * 60;
        for (at, state) in [
            (now, State::Ok),
            (end - 29 * day, State::Warn),
            (end + 1, State::Fail),
            (identity.certificate().not_before() - 1, State::Fail),
        ] {
            assert_eq!(of_certificate(&identity, at).state, state, "{at}");
        }
    }

    fn identity(now: i64) -> SigningIdentity {
        let random: &mut dyn FnMut(&mut [u8]) = &mut crate::clock::fill_random;
        let validity = Validity::years(now, 1);
        let authority = Authority::new("ca", "Org1", validity, random).unwrap();
        let issued = authority
            .issue_identity("u", Role::Client, validity, random)
            .unwrap();
        let (certificate, key) = (issued.certificate.as_bytes(), issued.key.as_bytes());
        SigningIdentity::from_pem(certificate, key, "Org1MSP").unwrap()
    }
}

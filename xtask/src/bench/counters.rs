//! What the nodes count, before and after a load.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::nodes::Nodes;

const TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a page of counters that are read.
const PAGE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What stands in the table: a title, and the counter's name.
pub(crate) const SHOWN: [(&str, &str); 4] = [
    ("verified", "msp_signatures_verified_total"),
    ("known already", "msp_signatures_known_total"),
    ("signed", "msp_signatures_made_total"),
    ("fsyncs", "ledger_syncs_total"),
];

/// The counters of all nodes at one moment.
pub(crate) struct Counters {
    nodes: Vec<(&'static str, BTreeMap<String, f64>)>,
}

/// How much counters grew, for each transaction or call.
pub(crate) struct Counted {
    /// How many transactions or calls there were, by the nodes' own count.
    pub(crate) calls: f64,
    /// By node and title; what a node does not count is missing.
    pub(crate) each: Vec<(&'static str, BTreeMap<&'static str, f64>)>,
}

impl Counters {
    /// Asks all nodes, once they have all come to the same height: a load ends when one peer has committed it.
    ///
    /// # Errors
    /// One does not answer, or stays behind.
    pub(crate) async fn read(nodes: &Nodes) -> Result<Self> {
        let begun = Instant::now();
        loop {
            let read = Self::read_now(nodes).await?;
            if read.is_at_one_height() {
                return Ok(read);
            }
            ensure!(
                begun.elapsed() < TIMEOUT,
                "the nodes stay at different heights"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn is_at_one_height(&self) -> bool {
        let mut heights = self.nodes.iter().map(|(_, counters)| {
            let height = counters
                .get("ledger_height")
                .or(counters.get("orderer_height"));
            height.copied().unwrap_or(0.0)
        });
        let first = heights.next();
        heights.all(|height| Some(height) == first)
    }

    async fn read_now(nodes: &Nodes) -> Result<Self> {
        let mut read = Vec::new();
        for (name, address) in nodes.operations() {
            let page = get(address, "/metrics")
                .await
                .with_context(|| format!("{name} shows no counters"))?;
            read.push((name, parse(&page)));
        }
        Ok(Self { nodes: read })
    }

    /// What grew since `before`, divided by transactions for submits and by proposals for evaluates.
    pub(crate) fn since(&self, before: &Self, is_submit: bool) -> Counted {
        let grown: Vec<(&'static str, BTreeMap<String, f64>)> = self
            .nodes
            .iter()
            .zip(&before.nodes)
            .map(|((node, now), (_, then))| {
                let by = |(name, value): (&String, &f64)| {
                    (name.clone(), value - then.get(name).unwrap_or(&0.0))
                };
                (*node, now.iter().map(by).collect())
            })
            .collect();
        let counter = if is_submit {
            "committer_tx_total"
        } else {
            "endorser_proposals_total"
        };
        let of_peers = grown
            .iter()
            .filter_map(|(_, counters)| counters.get(counter).copied());
        // Every peer commits every transaction; one peer answers an evaluate.
        let calls = if is_submit {
            of_peers.fold(0.0, f64::max)
        } else {
            of_peers.sum()
        };
        let each = grown.iter().map(|(node, counters)| {
            let shown = SHOWN.iter().filter_map(|(title, name)| {
                let value = counters.get(*name)?;
                Some((*title, if calls > 0.0 { value / calls } else { 0.0 }))
            });
            (*node, shown.collect())
        });
        Counted {
            calls,
            each: each.collect(),
        }
    }
}

impl Counted {
    pub(crate) fn json(&self) -> Value {
        let each: BTreeMap<_, _> = self
            .each
            .iter()
            .map(|(node, counters)| (node, counters))
            .collect();
        json!({ "calls": self.calls, "each": each })
    }
}

/// Sums each counter over its labels.
fn parse(page: &str) -> BTreeMap<String, f64> {
    let mut counters = BTreeMap::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let name = series.split_once('{').map_or(series, |(name, _)| name);
        if let Ok(value) = value.parse::<f64>() {
            *counters.entry(name.to_owned()).or_insert(0.0) += value;
        }
    }
    counters
}

/// The body of an answer to a plain HTTP request.
///
/// # Errors
/// Nobody answers, or with another status than 200.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream
            .take(PAGE_BYTES_MAX)
            .read_to_string(&mut answer)
            .await?;
        anyhow::Ok(answer)
    };
    let answer = tokio::time::timeout(TIMEOUT, asked)
        .await
        .context("no answer in time")??;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no body")?;
    ensure!(
        head.starts_with("HTTP/1.1 200 "),
        "{path}: {}",
        head.lines().next().unwrap_or_default()
    );
    Ok(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Counters, parse};

    #[test]
    fn counters_are_summed_over_their_labels() {
        let page = "# TYPE a counter\na{x=\"1\"} 3\na{x=\"2\"} 4\nb 2.5\nbroken\n";
        let counters = parse(page);
        assert_eq!(
            (counters.get("a"), counters.get("b"), counters.len()),
            (Some(&7.0), Some(&2.5), 2)
        );
    }

    #[test]
    fn nodes_are_compared_by_their_heights() {
        let at = |orderer: f64, peer: f64| Counters {
            nodes: vec![
                ("o", [("orderer_height".to_owned(), orderer)].into()),
                ("p", [("ledger_height".to_owned(), peer)].into()),
            ],
        };
        assert!(at(7.0, 7.0).is_at_one_height());
        assert!(!at(7.0, 6.0).is_at_one_height());
    }

    #[test]
    fn a_transaction_is_counted_once_however_many_peers_commit_it() {
        let at = |committed: f64, verified: f64| {
            let of = |name: &str, value| (name.to_owned(), value);
            let peer = || {
                [
                    of("committer_tx_total", committed),
                    of("msp_signatures_verified_total", verified),
                ]
            };
            let orderer = [of("ledger_syncs_total", committed / 10.0)];
            Counters {
                nodes: vec![
                    ("o", orderer.into()),
                    ("p1", peer().into()),
                    ("p2", peer().into()),
                ],
            }
        };
        let counted = at(300.0, 900.0).since(&at(100.0, 100.0), true);
        assert_eq!(counted.calls, 200.0);
        let [(_, orderer), (_, peer), _] = &counted.each[..] else {
            panic!()
        };
        assert_eq!(
            (orderer.get("fsyncs"), orderer.get("verified")),
            (Some(&0.1), None)
        );
        assert_eq!(peer.get("verified"), Some(&4.0));
    }
}

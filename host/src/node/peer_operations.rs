//! A peer's health and counters.

use std::sync::Arc;

use endorser::Endorser;
use joined::Channels;

use super::health::{Checks, Failed};
use super::join::Joiner;
use super::metrics::{self, Page, Seconds, Text};
use super::peer_services::Services;

/// What may be wrong with a peer: a channel that has stopped, credentials that cannot be read.
pub(super) fn checks(services: &Services) -> Checks {
    let (channels, credentials) = (services.channels.clone(), Arc::clone(&services.credentials));
    Arc::new(move || {
        let broken = |id: String| {
            let channel = channels.get(&id)?;
            let reason = match channel.ledger().check_health() {
                Err(error) => error.to_string(),
                Ok(()) if channel.failed().is_cancelled() => "it has stopped".to_owned(),
                Ok(()) => return None,
            };
            Some(Failed {
                component: format!("channel {id}"),
                reason,
            })
        };
        let broken = channels.ids().into_iter().filter_map(broken);
        // Everybody may ask; the reason names what stands in the file.
        let unreadable = credentials.has_failed().then(|| Failed {
            component: "credentials".to_owned(),
            reason:
                "the file cannot be used; what was read before stays in force, and the log says why"
                    .to_owned(),
        });
        broken.chain(unreadable).collect()
    })
}

/// The page of a peer's counters.
pub(super) fn metrics_page(services: &Services) -> Page {
    let (channels, joiner) = (services.channels.clone(), services.joiner.clone());
    let (endorser, gateway, deliver) = (
        services.endorser.clone(),
        services.gateway.clone(),
        services.deliver.clone(),
    );
    let (memo, signer) = (Arc::clone(&services.memo), Arc::clone(&services.signer));
    let (store, answers) = (services.store.clone(), Arc::clone(&services.answers));
    metrics::page(move |text| {
        metrics::write_signatures(text, &memo, &signer);
        text.counter("node_store_syncs_total", &[], store.syncs());
        write_channels(text, &channels, &joiner);
        write_endorser(text, &endorser);
        text.gauge("gateway_calls", &[], gateway.calls());
        write_answers(text, &answers);
        for (name, value) in deliver.metrics().counters() {
            text.counter(name, &[], value);
        }
    })
}

fn write_answers(text: &mut Text, answers: &rest::Metrics) {
    let counted = answers.read();
    for (status, count) in counted.answers {
        let status = status.to_string();
        text.counter("rest_answers_total", &[("status", &status)], count);
    }
    text.counter("rest_answer_seconds", &[], Seconds(counted.answered_us));
}

fn write_channels(text: &mut Text, channels: &Channels, joiner: &Joiner) {
    for id in channels.ids() {
        let Some(channel) = channels.get(&id) else {
            continue;
        };
        let label = [("channel", id.as_str())];
        text.gauge("ledger_height", &label, channel.ledger().height());
        text.counter("ledger_syncs_total", &label, channel.ledger().syncs());
        text.gauge("ledger_wal_pages", &label, channel.ledger().wal_pages());
        text.gauge("gateway_commit_waiters", &label, channel.waiters().count());
    }
    for (id, metrics) in joiner.metrics() {
        let (label, counted) = ([("channel", id.as_str())], metrics.read());
        text.counter("committer_blocks_total", &label, counted.blocks);
        text.counter(
            "committer_verify_seconds",
            &label,
            Seconds(counted.verify_us),
        );
        text.counter(
            "committer_decide_seconds",
            &label,
            Seconds(counted.decide_us),
        );
        text.counter("committer_write_seconds", &label, Seconds(counted.write_us));
        for (code, count) in counted.txs {
            text.counter(
                "committer_tx_total",
                &[("channel", &id), ("code", code)],
                count,
            );
        }
    }
}

fn write_endorser(text: &mut Text, endorser: &Endorser) {
    let counted = endorser.metrics().read();
    let outcomes = [
        ("endorsed", counted.endorsed),
        ("answered", counted.answered),
        ("chaincode_error", counted.chaincode_errors),
        ("refused", counted.refused),
        ("failed", counted.failed),
        ("busy", counted.busy),
        ("broken", counted.broken),
    ];
    for (outcome, count) in outcomes {
        text.counter("endorser_proposals_total", &[("outcome", outcome)], count);
    }
    text.counter("endorser_simulations_total", &[], counted.simulated);
    text.counter(
        "endorser_simulate_seconds",
        &[],
        Seconds(counted.simulate_us),
    );
    text.counter(
        "endorser_proposal_seconds",
        &[],
        Seconds(counted.proposals_us),
    );
}

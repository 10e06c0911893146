//! The work of a submission: endorsed, signed, noted, ordered, waited for. Done to its end though the caller may go away.

use std::time::Duration;

use bytes::Bytes;
use joined::{Channel, Waiter};
use model::{ErrorCode, TxId};

use super::outcome::{self, Outcome, judge, look_up, wait, waiter};
use super::{Call, Prepared};
use crate::WalletIdentity;
use crate::api::Api;
use crate::idempotency::{First, Keyed};
use crate::peer_client;
use crate::problem::Problem;

/// How long a peer that has just started gets to find a transaction in the blocks it fetches, before it is sent again.
const CATCH_UP: Duration = Duration::from_secs(1);

/// One submission.
pub(crate) struct Work {
    pub(crate) api: Api,
    pub(crate) channel: Channel,
    pub(crate) keyed: Option<Keyed>,
}

/// A transaction and its creator's signature.
type Transaction = (Prepared, Bytes);

impl Work {
    /// Submits a call by an identity of the wallet.
    ///
    /// # Errors
    /// Whatever keeps it from being valid; see the error codes.
    pub(crate) async fn call(
        self,
        identity: WalletIdentity,
        call: Call,
    ) -> Result<Outcome, Problem> {
        let signed = peer_client::propose_by(&self.api, &identity, call.invocation)?;
        let tx_id = signed.tx_id.clone();
        if let Some(first) = self.begin(&tx_id).await? {
            return self.again(first).await;
        }
        let endorsed = async {
            let prepared = peer_client::endorse(&self.api, signed, call.organizations).await?;
            let signature = peer_client::sign(&identity, &prepared.payload)?;
            Ok((prepared, signature, waiter(&self.channel, &tx_id)?))
        };
        match endorsed.await {
            Ok((prepared, signature, waiter)) => self.order((prepared, signature), waiter).await,
            Err(problem) => self.refused(problem).await,
        }
    }

    /// Submits a transaction that its creator has signed. One that is in the ledger already is only looked up.
    ///
    /// # Errors
    /// As [`Work::call`].
    pub(crate) async fn transaction(self, transaction: Transaction) -> Result<Outcome, Problem> {
        let tx_id = transaction.0.tx_id.clone();
        if let Some(first) = self.begin(&tx_id).await? {
            return self.again(first).await;
        }
        let begun = async {
            let waiter = waiter(&self.channel, &tx_id)?;
            Ok((waiter, look_up(&self.channel, &tx_id).await?))
        };
        match begun.await {
            Ok((_, Some(committed))) => {
                let result = outcome::stored_result(&self.channel, &tx_id).await;
                judge(tx_id, committed, result.unwrap_or_default())
            }
            Ok((waiter, None)) => self.order(transaction, waiter).await,
            Err(problem) => self.refused(problem).await,
        }
    }

    /// What came of the first request with the same key; `None` if this is the first one to do something.
    async fn begin(&self, tx_id: &TxId) -> Result<Option<First>, Problem> {
        let Some(keyed) = &self.keyed else {
            return Ok(None);
        };
        let first = keyed.begin(tx_id, self.api.now_s()).await?;
        Ok(match first {
            First::None => None,
            first => Some(first),
        })
    }

    /// Nothing was ordered.
    async fn refused(&self, problem: Problem) -> Result<Outcome, Problem> {
        if let Some(keyed) = &self.keyed {
            keyed.failed(&problem).await?;
        }
        Err(problem)
    }

    /// Sends a transaction to an orderer and waits for its block.
    async fn order(&self, transaction: Transaction, waiter: Waiter) -> Result<Outcome, Problem> {
        let (prepared, signature) = transaction;
        if let Some(keyed) = &self.keyed {
            keyed.sending(&prepared, &signature).await?;
        }
        self.send(prepared, signature, waiter).await
    }

    async fn send(
        &self,
        prepared: Prepared,
        signature: Bytes,
        waiter: Waiter,
    ) -> Result<Outcome, Problem> {
        if let Err(problem) = peer_client::order(&self.api, &prepared, signature).await {
            // A transaction that nobody can have taken leaves its key free; one that somebody may have taken is sent again
            // as it is, so that it can take effect once only.
            let surely_not = matches!(
                problem.code(),
                ErrorCode::OrderRefused | ErrorCode::OrderQueueFull | ErrorCode::RequestTooLarge
            );
            return match surely_not {
                true => self.refused(problem).await,
                false => Err(problem),
            };
        }
        let (tx_id, patience) = (prepared.tx_id, self.patience());
        let waited = wait(&self.api, &self.channel, waiter, patience).await;
        match waited.map_err(|problem| problem.about(tx_id.as_str()))? {
            Some(committed) => judge(tx_id, committed, prepared.result),
            None => {
                if let Some(keyed) = &self.keyed {
                    keyed.ordered(&tx_id).await?;
                }
                Ok(self.pending(tx_id))
            }
        }
    }

    /// A repetition: waits for the first request's transaction; sends it again only where nobody may have taken it.
    async fn again(&self, first: First) -> Result<Outcome, Problem> {
        let (tx_id, patience, unsent) = match first {
            First::Sent(tx_id, Some(transaction)) => (tx_id, CATCH_UP, Some(transaction)),
            First::Sent(tx_id, None) | First::Ordered(tx_id) => (tx_id, self.patience(), None),
            First::None => return Err(Problem::invalid("there is no first request")),
        };
        let waiter = waiter(&self.channel, &tx_id)?;
        let mut committed = look_up(&self.channel, &tx_id).await?;
        if committed.is_none() {
            committed = wait(&self.api, &self.channel, waiter, patience).await?;
        }
        if let Some(committed) = committed {
            let result = outcome::stored_result(&self.channel, &tx_id).await?;
            return judge(tx_id, committed, result);
        }
        let Some((prepared, signature)) = unsent else {
            return Ok(self.pending(tx_id));
        };
        let waiter = outcome::waiter(&self.channel, &tx_id)?;
        self.send(prepared, signature, waiter).await
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.api.config.commit_wait_ms)
    }

    fn pending(&self, tx_id: TxId) -> Outcome {
        Outcome::Pending {
            tx_id,
            channel_id: self.channel.id().into(),
        }
    }
}

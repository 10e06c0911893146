//! `ChaincodeEvents`: the events of one chaincode's valid transactions, block by block.

use ::channel::Resource;
use bytes::Bytes;
use futures::Stream;
use joined::Channel;
use model::transaction::{Content, Opened};
use model::{Block, ErrorCode, TxValidationCode};
use msp::policy::SignedData;
use proto::FromWire;
use proto::gateway::{
    ChaincodeEventsRequest, ChaincodeEventsResponse, SignedChaincodeEventsRequest,
};
use proto::orderer::seek_position;
use proto::protos::ChaincodeEvent;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::commit_status::{channel_stopped, stopping};
use crate::failure::{coded, invalid};
use crate::{Gateway, read};

impl Gateway {
    pub(crate) async fn chaincode_events(
        &self,
        signed: SignedChaincodeEventsRequest,
    ) -> Result<impl Stream<Item = Result<ChaincodeEventsResponse, Status>> + Send + use<>, Status>
    {
        if signed.request.is_empty() {
            return Err(invalid(
                ErrorCode::RequestInvalid,
                "a chaincode events request is required",
            ));
        }
        let request = ChaincodeEventsRequest::from_wire(signed.request.clone()).map_err(|_| {
            invalid(
                ErrorCode::RequestProtobuf,
                "invalid chaincode events request: it does not decode",
            )
        })?;
        if request.chaincode_id.is_empty() {
            return Err(invalid(
                ErrorCode::RequestInvalid,
                "no chaincode ID provided",
            ));
        }
        let data = SignedData {
            data: signed.request,
            identity: request.identity.clone(),
            signature: signed.signature,
        };
        let place = self.authorize(&request.channel_id, Resource::GatewayChaincodeEvents, data)?;
        let events = Events::start(place.channel, request, self.inner.stop.clone()).await?;
        Ok(futures::stream::unfold(events, Events::step))
    }
}

/// Where one subscriber stands.
struct Events {
    channel: Channel,
    height: watch::Receiver<u64>,
    stop: CancellationToken,
    chaincode: String,
    /// The next block to look at.
    next: u64,
    /// Events are passed over until one of this transaction has been.
    after: Option<String>,
    ended: bool,
}

impl Events {
    async fn start(
        channel: Channel,
        request: ChaincodeEventsRequest,
        stop: CancellationToken,
    ) -> Result<Self, Status> {
        let height = channel.ledger().height();
        let position = request.start_position.and_then(|position| position.r#type);
        let mut next = match position {
            None | Some(seek_position::Type::NextCommit(_)) => height,
            Some(seek_position::Type::Specified(specified)) => specified.number,
            Some(seek_position::Type::Oldest(_)) => {
                return Err(invalid(
                    ErrorCode::EventsPosition,
                    "invalid start position type: *orderer.SeekPosition_Oldest",
                ));
            }
            Some(seek_position::Type::Newest(_)) => {
                return Err(invalid(
                    ErrorCode::EventsPosition,
                    "invalid start position type: *orderer.SeekPosition_Newest",
                ));
            }
        };
        let after = Some(request.after_transaction_id).filter(|tx| !tx.is_empty());
        if let Some(tx) = after.clone() {
            let found = read(&channel, move |ledger| ledger.tx(&tx)).await?;
            next = found.map_or(next, |location| location.block);
        }
        let height = channel.ledger().watch_height();
        Ok(Self {
            channel,
            height,
            stop,
            chaincode: request.chaincode_id,
            next,
            after,
            ended: false,
        })
    }

    /// The next block that has something to tell.
    async fn step(mut self) -> Option<(Result<ChaincodeEventsResponse, Status>, Self)> {
        while !self.ended {
            let next = self.next;
            let failed = self.channel.failed().clone();
            let waited = tokio::select! {
                height = self.height.wait_for(|height| *height > next) => height.map(|_| ()).map_err(|_| stopping()),
                () = self.stop.cancelled() => Err(stopping()),
                () = failed.cancelled() => Err(channel_stopped()),
            };
            let read = match waited {
                Ok(()) => self.next_block().await,
                Err(status) => Err(status),
            };
            match read {
                Err(status) => {
                    self.ended = true;
                    return Some((Err(status), self));
                }
                Ok(block) => {
                    self.next += 1;
                    let events = self.events(&block);
                    if !events.is_empty() {
                        return Some((
                            Ok(ChaincodeEventsResponse {
                                events,
                                block_number: block.number,
                            }),
                            self,
                        ));
                    }
                }
            }
        }
        None
    }

    async fn next_block(&self) -> Result<Block, Status> {
        let number = self.next;
        let block = read(&self.channel, move |ledger| ledger.block(number)).await?;
        block.ok_or_else(|| {
            let status = Status::not_found(format!("block {number} is not on this peer"));
            coded(ErrorCode::BlockNotFound, status)
        })
    }

    fn events(&mut self, block: &Block) -> Vec<ChaincodeEvent> {
        let mut found = Vec::new();
        for (index, entry) in block.data.iter().enumerate() {
            if block.validation_code(index) != Some(TxValidationCode::Valid) {
                continue;
            }
            let Some(event) = event_of(entry) else {
                continue;
            };
            match &self.after {
                Some(tx) if *tx == event.tx_id => self.after = None,
                Some(_) => {}
                None if event.chaincode_id == self.chaincode => found.push(event),
                None => {}
            }
        }
        found
    }
}

fn event_of(entry: &Bytes) -> Option<ChaincodeEvent> {
    let Content::Endorsed(endorsed) = Opened::parse(entry).ok()?.content().ok()? else {
        return None;
    };
    endorsed.action().ok()?.invoked().ok()?.event
}

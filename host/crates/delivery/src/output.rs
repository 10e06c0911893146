use std::sync::Arc;

use model::ChannelId;
use proto::{
    common::{Block, Status},
    orderer, protos,
};

use crate::filtered;

/// Makes a response of a block, or the status that goes out in its place.
pub type MapBlock<R> = dyn Fn(&ChannelId, Block) -> Result<R, Status> + Send + Sync;

/// How blocks and statuses become a service's own response message.
pub struct Output<R> {
    pub(crate) block: Arc<MapBlock<R>>,
    pub(crate) status: fn(Status) -> R,
}

impl<R> Clone for Output<R> {
    fn clone(&self) -> Self {
        Self {
            block: Arc::clone(&self.block),
            status: self.status,
        }
    }
}

impl<R> Output<R> {
    /// An output of one's own. When `block` gives a status, that is sent in the block's place and the stream goes on.
    pub fn new(
        block: impl Fn(&ChannelId, Block) -> Result<R, Status> + Send + Sync + 'static,
        status: fn(Status) -> R,
    ) -> Self {
        Self {
            block: Arc::new(block),
            status,
        }
    }
}

impl Output<orderer::DeliverResponse> {
    /// Whole blocks of `orderer.AtomicBroadcast/Deliver`.
    #[must_use]
    pub fn orderer_blocks() -> Self {
        use orderer::{DeliverResponse, deliver_response::Type};
        let respond = |response| DeliverResponse {
            r#type: Some(response),
        };
        Self::new(
            move |_, block| Ok(respond(Type::Block(block))),
            |status| DeliverResponse {
                r#type: Some(Type::Status(status.into())),
            },
        )
    }
}

impl Output<protos::DeliverResponse> {
    /// Whole blocks of `protos.Deliver/Deliver`.
    #[must_use]
    pub fn peer_blocks() -> Self {
        Self::new(
            |_, block| Ok(peer(protos::deliver_response::Type::Block(block))),
            peer_status,
        )
    }

    /// Filtered blocks of `protos.Deliver/DeliverFiltered`; BAD_REQUEST in the place of one that does not decode.
    #[must_use]
    pub fn filtered_blocks() -> Self {
        Self::new(
            |_, block| match filtered::filter(&block) {
                Ok(filtered) => Ok(peer(protos::deliver_response::Type::FilteredBlock(
                    filtered,
                ))),
                Err(_) => Err(Status::BadRequest),
            },
            peer_status,
        )
    }
}

fn peer(response: protos::deliver_response::Type) -> protos::DeliverResponse {
    protos::DeliverResponse {
        r#type: Some(response),
    }
}

fn peer_status(status: Status) -> protos::DeliverResponse {
    peer(protos::deliver_response::Type::Status(status.into()))
}

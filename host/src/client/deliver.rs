//! Blocks as they are committed, whole or filtered, from the peer's deliver service.

use futures::StreamExt as _;
use model::Block;
use model::client::{NONCE_BYTES, Sender};
use msp::Signer as _;
use proto::common::{Envelope, Status};
use proto::orderer::{
    SeekInfo, SeekNextCommit, SeekPosition, SeekSpecified, seek_info::SeekBehavior, seek_position,
};
use proto::protos::deliver_response::Type;
use proto::protos::{DeliverResponse, FilteredBlock};
use services::MESSAGE_SIZE_BYTES_MAX;
use services::protos::deliver_client::DeliverClient;
use tonic::Streaming;

use super::{Client, ClientError};

const FOLLOWING: &str = "following blocks";

/// The first block of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// The next one that is committed.
    Next,
    /// This one.
    Number(u64),
}

/// Blocks as they come, with no end of their own.
pub(crate) struct Blocks<'a> {
    client: &'a Client,
    stream: Streaming<DeliverResponse>,
}

/// What a stream of blocks carries.
pub(crate) enum Delivered {
    /// A whole block.
    Block(Block),
    /// What became of a block's transactions.
    Filtered(FilteredBlock),
}

impl Client {
    /// Follows the channel's blocks, whole or filtered.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn blocks(
        &self,
        from: From,
        is_filtered: bool,
    ) -> Result<Blocks<'_>, ClientError> {
        let requests = futures::stream::iter([self.seek(from)?]);
        // The request stream stays open as long as the answers are read: servers end the call with it.
        let requests = requests.chain(futures::stream::pending());
        let mut client = DeliverClient::new(self.connection.clone())
            .max_decoding_message_size(MESSAGE_SIZE_BYTES_MAX);
        let answer = match is_filtered {
            true => client.deliver_filtered(requests).await,
            false => client.deliver(requests).await,
        };
        Ok(Blocks {
            client: self,
            stream: answer.map_err(self.failed(FOLLOWING))?.into_inner(),
        })
    }

    fn seek(&self, from: From) -> Result<Envelope, ClientError> {
        let specified = |number| seek_position::Type::Specified(SeekSpecified { number });
        let position = |position| {
            Some(SeekPosition {
                r#type: Some(position),
            })
        };
        let start = match from {
            From::Next => seek_position::Type::NextCommit(SeekNextCommit {}),
            From::Number(number) => specified(number),
        };
        let seek = SeekInfo {
            start: position(start),
            stop: position(specified(u64::MAX)),
            behavior: SeekBehavior::BlockUntilReady.into(),
            ..SeekInfo::default()
        };
        let mut nonce = [0; NONCE_BYTES];
        (self.sources.fill_random)(&mut nonce);
        let sender = Sender {
            creator: self.signer.identity().clone(),
            nonce,
            timestamp: (self.sources.now)(),
        };
        let payload = sender.seek(&self.channel_id, &seek, None);
        let signature = self.sign(&payload)?;
        Ok(Envelope { payload, signature })
    }
}

impl Blocks<'_> {
    /// The next block; `None` when the peer ends the stream.
    ///
    /// # Errors
    /// [`ClientError::Call`]: the stream broke. [`ClientError::Refused`]: the peer does not give these blocks.
    pub(crate) async fn next(&mut self) -> Result<Option<Delivered>, ClientError> {
        let message = self.stream.message().await;
        let message = message.map_err(self.client.failed(FOLLOWING))?;
        match message.and_then(|message| message.r#type) {
            None => Ok(None),
            Some(Type::Block(block)) => Block::from_proto(block)
                .map(|block| Some(Delivered::Block(block)))
                .map_err(|error| ClientError::answer(FOLLOWING, error)),
            Some(Type::FilteredBlock(block)) => Ok(Some(Delivered::Filtered(block))),
            Some(Type::BlockAndPrivateData(_)) => {
                Err(ClientError::answer(FOLLOWING, "it holds private data"))
            }
            Some(Type::Status(status)) => Err(refused(status)),
        }
    }
}

/// Deliver says why it ends with a status that has no text.
fn refused(status: i32) -> ClientError {
    use model::ErrorCode;
    let known = Status::try_from(status).unwrap_or(Status::Unknown);
    let code = match known {
        Status::Forbidden => ErrorCode::AccessDenied,
        Status::NotFound => ErrorCode::ChannelNotFound,
        Status::BadRequest => ErrorCode::RequestInvalid,
        Status::ServiceUnavailable => ErrorCode::NodeUnavailable,
        _ => ErrorCode::NodeBroken,
    };
    ClientError::Refused {
        function: FOLLOWING.to_owned(),
        status,
        message: known.as_str_name().to_owned(),
        code: Some(code),
    }
}

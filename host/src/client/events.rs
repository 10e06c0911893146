//! Events of a chaincode, block by block.

use bytes::Bytes;
use msp::Signer as _;
use prost::Message;
use proto::gateway::{
    ChaincodeEventsRequest, ChaincodeEventsResponse, SignedChaincodeEventsRequest,
};
use proto::orderer::{SeekPosition, SeekSpecified, seek_position};
use tonic::Streaming;

use super::{Client, ClientError};

/// Events as they come, with no end of their own.
pub(crate) struct Events<'a> {
    client: &'a Client,
    stream: Streaming<ChaincodeEventsResponse>,
}

const FOLLOWING: &str = "following events";

impl Client {
    /// Follows a chaincode's events from block `from` on; without it, from the next block.
    ///
    /// # Errors
    /// [`ClientError::Call`], [`ClientError::Sign`].
    pub(crate) async fn events(
        &self,
        chaincode: &str,
        from: Option<u64>,
    ) -> Result<Events<'_>, ClientError> {
        let start = |number| SeekPosition {
            r#type: Some(seek_position::Type::Specified(SeekSpecified { number })),
        };
        let request = ChaincodeEventsRequest {
            channel_id: self.channel_id.clone(),
            chaincode_id: chaincode.to_owned(),
            identity: self.signer.identity().clone(),
            start_position: from.map(start),
            after_transaction_id: String::new(),
        };
        let request = Bytes::from(request.encode_to_vec());
        let signature = self.sign(&request)?;
        let request = SignedChaincodeEventsRequest { request, signature };
        let answer = self.gateway().chaincode_events(request).await;
        let stream = answer.map_err(self.failed(FOLLOWING))?.into_inner();
        Ok(Events {
            client: self,
            stream,
        })
    }
}

impl Events<'_> {
    /// The events of the next block that has any; `None` when the peer ends the stream.
    ///
    /// # Errors
    /// [`ClientError::Call`]: the stream broke.
    pub(crate) async fn next(&mut self) -> Result<Option<ChaincodeEventsResponse>, ClientError> {
        self.stream
            .message()
            .await
            .map_err(self.client.failed(FOLLOWING))
    }
}

//! What comes with a failed gRPC call beside its message.

use prost::{Message as _, Name as _};
use proto::gateway::ErrorDetail;
use proto::google::rpc;
use tonic::Status;

use crate::problem::Detail;

/// What other nodes said, out of a status's details.
pub(crate) fn details_of(status: &Status) -> Vec<Detail> {
    let Ok(full) = rpc::Status::decode(status.details()) else {
        return Vec::new();
    };
    let ours = ErrorDetail::type_url();
    let details = full.details.into_iter().filter(|any| any.type_url == ours);
    let decoded = details.filter_map(|any| ErrorDetail::decode(any.value.as_slice()).ok());
    let shown = decoded.map(|one| Detail {
        address: one.address,
        msp_id: one.msp_id,
        message: one.message,
    });
    shown.collect()
}

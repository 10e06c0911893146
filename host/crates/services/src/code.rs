//! The stable error code that a status carries beside Fabric's message and details.

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

/// Trailer of failed calls, and header of answers whose response tells of a failure: the name of an error code.
pub const CODE_METADATA: &str = "weft-code";

/// The status with a code. One that a deeper part has put there stays: it knows more.
#[must_use]
pub fn with_code(mut status: Status, code: &'static str) -> Status {
    if status.metadata().get(CODE_METADATA).is_none() {
        put_code(status.metadata_mut(), code);
    }
    status
}

/// The end of a stream that has told of a failure in a message of its own and ends well for gRPC, as Fabric's streams of blocks
/// and answers do: the code in the trailer, and nothing else that is not there in Fabric.
#[must_use]
pub fn end_with_code(code: &'static str) -> Status {
    with_code(Status::new(Code::Ok, ""), code)
}

/// The code of a status, if it carries one.
#[must_use]
pub fn code_of(status: &Status) -> Option<&str> {
    read_code(status.metadata())
}

/// Puts a code into the metadata of an answer.
pub fn put_code(metadata: &mut MetadataMap, code: &'static str) {
    metadata.insert(CODE_METADATA, MetadataValue::from_static(code));
}

/// Reads the code from the metadata of an answer.
#[must_use]
pub fn read_code(metadata: &MetadataMap) -> Option<&str> {
    metadata.get(CODE_METADATA)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::{code_of, with_code};
    use tonic::Status;

    #[test]
    fn the_deepest_code_stays() {
        let status = with_code(Status::unknown("x"), "proposal.clock");
        let status = with_code(status, "endorse.failed");
        assert_eq!(code_of(&status), Some("proposal.clock"));
        assert_eq!(code_of(&Status::unknown("x")), None);
    }
}

//! Status, text and details of each failure, word for word: the rows are those of Fabric's internal/pkg/gateway.

mod after;
mod proposals;

use expect_test::Expect;
use prost::Message as _;
use proto::gateway::ErrorDetail;
use proto::google::rpc;
use tonic::Status;

use super::World;

/// All that a client sees of a failure: status, text, and a line for each detail.
fn told(world: &World, failed: Result<(), Status>) -> String {
    let Err(status) = failed else {
        return "done".to_owned();
    };
    let mut text = format!("{:?}: {}", status.code(), status.message());
    if !status.details().is_empty() {
        let full = rpc::Status::decode(status.details()).unwrap();
        assert_eq!(full.code, i32::from(status.code()));
        assert_eq!(full.message, status.message());
        for any in &full.details {
            let detail: ErrorDetail = any.to_msg().unwrap();
            let (address, msp_id) = (detail.address, detail.msp_id);
            text += &format!("\n  {address} {msp_id}: {}", detail.message);
        }
    }
    let orderers = world.channel().bundle().orderer_endpoints();
    for (number, orderer) in orderers.iter().enumerate() {
        text = text.replace(&orderer.address, &format!("<orderer {number}>"));
    }
    text.replace(&world.remote_address, "<other>")
}

#[derive(Default)]
struct Rows(Vec<String>);

impl Rows {
    fn add(&mut self, case: &str, told: String) {
        self.0.push(format!("{case}\n  {told}"));
    }

    fn are(self, expected: Expect) {
        expected.assert_eq(&format!("{}\n", self.0.join("\n")));
    }
}

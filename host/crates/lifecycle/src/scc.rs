//! The built-in chaincode `_lifecycle`: installing packages, approving, committing and looking up definitions.
//!
//! Function names, argument and result messages, the reads and writes of each function, and the error texts are those
//! of Fabric's `core/chaincode/lifecycle`, so that results endorsed here equal those endorsed by Fabric's peers.

mod approve;
mod commit;
mod input;
mod install;
mod query;

use bytes::Bytes;
use model::{ErrorCode, Refused};
use prost::Message;
use proto::FromWire;
use proto::protos::Response;
use rwset::{Simulator, StateError};

use crate::{Channel, Error, Packages};

/// What a call of `_lifecycle` may use besides the state.
pub struct Context<'a> {
    /// The channel of the proposal; `None` for a call without a channel.
    pub channel: Option<Channel<'a>>,
    /// The MSP of the organisation that runs this peer.
    pub local_msp_id: &'a str,
    /// The installed packages.
    pub packages: &'a dyn Packages,
    /// Whether the caller may use the resource of this name (`_lifecycle/` and the function); the error is the reason.
    pub authorize: &'a dyn Fn(&str) -> Result<(), Refused>,
}

/// What a built-in chaincode answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status, message and payload as Fabric has them.
    pub response: Response,
    /// Why, if the status is an error.
    pub code: Option<ErrorCode>,
}

impl Answer {
    /// Status 200 with a result.
    #[must_use]
    pub fn success(payload: impl Into<Bytes>) -> Self {
        let response = Response {
            status: 200,
            message: String::new(),
            payload: payload.into(),
        };
        Self {
            response,
            code: None,
        }
    }

    /// Status 500, the ordinary failure.
    #[must_use]
    pub fn failure(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::with_status(500, code, message.into())
    }

    fn with_status(status: i32, code: ErrorCode, message: String) -> Self {
        let response = Response {
            status,
            message,
            payload: Bytes::new(),
        };
        Self {
            response,
            code: Some(code),
        }
    }
}

/// Everything a function works with.
struct Call<'a, 'b> {
    context: &'a Context<'a>,
    simulator: Option<&'b mut Simulator>,
}

/// Runs one function: `args` are its name and its marshalled argument message.
///
/// The simulator belongs to the channel and may be missing only for a call without a channel. A refusal is a response
/// with status 500 or 404; its reads stay in the simulator, and nobody endorses them.
///
/// # Errors
/// [`StateError`]: a disk or database failed, so there is no answer at all.
pub fn invoke(
    args: &[Bytes],
    context: &Context<'_>,
    simulator: Option<&mut Simulator>,
) -> Result<Answer, StateError> {
    let [function, input] = args else {
        let reason = match args.len() {
            0 => "lifecycle scc must be invoked with arguments".to_owned(),
            count => format!(
                "lifecycle scc operations require exactly two arguments but received {count}"
            ),
        };
        return Ok(Answer::failure(ErrorCode::ChaincodeArguments, reason));
    };
    let function = String::from_utf8_lossy(function);
    if let Err(refused) = (context.authorize)(&format!("{}/{function}", crate::NAMESPACE)) {
        let text = format!("Failed to authorize invocation due to failed ACL check: {refused}");
        return Ok(Answer::failure(refused.code, text));
    }
    let mut call = Call { context, simulator };
    match call.dispatch(&function, input) {
        Ok(payload) => Ok(Answer::success(payload)),
        Err(Error::State(error)) => Err(error),
        Err(error @ (Error::NotDefined(_) | Error::NotInstalled(_))) => {
            Ok(Answer::with_status(404, error.code(), error.to_string()))
        }
        Err(error) => Ok(Answer::failure(
            error.code(),
            format!("failed to invoke backing implementation of '{function}': {error}"),
        )),
    }
}

impl<'a> Call<'a, '_> {
    fn dispatch(&mut self, function: &str, input: &Bytes) -> Result<Vec<u8>, Error> {
        match function {
            "InstallChaincode" => run(function, input, |args| self.install(args)),
            "QueryInstalledChaincode" => run(function, input, |args| self.query_installed(args)),
            "GetInstalledChaincodePackage" => run(function, input, |args| self.get_package(args)),
            "QueryInstalledChaincodes" => {
                run(function, input, |args| self.query_all_installed(args))
            }
            "ApproveChaincodeDefinitionForMyOrg" => run(function, input, |args| self.approve(args)),
            "QueryApprovedChaincodeDefinition" => {
                run(function, input, |args| self.query_approved(args))
            }
            "QueryApprovedChaincodeDefinitions" => {
                run(function, input, |args| self.query_all_approved(args))
            }
            "CheckCommitReadiness" => run(function, input, |args| self.check_readiness(args)),
            "CommitChaincodeDefinition" => run(function, input, |args| self.commit(args)),
            "QueryChaincodeDefinition" => run(function, input, |args| self.query_definition(args)),
            "QueryChaincodeDefinitions" => {
                run(function, input, |args| self.query_all_definitions(args))
            }
            _ => Err(Error::because(
                ErrorCode::ChaincodeFunction,
                format!("receiver *lifecycle.Invocation.{function} does not exist"),
            )),
        }
    }

    fn channel(&self) -> Result<Channel<'a>, Error> {
        self.context
            .channel
            .ok_or_else(|| no_channel("could not get channelconfig for channel ''"))
    }

    fn simulator(&mut self) -> Result<&mut Simulator, Error> {
        self.simulator
            .as_deref_mut()
            .ok_or_else(|| no_channel("invalid channel-less operation"))
    }
}

fn no_channel(reason: &str) -> Error {
    Error::because(ErrorCode::ChannelNotFound, reason)
}

fn run<A: FromWire, R: Message>(
    function: &str,
    input: &Bytes,
    body: impl FnOnce(A) -> Result<R, Error>,
) -> Result<Vec<u8>, Error> {
    let args = A::from_wire(input.clone()).map_err(|error| {
        Error::because(
            ErrorCode::RequestProtobuf,
            format!("could not decode input arg for *lifecycle.Invocation.{function}: {error}"),
        )
    })?;
    Ok(body(args)?.encode_to_vec())
}

#[cfg(test)]
mod tests;

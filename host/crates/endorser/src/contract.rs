//! What a contract's own answer says of why it failed.

use model::ErrorCode;
use proto::protos::Response;
use runtime::world::refusal;

/// The lowest status that is not endorsed.
pub(crate) const ERROR_STATUS: i32 = 400;

/// The code of a contract's response; none if it is no failure.
///
/// A call that no function of the contract takes is told from the contract's own refusals by the status and the form of
/// the message that [`refusal`] says; whoever writes contracts without an SDK can use them too.
pub(crate) fn code_of(response: &Response) -> Option<ErrorCode> {
    if response.status < ERROR_STATUS {
        return None;
    }
    let message = response.message.as_str();
    Some(match response.status {
        refusal::FUNCTION_STATUS if refusal::is_of_function(message) => {
            ErrorCode::ChaincodeFunction
        }
        refusal::ARGUMENTS_STATUS if refusal::is_of_arguments(message) => {
            ErrorCode::ChaincodeArguments
        }
        _ => ErrorCode::ChaincodeFailed,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proto::protos::Response;

    use super::code_of;

    #[test]
    fn only_status_and_form_together_tell_a_wrong_call_from_a_contracts_own_refusal() {
        let lines: Vec<String> = [
            (200, "Function Sell not found in contract Asset"),
            (404, "Function Sell not found in contract Asset; it has Buy"),
            (404, "Contract not found with name Assets"),
            (404, "Blank function name passed"),
            (404, "the asset a7 does not exist"),
            (404, "Function is what this asset lacks"),
            (500, "Function Sell not found in contract Asset"),
            (400, "Incorrect number of params. Expected 2, received 1"),
            (400, "Error managing parameter size. Conversion error."),
            (400, "the size must not be negative"),
            (404, "Incorrect number of params. Expected 2, received 1"),
            (500, "Incorrect number of params. Expected 2, received 1"),
            (599, ""),
        ]
        .into_iter()
        .map(|(status, message)| {
            let response = Response {
                status,
                message: message.to_owned(),
                ..Response::default()
            };
            let code = code_of(&response).map_or("-", model::ErrorCode::name);
            format!("{status} {message}: {code}")
        })
        .collect();
        expect![[r#"
            200 Function Sell not found in contract Asset: -
            404 Function Sell not found in contract Asset; it has Buy: chaincode.function
            404 Contract not found with name Assets: chaincode.function
            404 Blank function name passed: chaincode.function
            404 the asset a7 does not exist: chaincode.failed
            404 Function is what this asset lacks: chaincode.failed
            500 Function Sell not found in contract Asset: chaincode.failed
            400 Incorrect number of params. Expected 2, received 1: chaincode.arguments
            400 Error managing parameter size. Conversion error.: chaincode.arguments
            400 the size must not be negative: chaincode.failed
            404 Incorrect number of params. Expected 2, received 1: chaincode.failed
            500 Incorrect number of params. Expected 2, received 1: chaincode.failed
            599 : chaincode.failed"#]]
        .assert_eq(&lines.join("\n"));
    }
}

//! `call`: chaincode that calls chaincode.

use std::sync::Arc;

use bytes::Bytes;
use rwset::Simulator;
use wasmtime::component::LinkerInstance;

use crate::Contract;
use crate::context::{CallRefused, CallRequest, Callee};
use crate::guest::{Entry, Guest};
use crate::instance;
use crate::trap::Abort;
use crate::world::{self, code};

use super::meter::{Call, Failure, answer};
use super::types::{Error, Response};

pub(super) fn link(linker: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "invoke-chaincode",
        |store, (chaincode, args, channel): (String, Vec<Vec<u8>>, String)| {
            answer(store, |call| invoke(call, &chaincode, args, &channel))
        },
    )
}

/// The chaincode to call, found by its name.
struct Target {
    chaincode: String,
    channel: String,
    same_channel: bool,
}

fn invoke(
    call: &mut Call<'_>,
    chaincode: &str,
    args: Vec<Vec<u8>>,
    channel: &str,
) -> Result<Response, Failure> {
    call.pay(world::PRICE_INVOKE)?;
    call.pay_bytes(chaincode.len() + channel.len())?;
    call.pay_list(&args)?;
    instance::check_args(&args)?;
    let target = target(call.guest(), chaincode, channel)?;
    refuse_stack(call.guest(), &target)?;
    let response = match resolve(call.guest(), &target, &args)? {
        Callee::Answered(reply) => Response {
            status: reply.status,
            message: reply.message,
            payload: reply.payload,
        },
        Callee::Contract {
            contract,
            namespace,
            simulator,
        } => {
            if target.same_channel == simulator.is_some() {
                return Err(Abort::Broken("the callee has another channel's simulator").into());
            }
            let args: Vec<Bytes> = args.into_iter().map(Bytes::from).collect();
            run(call, &contract, namespace, target, simulator, &args)?
        }
    };
    call.pay_bytes(response.message.len() + response.payload.len())?;
    Ok(response)
}

/// Reads `name`, `name:version`, `name/channel` or `name:version/channel`; a version means nothing, as in Fabric.
fn target(guest: &Guest, chaincode: &str, channel: &str) -> Result<Target, Failure> {
    let (name, in_name) = chaincode.split_once('/').unwrap_or((chaincode, ""));
    let name = name.split(':').next().unwrap_or(name);
    let channel = match (channel, in_name) {
        ("", "") => guest.channel.as_str(),
        ("", channel) | (channel, "") => channel,
        _ => return Err(Error::invalid("the channel is given twice").into()),
    };
    if name.is_empty() {
        return Err(Error::invalid("the chaincode's name is empty").into());
    }
    Ok(Target {
        chaincode: name.to_owned(),
        same_channel: channel == guest.channel,
        channel: channel.to_owned(),
    })
}

/// Refuses a call that would go too deep or come back to a chaincode on the stack.
fn refuse_stack(guest: &mut Guest, target: &Target) -> Result<(), Failure> {
    guest.simulator()?;
    let transaction = guest.transaction()?;
    if transaction.stack.len() >= world::CALL_DEPTH_MAX {
        let (what, got) = ("chaincodes on the stack", transaction.stack.len() + 1);
        return Err(Error::limit(what, got, world::CALL_DEPTH_MAX).into());
    }
    let running = |(channel, chaincode): &(String, String)| {
        *channel == target.channel && *chaincode == target.chaincode
    };
    if transaction.stack.iter().any(running) {
        // Fabric's peer says it so: it knows a running chaincode by transaction and channel.
        let tx_id = &transaction.context.tx_id;
        let text = format!(
            "INVOKE_CHAINCODE failed: transaction ID: {tx_id}: execute failed: error sending: \
             txid: {tx_id}({}) exists",
            target.channel
        );
        return Err(Error::invalid(text).into());
    }
    Ok(())
}

fn resolve(guest: &mut Guest, target: &Target, args: &[Vec<u8>]) -> Result<Callee, Failure> {
    let transaction = guest.transaction()?;
    let Some(simulator) = transaction.simulator.as_deref_mut() else {
        return Err(Abort::Broken("a transaction without a simulator").into());
    };
    let request = CallRequest {
        chaincode: &target.chaincode,
        channel: &target.channel,
        same_channel: target.same_channel,
        args,
        simulator,
    };
    (transaction.hooks.call)(request).map_err(|refused| match refused {
        CallRefused::NotFound(text) => Error::new(code::NOT_FOUND, text).into(),
        CallRefused::AccessDenied(text) => Error::new(code::ACCESS_DENIED, text).into(),
        CallRefused::Failed(text) => Error::new(code::CALL_FAILED, text).into(),
        CallRefused::State(cause) => Abort::State(cause).into(),
    })
}

/// Runs the callee on a part of the caller's fuel, with the transaction lent to it.
fn run(
    call: &mut Call<'_>,
    contract: &Arc<Contract>,
    namespace: String,
    target: Target,
    simulator: Option<Box<Simulator>>,
    args: &[Bytes],
) -> Result<Response, Failure> {
    let (of, parts) = world::CALLEE_FUEL;
    let fuel = call.fuel()?;
    let lent = fuel / parts * of;
    let kept = fuel - lent;
    call.set_fuel(kept)?;

    let engine = call.engine();
    let broken = || Abort::Broken("the transaction is elsewhere");
    let mut transaction = call.guest().transaction.take().ok_or_else(broken)?;
    let own = simulator.map(|other| transaction.simulator.replace(other));
    let mark = transaction.simulator.as_deref_mut().map(Simulator::mark);
    transaction
        .stack
        .push((target.channel.clone(), target.chaincode));

    let guest = Guest::new(namespace, target.channel, Entry::Invoke, transaction);
    let done = instance::run(&engine, contract, guest, lent, args);
    let mut transaction = done.ended?.transaction;
    transaction.stack.pop();
    if let (Some(simulator), Some(mark)) = (transaction.simulator.as_deref_mut(), mark) {
        match &done.result {
            Ok(_) => simulator.confirm(mark),
            Err(_) => simulator.roll_back(mark),
        }
    }
    if let Some(own) = own {
        transaction.simulator = own;
    }
    call.guest().transaction = Some(transaction);
    match done.result {
        Ok(response) => {
            call.set_fuel(kept + done.fuel_left)?;
            Ok(response)
        }
        Err(trap) if trap.code.is_deterministic() => {
            Err(Error::new(code::CALL_FAILED, trap.message).into())
        }
        Err(trap) => Err(Abort::Trap(trap).into()),
    }
}

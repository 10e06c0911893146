//! Who may call what: a resource's rule against the signer of a proposal. The texts are Fabric's.

use std::sync::Arc;

use ::channel::{Access as Rule, Bundle, Resource};
use joined::Channels;
use model::{ErrorCode, Refused};
use msp::policy::SignedData;
use msp::{Identity, MspManager, Principal, Role};

/// Who signed a proposal, checked by the MSPs of the proposal's channel, or by the peer's own for a call without one.
pub(crate) struct Caller {
    pub(crate) identity: Arc<Identity>,
    /// The proposal's bytes, signature and signer.
    pub(crate) signed: SignedData,
}

/// The rules of a peer's channels and of the peer itself.
pub(crate) struct Access {
    local_msps: Arc<MspManager>,
    local_msp_id: String,
    channels: Channels,
}

impl Access {
    pub(crate) fn new(local_msps: Arc<MspManager>, local_msp_id: &str, channels: Channels) -> Self {
        Self {
            local_msps,
            local_msp_id: local_msp_id.to_owned(),
            channels,
        }
    }

    pub(crate) fn channels(&self) -> &Channels {
        &self.channels
    }

    pub(crate) fn local_msps(&self) -> &MspManager {
        &self.local_msps
    }

    /// Whether the caller may use the resource of this name on a channel; `""` is the peer itself.
    ///
    /// # Errors
    /// The reason in Fabric's words.
    pub(crate) fn check(
        &self,
        resource: &str,
        channel: &str,
        caller: &Caller,
    ) -> Result<(), Refused> {
        let bundle = self.channels.get(channel).map(|joined| joined.bundle());
        self.check_in(resource, channel, bundle.as_deref(), caller)
    }

    /// As [`check`](Self::check), by the configuration that the caller holds.
    pub(crate) fn check_in(
        &self,
        resource: &str,
        channel: &str,
        bundle: Option<&Bundle>,
        caller: &Caller,
    ) -> Result<(), Refused> {
        let Some(known) = Resource::parse(resource) else {
            let text = format!("Unmapped policy for {resource}");
            return Err(Refused::new(ErrorCode::ChaincodeFunction, text));
        };
        let rule = bundle.map_or_else(|| known.default_access(), |bundle| bundle.access(known));
        let denied = |text| Refused::new(ErrorCode::AccessDenied, text);
        let no_channel = |text| Refused::new(ErrorCode::ChannelNotFound, text);
        match (rule, bundle) {
            (Rule::LocalAdmins, _) => self
                .check_local("Admins", Role::Admin, caller)
                .map_err(denied),
            (Rule::LocalMembers, _) => self
                .check_local("Members", Role::Member, caller)
                .map_err(denied),
            (Rule::Channel(policy), _) if channel.is_empty() => Err(no_channel(format!(
                "Failed getting local MSP principal during channelless check policy with policy [{policy}]: \
                 [MSP Principal role [{policy}] not recognized.]"
            ))),
            (Rule::Channel(_), None) => Err(no_channel(format!(
                "Failed to get policy manager for channel [{channel}]"
            ))),
            (Rule::Channel(policy), Some(bundle)) => {
                check_policy(policy, channel, bundle, caller).map_err(denied)
            }
        }
    }

    fn check_local(&self, policy: &str, role: Role, caller: &Caller) -> Result<(), String> {
        let during = |step: &str, error: &msp::Error| {
            format!(
                "Failed {step} during channelless check policy with policy [{policy}]: [{error}]"
            )
        };
        let SignedData {
            data,
            identity,
            signature,
        } = &caller.signed;
        let identity = self
            .local_msps
            .identity(identity)
            .map_err(|error| during("deserializing proposal creator", &error))?;
        let principal = Principal::Role {
            msp_id: self.local_msp_id.clone(),
            role,
        };
        identity.satisfies(&principal).map_err(|error| {
            during(
                "verifying that proposal's creator satisfies local MSP principal",
                &error,
            )
        })?;
        identity
            .verify(data, signature)
            .map_err(|error| error.to_string())
    }
}

fn check_policy(
    policy: &str,
    channel: &str,
    bundle: &Bundle,
    caller: &Caller,
) -> Result<(), String> {
    let signed = std::slice::from_ref(&caller.signed);
    bundle
        .policies()
        .evaluate_signed(policy, signed)
        .map_err(|error| {
            format!(
                "Failed evaluating policy on signed data during check policy on channel [{channel}] with policy \
                 [{policy}]: [{error}]"
            )
        })
}

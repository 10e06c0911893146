//! Who may ask a peer for what: the resources that clients call, and the policies that guard them.
//!
//! Defaults are those of Fabric's `core/aclmgmt/defaultaclprovider.go`; a channel's `ACLs` value overrides the channel's
//! own resources, never the peer's.

use std::collections::BTreeMap;

use proto::protos;

/// A thing a client can call, by Fabric's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each variant is the resource whose name() it has"
)]
pub enum Resource {
    LifecycleInstall,
    LifecycleQueryInstalled,
    LifecycleQueryInstalledAll,
    LifecycleGetPackage,
    LifecycleApprove,
    LifecycleQueryApproved,
    LifecycleQueryApprovedAll,
    LifecycleCommit,
    LifecycleQueryDefinition,
    LifecycleQueryDefinitions,
    LifecycleCheckReadiness,
    SnapshotSubmit,
    SnapshotCancel,
    SnapshotList,
    CsccJoinChain,
    CsccJoinChainBySnapshot,
    CsccJoinBySnapshotStatus,
    CsccGetChannels,
    CsccGetConfigBlock,
    CsccGetChannelConfig,
    QsccGetChainInfo,
    QsccGetBlockByNumber,
    QsccGetBlockByHash,
    QsccGetTransactionById,
    QsccGetBlockByTxId,
    Propose,
    ChaincodeToChaincode,
    EventBlock,
    EventFilteredBlock,
    GatewayCommitStatus,
    GatewayChaincodeEvents,
}

/// What a caller must satisfy to use a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// An administrator by the peer's own (local) MSP, whatever channel is named.
    LocalAdmins,
    /// Any member by the peer's own (local) MSP.
    LocalMembers,
    /// This policy of the channel, as an absolute path.
    Channel(&'a str),
}

const WRITERS: Access<'static> = Access::Channel("/Channel/Application/Writers");
const READERS: Access<'static> = Access::Channel("/Channel/Application/Readers");

/// Resource, name, default rule.
const TABLE: [(Resource, &str, Access<'static>); 31] = {
    use Access::{LocalAdmins, LocalMembers};
    use Resource as R;
    [
        (
            R::LifecycleInstall,
            "_lifecycle/InstallChaincode",
            LocalAdmins,
        ),
        (
            R::LifecycleQueryInstalled,
            "_lifecycle/QueryInstalledChaincode",
            LocalAdmins,
        ),
        (
            R::LifecycleQueryInstalledAll,
            "_lifecycle/QueryInstalledChaincodes",
            LocalAdmins,
        ),
        (
            R::LifecycleGetPackage,
            "_lifecycle/GetInstalledChaincodePackage",
            LocalAdmins,
        ),
        (
            R::LifecycleApprove,
            "_lifecycle/ApproveChaincodeDefinitionForMyOrg",
            LocalAdmins,
        ),
        (
            R::LifecycleQueryApproved,
            "_lifecycle/QueryApprovedChaincodeDefinition",
            LocalAdmins,
        ),
        (
            R::LifecycleQueryApprovedAll,
            "_lifecycle/QueryApprovedChaincodeDefinitions",
            LocalAdmins,
        ),
        (
            R::LifecycleCommit,
            "_lifecycle/CommitChaincodeDefinition",
            WRITERS,
        ),
        (
            R::LifecycleQueryDefinition,
            "_lifecycle/QueryChaincodeDefinition",
            WRITERS,
        ),
        (
            R::LifecycleQueryDefinitions,
            "_lifecycle/QueryChaincodeDefinitions",
            WRITERS,
        ),
        (
            R::LifecycleCheckReadiness,
            "_lifecycle/CheckCommitReadiness",
            WRITERS,
        ),
        (R::SnapshotSubmit, "snapshot/submitrequest", LocalAdmins),
        (R::SnapshotCancel, "snapshot/cancelrequest", LocalAdmins),
        (R::SnapshotList, "snapshot/listpending", LocalAdmins),
        (R::CsccJoinChain, "cscc/JoinChain", LocalAdmins),
        (
            R::CsccJoinChainBySnapshot,
            "cscc/JoinChainBySnapshot",
            LocalAdmins,
        ),
        (
            R::CsccJoinBySnapshotStatus,
            "cscc/JoinBySnapshotStatus",
            LocalAdmins,
        ),
        (R::CsccGetChannels, "cscc/GetChannels", LocalMembers),
        (R::CsccGetConfigBlock, "cscc/GetConfigBlock", READERS),
        (R::CsccGetChannelConfig, "cscc/GetChannelConfig", READERS),
        (R::QsccGetChainInfo, "qscc/GetChainInfo", READERS),
        (R::QsccGetBlockByNumber, "qscc/GetBlockByNumber", READERS),
        (R::QsccGetBlockByHash, "qscc/GetBlockByHash", READERS),
        (
            R::QsccGetTransactionById,
            "qscc/GetTransactionByID",
            READERS,
        ),
        (R::QsccGetBlockByTxId, "qscc/GetBlockByTxID", READERS),
        (R::Propose, "peer/Propose", WRITERS),
        (
            R::ChaincodeToChaincode,
            "peer/ChaincodeToChaincode",
            WRITERS,
        ),
        (R::EventBlock, "event/Block", READERS),
        (R::EventFilteredBlock, "event/FilteredBlock", READERS),
        (R::GatewayCommitStatus, "gateway/CommitStatus", READERS),
        (
            R::GatewayChaincodeEvents,
            "gateway/ChaincodeEvents",
            READERS,
        ),
    ]
};

impl Resource {
    /// The resource of this name; `None` for a name that nothing guards, which nobody may call: Fabric answers
    /// `Unmapped policy for` and the name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(resource, _, _)| *resource)
    }

    /// Fabric's name, as it stands in an `ACLs` value.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The rule without any override.
    #[must_use]
    pub fn default_access(self) -> Access<'static> {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, Access<'static>) {
        TABLE
            .iter()
            .copied()
            .find(|(resource, _, _)| *resource == self)
            .unwrap_or((self, "", Access::LocalAdmins))
    }
}

/// The overrides of one channel: resource name to absolute policy path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acls(BTreeMap<String, String>);

impl Acls {
    pub(crate) fn new(value: protos::AcLs) -> Self {
        let absolute = |reference: String| match reference.starts_with('/') {
            true => reference,
            false => format!("/Channel/Application/{reference}"),
        };
        Self(
            value
                .acls
                .into_iter()
                .filter(|(_, resource)| !resource.policy_ref.is_empty())
                .map(|(name, resource)| (name, absolute(resource.policy_ref)))
                .collect(),
        )
    }

    /// The rule for a resource on this channel. Resources of the peer itself cannot be overridden.
    #[must_use]
    pub fn access(&self, resource: Resource) -> Access<'_> {
        match resource.default_access() {
            Access::Channel(path) => {
                Access::Channel(self.0.get(resource.name()).map_or(path, String::as_str))
            }
            local => local,
        }
    }
}

//! Committing a definition that enough organisations have approved, and asking whether they have.

use std::collections::BTreeMap;

use model::ErrorCode;
use proto::lifecycle::{
    CheckCommitReadinessArgs, CheckCommitReadinessResult, CommitChaincodeDefinitionArgs,
    CommitChaincodeDefinitionResult, check_commit_readiness_result::Mismatches,
};

use super::{Call, input::set_defaults};
use crate::{
    Definition, Error,
    definition::read_sequence,
    keys::{NAMESPACES, approval_name, implicit_collection},
    place::{Hashes, Place},
};

/// For each application organisation, by MSP, the parts in which its approval differs; none if it approves.
type Approvals = BTreeMap<String, Vec<&'static str>>;

impl Call<'_, '_> {
    pub(super) fn check_readiness(
        &mut self,
        args: CheckCommitReadinessArgs,
    ) -> Result<CheckCommitReadinessResult, Error> {
        let mut definition = Definition::from(args);
        let approvals = self.readiness(&mut definition)?;
        let mut result = CheckCommitReadinessResult::default();
        for (msp_id, different) in approvals {
            if !different.is_empty() {
                let items = different.into_iter().map(str::to_owned).collect();
                result
                    .mismatches
                    .insert(msp_id.clone(), Mismatches { items });
            }
            let approved = !result.mismatches.contains_key(&msp_id);
            result.approvals.insert(msp_id, approved);
        }
        Ok(result)
    }

    pub(super) fn commit(
        &mut self,
        args: CommitChaincodeDefinitionArgs,
    ) -> Result<CommitChaincodeDefinitionResult, Error> {
        let mut definition = Definition::from(args);
        self.validate(&definition)?;
        let own = self.context.local_msp_id;
        if !self.channel()?.orgs.iter().any(|(_, id)| id == own) {
            return Err(Error::refused(
                "impossibly, this peer's org is processing requests for a channel it is not a member of"
                    .to_owned(),
            ));
        }
        let approvals = self.readiness(&mut definition)?;
        let mut place = Place::Public(self.simulator()?);
        definition
            .record()
            .write(NAMESPACES, &definition.name, &mut place)
            .map_err(|error| error.within("could not serialize chaincode definition"))?;
        if approvals
            .get(own)
            .is_none_or(|different| !different.is_empty())
        {
            return Err(Error::because(
                ErrorCode::LifecycleNotReady,
                format!("chaincode definition not agreed to by this org ({own})"),
            ));
        }
        Ok(CommitChaincodeDefinitionResult {})
    }

    /// Checks that the definition is the next one and reads every organisation's approval of it.
    fn readiness(&mut self, definition: &mut Definition) -> Result<Approvals, Error> {
        let channel = self.channel()?;
        let mut place = Place::Public(self.simulator()?);
        let current = read_sequence(&definition.name, &mut place)?;
        let next = current.saturating_add(1);
        if definition.sequence != next {
            return Err(Error::refused(format!(
                "requested sequence is {}, but new definition must be sequence {next}",
                definition.sequence
            )));
        }
        set_defaults(definition, &channel)?;
        self.approvals(definition)
    }

    /// What every application organisation has said of a definition, from the hashes that all peers have.
    pub(super) fn approvals(&mut self, definition: &Definition) -> Result<Approvals, Error> {
        let channel = self.channel()?;
        let name = approval_name(&definition.name, definition.sequence);
        let parameters = definition.parameters();
        let simulator = self.simulator()?;
        let mut approvals = Approvals::new();
        for (_, msp_id) in channel.orgs {
            let collection = implicit_collection(msp_id);
            let mut hashes = Hashes::Recorded(simulator, &collection);
            let different = parameters
                .mismatches(NAMESPACES, &name, &mut hashes)
                .map_err(|error| {
                    error.within(&format!("serialization check failed for key {name}"))
                })?;
            approvals.insert(msp_id.clone(), different);
        }
        Ok(approvals)
    }
}

//! Organisational units, by which an MSP tells its members apart.

use crate::principal::Role;

/// One organisational unit of a certificate, together with who vouched for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrganizationalUnit {
    /// The text of the OU attribute of the certificate's subject.
    pub name: String,
    /// SHA-256 over the DER of the certificates of the chain, the issuer first and the root last, the leaf left out.
    pub certifiers_id: [u8; 32],
}

/// The unit that stands for a role, and which authority must have issued the certificates that carry it, if one must.
#[derive(Clone, Debug)]
pub(crate) struct RoleUnit {
    pub(crate) name: String,
    pub(crate) certifiers_id: Option<[u8; 32]>,
}

/// The units of an MSP that enforces them.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeUnits {
    pub(crate) client: Option<RoleUnit>,
    pub(crate) peer: Option<RoleUnit>,
    pub(crate) admin: Option<RoleUnit>,
    pub(crate) orderer: Option<RoleUnit>,
}

impl NodeUnits {
    /// Whether no role has a unit, which switches enforcement off.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_precedence().into_iter().all(|unit| unit.is_none())
    }

    /// The unit of a role.
    pub(crate) fn of(&self, role: Role) -> Option<&RoleUnit> {
        match role {
            Role::Client => self.client.as_ref(),
            Role::Peer => self.peer.as_ref(),
            Role::Admin => self.admin.as_ref(),
            Role::Orderer => self.orderer.as_ref(),
            Role::Member => None,
        }
    }

    /// Checks that exactly one of the units is a role's, and that the right authority vouched for it.
    pub(crate) fn check(&self, units: &[OrganizationalUnit]) -> Result<(), String> {
        let mut roles = 0;
        for unit in units {
            let Some(role) = self.named(&unit.name) else {
                continue;
            };
            if role
                .certifiers_id
                .is_some_and(|required| required != unit.certifiers_id)
            {
                return Err(format!(
                    "another authority must vouch for the organisational unit {}",
                    unit.name
                ));
            }
            roles += 1;
        }
        match roles {
            1 => Ok(()),
            0 => Err("none of its organisational units says whether it is a client, a peer, an admin or an orderer".to_owned()),
            _ => Err("its organisational units give it more than one role".to_owned()),
        }
    }

    /// Whether one of the units is the role's. Who vouched for it is [`NodeUnits::check`]'s part.
    pub(crate) fn has_role(&self, units: &[OrganizationalUnit], role: Role) -> bool {
        self.of(role)
            .is_some_and(|wanted| units.iter().any(|unit| unit.name == wanted.name))
    }

    /// The role's unit of that name; if roles share a name, Fabric's last one counts.
    fn named(&self, name: &str) -> Option<&RoleUnit> {
        self.by_precedence()
            .into_iter()
            .flatten()
            .find(|unit| unit.name == name)
    }

    fn by_precedence(&self) -> [Option<&RoleUnit>; 4] {
        [&self.orderer, &self.admin, &self.peer, &self.client].map(Option::as_ref)
    }
}

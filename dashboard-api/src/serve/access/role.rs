//! Roles, and the classes of data each may see.
//!
//! A role is somebody's office; a field is a kind of thing shown or done. What of a field somebody sees is a matter of
//! their units (`scope`). Not here: which route shows which field (`table`).

use serde::{Deserialize, Serialize};

/// Somebody's office.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Leads the province: everything about agencies, officers and dossiers.
    Leader,
    /// Heads an agency: all agencies' figures; officers and dossiers of their own subtree.
    AgencyHead,
    /// Works in an agency: all agencies' figures; dossiers of their own subtree.
    AgencyStaff,
    /// An officer: the figures of their own units, their own dossiers and figures.
    Officer,
    /// Reads everything, changes nothing, and reads who read what.
    Auditor,
    /// Runs the server: operations and repair, nobody's figures.
    Operator,
    /// A sending system: writes its own events and reads nothing.
    Producer,
    /// Nobody in particular: what is published.
    Public,
}

/// A class of things shown or done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Field {
    /// How indicators are defined.
    Definitions,
    /// Figures of agencies.
    Figures,
    /// Dossiers: lists, stories, queues.
    Dossiers,
    /// Figures of named officers.
    Officers,
    /// How the server stands.
    Operations,
    /// Repair: messages set aside, backups.
    Upkeep,
    /// Sending events.
    Intake,
    /// Who saw and did what.
    Records,
}

impl Field {
    const ALL: [Field; 8] = [
        Field::Definitions,
        Field::Figures,
        Field::Dossiers,
        Field::Officers,
        Field::Operations,
        Field::Upkeep,
        Field::Intake,
        Field::Records,
    ];

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// Some classes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Fields(u8);

impl Fields {
    /// These.
    pub(crate) fn of(fields: &[Field]) -> Fields {
        Fields(fields.iter().fold(0, |bits, field| bits | field.bit()))
    }

    /// All there are.
    pub(crate) fn all() -> Fields {
        Fields::of(&Field::ALL)
    }

    /// Whether `field` is among them.
    pub(crate) fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }
}

impl Role {
    /// All of them, in the order of declaration.
    pub(crate) const ALL: [Role; 8] = [
        Role::Leader,
        Role::AgencyHead,
        Role::AgencyStaff,
        Role::Officer,
        Role::Auditor,
        Role::Operator,
        Role::Producer,
        Role::Public,
    ];

    /// The word in settings, tokens and the record of access.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Leader => "leader",
            Role::AgencyHead => "agency_head",
            Role::AgencyStaff => "agency_staff",
            Role::Officer => "officer",
            Role::Auditor => "auditor",
            Role::Operator => "operator",
            Role::Producer => "producer",
            Role::Public => "public",
        }
    }

    /// The role with this name.
    pub(crate) fn find(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What the role has to do with at all.
    pub(crate) fn fields(self) -> Fields {
        use Field::{Definitions, Dossiers, Figures, Intake, Officers, Operations, Records, Upkeep};
        match self {
            Role::Leader | Role::AgencyHead | Role::Officer => {
                Fields::of(&[Definitions, Figures, Dossiers, Officers])
            }
            Role::AgencyStaff => Fields::of(&[Definitions, Figures, Dossiers]),
            Role::Auditor => Fields::of(&[Definitions, Figures, Dossiers, Officers, Operations, Records]),
            Role::Operator => Fields::of(&[Definitions, Operations, Upkeep]),
            Role::Producer => Fields::of(&[Intake]),
            Role::Public => Fields::default(),
        }
    }

    /// Whether the role says nothing without units of its own.
    pub(crate) fn needs_units(self) -> bool {
        match self {
            Role::AgencyHead | Role::AgencyStaff | Role::Officer => true,
            Role::Leader | Role::Auditor | Role::Operator | Role::Producer | Role::Public => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_name_and_no_two_fields_share_a_bit() {
        for role in Role::ALL {
            assert_eq!(Role::find(role.name()), Some(role));
        }
        assert_eq!(Role::find("mayor"), None);
        assert_eq!(Fields::all().0.count_ones() as usize, Field::ALL.len());
    }

    #[test]
    fn who_runs_the_server_sees_nobody_and_who_reads_changes_nothing() {
        let operator = Role::Operator.fields();
        assert!(![Field::Figures, Field::Dossiers, Field::Officers].iter().any(|field| operator.has(*field)));
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Operator) {
            assert!(!role.fields().has(Field::Upkeep), "{}", role.name());
        }
        assert_eq!(Role::Public.fields(), Fields::default());
    }
}

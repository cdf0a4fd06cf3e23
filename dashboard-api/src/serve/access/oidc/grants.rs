//! What claims make of somebody: the first grant whose claim has its value gives role, units and officer.
//!
//! Whoever meets no grant is nobody. Not here: whether the claims are true (`token`).

use serde::Deserialize;
use serde_json::Value;

use crate::serve::access::role::Role;
use crate::serve::access::scope::{Pass, Scope, Units};

/// One of `[[access.grants]]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    /// A claim, with points for claims within: `realm_access.roles`.
    pub(crate) claim: String,
    /// What it is, or what its list has.
    pub(crate) value: String,
    pub(crate) role: Role,
    /// Units for everybody with this grant.
    #[serde(default)]
    pub(crate) units: Vec<String>,
    /// The claim that names somebody's units.
    #[serde(default)]
    pub(crate) units_claim: Option<String>,
    /// The claim that names the officer somebody is.
    #[serde(default)]
    pub(crate) officer_claim: Option<String>,
}

impl Grant {
    /// Why it cannot be used, if it cannot.
    pub(crate) fn trouble(&self) -> Option<String> {
        let role = self.role.name();
        if matches!(self.role, Role::Producer | Role::Public) {
            return Some(format!("{role} is no role for people"));
        }
        if self.role.needs_units() && self.units.is_empty() && self.units_claim.is_none() {
            return Some(format!("{role} needs `units` or `units_claim`"));
        }
        if (self.role == Role::Officer) != self.officer_claim.is_some() {
            return Some("`officer_claim` goes with the role officer, and with no other".to_owned());
        }
        None
    }
}

/// Texts of a claim: one, or a list.
fn texts(claims: &Value, name: &str) -> Vec<String> {
    // A name with points may be one claim or a way into another.
    let found = claims.get(name).or_else(|| name.split('.').try_fold(claims, |inner, part| inner.get(part)));
    match found {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// What the claims of `subject` make of them.
pub(super) fn scope(grants: &[Grant], subject: &str, claims: &Value) -> Option<Scope> {
    let grant = grants.iter().find(|grant| texts(claims, &grant.claim).contains(&grant.value))?;
    let mut units = grant.units.clone();
    units.extend(grant.units_claim.iter().flat_map(|name| texts(claims, name)));
    let officer = grant.officer_claim.as_ref().and_then(|name| texts(claims, name).into_iter().next());
    // Somebody whose claims say nothing of a unit or an officer is nobody rather than everybody.
    let is_told = grant.units_claim.is_none() && grant.units.is_empty() || !units.is_empty();
    let is_known = grant.officer_claim.is_none() || officer.is_some();
    (is_told && is_known).then(|| Scope {
        who: format!("oidc:{subject}"),
        role: grant.role,
        units: if units.is_empty() { Units::All } else { Units::Under(units) },
        officer,
        fields: grant.role.fields(),
        source: None,
        pass: Pass::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grants(text: &str) -> Vec<Grant> {
        #[derive(Deserialize)]
        struct All {
            grants: Vec<Grant>,
        }
        toml::from_str::<All>(text).expect("they are right").grants
    }

    const TWO: &str = "
        [[grants]]
        claim = \"realm_access.roles\"
        value = \"nhip-thu-truong\"
        role = \"agency_head\"
        units_claim = \"don_vi\"
        [[grants]]
        claim = \"groups\"
        value = \"nhip-can-bo\"
        role = \"officer\"
        units = [\"C1\"]
        officer_claim = \"ma_can_bo\"
    ";

    #[test]
    fn the_first_grant_that_is_met_says_who_somebody_is() {
        let grants = grants(TWO);
        let of = |claims: Value| {
            scope(&grants, "7", &claims).map(|scope| (scope.role, scope.units, scope.officer))
        };
        let head = json!({ "realm_access": { "roles": ["x", "nhip-thu-truong"] }, "don_vi": ["C1", "C2"], "groups": "nhip-can-bo" });
        let units = Units::Under(vec!["C1".to_owned(), "C2".to_owned()]);
        assert_eq!(of(head), Some((Role::AgencyHead, units, None)));
        let officer = json!({ "groups": "nhip-can-bo", "ma_can_bo": "O1" });
        let units = Units::Under(vec!["C1".to_owned()]);
        assert_eq!(of(officer), Some((Role::Officer, units, Some("O1".to_owned()))));
    }

    #[test]
    fn whoever_lacks_a_claim_is_nobody_rather_than_everybody() {
        let grants = grants(TWO);
        for claims in [
            json!({}),
            json!({ "groups": "other" }),
            json!({ "groups": { "nhip-can-bo": true } }),
            json!({ "realm_access": { "roles": ["nhip-thu-truong"] } }),
            json!({ "realm_access": { "roles": ["nhip-thu-truong"] }, "don_vi": [] }),
            json!({ "realm_access": { "roles": ["nhip-thu-truong"] }, "don_vi": "" }),
            json!({ "groups": ["nhip-can-bo"] }),
        ] {
            assert_eq!(scope(&grants, "7", &claims), None, "{claims}");
        }
    }

    #[test]
    fn a_grant_that_would_give_all_or_nothing_by_accident_is_refused() {
        let right = grants(TWO);
        assert!(right.iter().all(|grant| grant.trouble().is_none()));
        let units = Grant { units_claim: None, ..right[0].clone() };
        let officer = Grant { officer_claim: None, ..right[1].clone() };
        let producer = Grant { role: Role::Producer, ..right[0].clone() };
        assert!([units, officer, producer].iter().all(|grant| grant.trouble().is_some()));
    }
}

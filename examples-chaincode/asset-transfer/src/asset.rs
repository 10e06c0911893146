//! What is owned.

use serde::{Deserialize, Serialize};

/// An asset as the ledger holds it: JSON with members in alphabetical order, so that all peers write the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Asset {
    /// What it is said to be worth.
    pub appraised_value: i64,
    /// Its colour.
    pub color: String,
    /// Its key on the ledger.
    #[serde(rename = "ID")]
    pub id: String,
    /// Who owns it.
    pub owner: String,
    /// How large it is.
    pub size: i64,
}

impl Asset {
    /// The bytes that stand on the ledger.
    pub(crate) fn to_json(&self) -> chaincode_sdk::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// The assets that `InitLedger` creates.
pub(crate) fn first_ones() -> [Asset; 6] {
    [
        ("asset1", "blue", 5, "Tomoko", 300),
        ("asset2", "red", 5, "Brad", 400),
        ("asset3", "green", 10, "Jin Soo", 500),
        ("asset4", "yellow", 10, "Max", 600),
        ("asset5", "black", 15, "Adriana", 700),
        ("asset6", "white", 15, "Michel", 800),
    ]
    .map(|(id, color, size, owner, appraised_value)| Asset {
        appraised_value,
        color: color.to_owned(),
        id: id.to_owned(),
        owner: owner.to_owned(),
        size,
    })
}

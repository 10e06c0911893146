//! Notes that only their author's organisation can read, while all can see that they are there and unchanged.
//!
//! A note's text comes in the transient map under `note`, so that no block holds it. It is stored in the collection that
//! every organisation has for itself, `_implicit_org_` followed by the MSP id. Every peer's ledger holds its SHA-256.
//!
//! A note must be endorsed by a peer of the author's organisation: other peers do not take its text. Clients therefore
//! name that organisation as the only one to endorse.

use chaincode_sdk::{Context, Error, Result, contract};

/// The name under which the text comes in the transient map.
const TEXT: &str = "note";

/// The contract.
pub struct SealedNote;

#[contract]
impl SealedNote {
    /// Seals a note for the caller's organisation. The text is the transient value `note`.
    #[transaction]
    fn seal_note(ctx: &mut Context, id: &str) -> Result<()> {
        let own = ctx.creator().msp_id;
        let text = ctx.transient(TEXT).filter(|text| !text.is_empty());
        let text =
            text.ok_or_else(|| Error::with_status(400, "the transient map holds no note"))?;
        if std::str::from_utf8(&text).is_err() {
            return Err(Error::with_status(400, "the note is not UTF-8"));
        }
        let notes = ctx.implicit_collection(&own);
        // The hash is known to every peer, the text is not.
        if notes.hash(id)?.is_some() {
            return Err(Error::with_status(
                409,
                format!("the note {id} already exists"),
            ));
        }
        notes.put(id, &text)?;
        ctx.set_event("SealNote", id.as_bytes())
    }

    /// The text of a note of the caller's organisation.
    #[query]
    fn read_note(ctx: &Context, id: &str) -> Result<String> {
        let own = ctx.creator().msp_id;
        let text = ctx
            .implicit_collection(&own)
            .get(id)?
            .ok_or_else(|| missing(id))?;
        Ok(String::from_utf8(text)?)
    }

    /// The SHA-256 of a note of any organisation, as 64 hexadecimal digits.
    #[query]
    fn note_hash(ctx: &Context, msp_id: &str, id: &str) -> Result<String> {
        let hash = ctx
            .implicit_collection(msp_id)
            .hash(id)?
            .ok_or_else(|| missing(id))?;
        Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Takes a note away and, from every peer, its text.
    #[transaction]
    fn burn_note(ctx: &mut Context, id: &str) -> Result<()> {
        let notes = ctx.implicit_collection(&ctx.creator().msp_id);
        if notes.hash(id)?.is_none() {
            return Err(missing(id));
        }
        notes.purge(id)?;
        ctx.set_event("BurnNote", id.as_bytes())
    }
}

fn missing(id: &str) -> Error {
    Error::with_status(404, format!("the note {id} does not exist"))
}

#[cfg(test)]
mod tests;

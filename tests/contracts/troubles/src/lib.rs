//! A contract for the system tests: it does what a contract should not, and shows what becomes of it.

use chaincode_sdk::{Context, Error, Result, contract};

/// The contract.
pub struct Troubles;

#[contract]
impl Troubles {
    /// Puts the first value, where a definition asks for an initialisation.
    #[init]
    fn begin(ctx: &mut Context, value: &str) -> Result<()> {
        ctx.put_state("begun", value.as_bytes())
    }

    /// Writes a value without reading it.
    #[transaction]
    fn put(ctx: &mut Context, key: &str, value: &str) -> Result<()> {
        ctx.put_state(key, value.as_bytes())
    }

    /// The value of a key; empty if there is none.
    #[query]
    fn get(ctx: &Context, key: &str) -> Result<String> {
        Ok(String::from_utf8(ctx.get_state(key)?.unwrap_or_default())?)
    }

    /// Writes, then panics: nothing may stay of the write.
    #[transaction]
    fn boom(ctx: &mut Context, text: &str) -> Result<()> {
        ctx.put_state("boom", text.as_bytes())?;
        panic!("boom: {text}")
    }

    /// Gives two peers of different organisations different results.
    #[transaction]
    fn disagree(ctx: &mut Context, peer_decides: &str) -> Result<String> {
        // A contract cannot see which peer runs it; what it reads of a collection that only one has is the way.
        let mine = ctx.implicit_collection(peer_decides);
        match mine.get("secret") {
            Ok(Some(_)) => ctx.put_state("disagree", b"with")?,
            _ => ctx.put_state("disagree", b"without")?,
        }
        Ok(String::new())
    }

    /// Puts a secret into the collection of one organisation.
    #[transaction]
    fn hide(ctx: &mut Context, msp_id: &str) -> Result<()> {
        ctx.implicit_collection(msp_id).put("secret", b"hidden")
    }

    /// Writes a value into a collection; the value comes in the transient map under `value`.
    #[transaction]
    fn put_private(ctx: &mut Context, collection: &str, key: &str) -> Result<()> {
        let value = ctx.transient("value").unwrap_or_default();
        ctx.collection(collection).put(key, &value)
    }

    /// A value of a collection; empty if there is none.
    #[query]
    fn get_private(ctx: &Context, collection: &str, key: &str) -> Result<String> {
        Ok(String::from_utf8(
            ctx.collection(collection).get(key)?.unwrap_or_default(),
        )?)
    }

    /// Asks a chaincode on another channel for a value.
    #[query]
    fn ask(ctx: &Context, channel: &str, chaincode: &str, key: &str) -> Result<String> {
        let args: [&[u8]; 2] = [b"Get", key.as_bytes()];
        let response = ctx.query_chaincode(chaincode, &args, channel)?;
        Ok(String::from_utf8(response.payload)?)
    }

    /// Calls another chaincode's `Put` and gives its status.
    #[transaction]
    fn call(ctx: &mut Context, chaincode: &str, key: &str, value: &str) -> Result<String> {
        let args: [&[u8]; 3] = [b"Put", key.as_bytes(), value.as_bytes()];
        let response = ctx.invoke_chaincode(chaincode, &args)?;
        Ok(format!("{}", response.status))
    }

    /// Runs until its fuel is used up.
    #[query]
    fn spin(_ctx: &Context) -> Result<u64> {
        let mut turns = 0_u64;
        while std::hint::black_box(turns) != u64::MAX {
            turns += 1;
        }
        Ok(turns)
    }

    /// Answers with the status it is asked for.
    #[transaction]
    fn fail(_ctx: &mut Context, status: i32, message: &str) -> Result<()> {
        Err(Error::with_status(status, message))
    }
}

//! Assets with an owner: Fabric's sample `asset-transfer-basic`, so that its published applications run unchanged.
//!
//! Names, order of arguments, error texts and JSON are the sample's. Beside it, creating and transferring an asset set
//! an event with the asset as payload.

mod asset;

pub use asset::Asset;
use chaincode_sdk::{Context, Error, Result, contract};

/// The contract; all it knows is on the ledger, one key for each asset.
pub struct AssetTransfer;

#[contract]
impl AssetTransfer {
    /// Puts six assets on the ledger to begin with.
    #[transaction]
    fn init_ledger(ctx: &mut Context) -> Result<()> {
        for asset in asset::first_ones() {
            put(ctx, &asset)?;
        }
        Ok(())
    }

    /// Puts a new asset on the ledger.
    #[transaction]
    fn create_asset(
        ctx: &mut Context,
        id: &str,
        color: String,
        size: i64,
        owner: String,
        appraised_value: i64,
    ) -> Result<()> {
        if Self::asset_exists(ctx, id)? {
            return Err(Error::new(format!("the asset {id} already exists")));
        }
        let asset = Asset {
            appraised_value,
            color,
            id: id.to_owned(),
            owner,
            size,
        };
        put(ctx, &asset)?;
        announce(ctx, "CreateAsset", &asset)
    }

    /// The asset with this id.
    #[query]
    fn read_asset(ctx: &Context, id: &str) -> Result<Asset> {
        let asset = ctx
            .get_json(id)
            .map_err(|error| Error::new(format!("failed to read from world state: {error}")))?;
        asset.ok_or_else(|| missing(id))
    }

    /// Puts new values in the place of an asset's.
    #[transaction]
    fn update_asset(
        ctx: &mut Context,
        id: &str,
        color: String,
        size: i64,
        owner: String,
        appraised_value: i64,
    ) -> Result<()> {
        must_exist(ctx, id)?;
        put(
            ctx,
            &Asset {
                appraised_value,
                color,
                id: id.to_owned(),
                owner,
                size,
            },
        )
    }

    /// Takes an asset from the ledger.
    #[transaction]
    fn delete_asset(ctx: &mut Context, id: &str) -> Result<()> {
        must_exist(ctx, id)?;
        ctx.del_state(id)
    }

    /// Whether there is an asset with this id.
    #[query]
    fn asset_exists(ctx: &Context, id: &str) -> Result<bool> {
        let value = ctx
            .get_state(id)
            .map_err(|error| Error::new(format!("failed to read from world state: {error}")))?;
        Ok(value.is_some())
    }

    /// Gives an asset to a new owner; the result is the old one.
    #[transaction]
    fn transfer_asset(ctx: &mut Context, id: &str, new_owner: String) -> Result<String> {
        let mut asset = Self::read_asset(ctx, id)?;
        let old_owner = std::mem::replace(&mut asset.owner, new_owner);
        put(ctx, &asset)?;
        announce(ctx, "TransferAsset", &asset)?;
        Ok(old_owner)
    }

    /// All assets, in the order of their ids.
    #[query]
    fn get_all_assets(ctx: &Context) -> Result<Vec<Asset>> {
        ctx.get_state_by_range("", "")?
            .map(|entry| entry?.json())
            .collect()
    }
}

fn must_exist(ctx: &Context, id: &str) -> Result<()> {
    if AssetTransfer::asset_exists(ctx, id)? {
        Ok(())
    } else {
        Err(missing(id))
    }
}

fn missing(id: &str) -> Error {
    Error::new(format!("the asset {id} does not exist"))
}

fn put(ctx: &mut Context, asset: &Asset) -> Result<()> {
    ctx.put_json(&asset.id, asset)
        .map_err(|error| Error::new(format!("failed to put to world state. {error}")))
}

fn announce(ctx: &mut Context, event: &str, asset: &Asset) -> Result<()> {
    ctx.set_event(event, &asset.to_json()?)
}

#[cfg(test)]
mod tests;

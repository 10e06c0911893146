//! `weft block`, `weft blocks`: what is in the ledger.

use std::str::FromStr;

use bytes::Bytes;
use model::{Block, ErrorCode};
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::global::Global;
use super::table::text_of;
use super::{file, table};
use crate::client::{BlocksFrom, Client, ClientError, Delivered};

/// Which block to show.
#[derive(Debug, clap::Args)]
pub(super) struct BlockArgs {
    /// The block's number, or `newest`.
    #[arg(default_value = "newest", value_name = "NUMBER")]
    number: BlockNumber,
    /// Write the encoded `common.Block` to this file instead; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    raw: Option<file::Path>,
}

/// Which blocks to list.
#[derive(Debug, clap::Args)]
pub(super) struct BlocksArgs {
    /// The first one; else as many as --limit says, up to the newest.
    #[arg(long, value_name = "NUMBER")]
    from: Option<u64>,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// Wait for further blocks and show them as they are committed; --limit does not count them.
    #[arg(long, conflicts_with = "limit")]
    follow: bool,
}

#[derive(Clone, Copy, Debug)]
enum BlockNumber {
    Newest,
    Number(u64),
}

impl FromStr for BlockNumber {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "newest" => Ok(Self::Newest),
            _ => text
                .parse()
                .map(Self::Number)
                .map_err(|_| "it is neither a number nor `newest`"),
        }
    }
}

/// A block in one line.
#[derive(Serialize)]
pub(super) struct Summary {
    number: u64,
    hash: String,
    transactions: usize,
    valid: usize,
}

/// Prints a block.
pub(super) async fn block(args: BlockArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    let number = match args.number {
        BlockNumber::Newest => None,
        BlockNumber::Number(number) => Some(number),
    };
    let bytes = client.block(number).await?;
    if let Some(file) = args.raw {
        return file.write(&bytes);
    }
    let block = decoded::Block::new(&decode(bytes)?);
    global.output().value(&block, |block| {
        table_of(&serde_json::to_value(block).unwrap_or_default())
    })?;
    Ok(())
}

/// Lists blocks, or follows them.
pub(super) async fn blocks(args: BlocksArgs, global: &Global) -> anyhow::Result<()> {
    let (client, _) = global.client()?;
    if args.follow {
        return follow(&client, args.from, global).await;
    }
    let height = client.chain().await?.height;
    let first = args.from.unwrap_or(height.saturating_sub(args.limit));
    let end = first.saturating_add(args.limit).min(height);
    let mut found = Vec::new();
    for number in first..end {
        found.push(Summary::new(&decode(client.block(Some(number)).await?)?));
    }
    global.output().value(&found, |found| {
        table::columns(
            ["number", "transactions", "valid", "hash"],
            found.iter().map(|one| {
                let numbers = [one.transactions, one.valid].map(|count| count.to_string());
                let [transactions, valid] = numbers;
                [
                    one.number.to_string(),
                    transactions,
                    valid,
                    one.hash.clone(),
                ]
            }),
        )
    })?;
    Ok(())
}

async fn follow(client: &Client, from: Option<u64>, global: &Global) -> anyhow::Result<()> {
    let output = global.output();
    let from = from.map_or(BlocksFrom::Next, BlocksFrom::Number);
    let mut blocks = client.blocks(from, false).await?;
    while let Some(delivered) = blocks.next().await? {
        if let Delivered::Block(block) = delivered {
            output.item(&Summary::new(&block), Summary::line)?;
        }
    }
    Err(ended().into())
}

/// A block that the peer answered with.
pub(super) fn decode(bytes: Bytes) -> Result<Block, ClientError> {
    Block::decode(bytes).map_err(|error| ClientError::answer("a block", error))
}

/// A stream that has no end of its own has one.
pub(super) fn ended() -> Failure {
    Failure::new(ErrorCode::NodeUnavailable, "the peer ended the stream")
}

impl Summary {
    pub(super) fn new(block: &Block) -> Self {
        let codes = (0..block.data.len()).filter_map(|index| block.validation_code(index));
        Self {
            number: block.number,
            hash: hex::encode(block.header_hash()),
            transactions: block.data.len(),
            valid: codes
                .filter(|code| *code == model::TxValidationCode::Valid)
                .count(),
        }
    }

    pub(super) fn line(&self) -> String {
        format!(
            "block {}  {} transactions, {} valid  {}",
            self.number, self.transactions, self.valid, self.hash
        )
    }
}

/// The block's header, then a line for each transaction.
fn table_of(block: &Value) -> String {
    let names = [
        "number",
        "hash",
        "previous_hash",
        "data_hash",
        "commit_hash",
        "last_config",
    ];
    let fields = table::fields(names.map(|name| (name, text_of(block, name))));
    let none = Vec::new();
    let transactions = block
        .get("transactions")
        .and_then(Value::as_array)
        .unwrap_or(&none);
    let rows = transactions.iter().map(|tx| {
        let chaincode = tx.get("chaincode").unwrap_or(&Value::Null);
        let function = tx.get("args").and_then(|args| args.get(0));
        [
            text_of(tx, "index"),
            text_of(tx, "tx_id"),
            text_of(tx, "code"),
            text_of(tx, "type"),
            text_of(chaincode, "name"),
            function.and_then(Value::as_str).unwrap_or("-").to_owned(),
        ]
    });
    let rows = table::columns(
        [
            "index",
            "transaction",
            "code",
            "type",
            "chaincode",
            "function",
        ],
        rows,
    );
    format!("{fields}\n\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::table_of;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn a_block_is_its_header_and_a_line_for_each_transaction() {
        let block = json!({
            "number": 7, "hash": "ab", "previous_hash": "cd", "data_hash": "ef",
            "transactions": [
                {"index": 0, "tx_id": "t1", "type": "ENDORSER_TRANSACTION", "code": "VALID", "chaincode": {"name": "basic"}, "args": ["Create"]},
                {"index": 1, "tx_id": "\u{1b}[2Jfake\n2  t3", "undecodable": "x"},
            ],
        });
        expect![[r#"
            number         7
            hash           ab
            previous_hash  cd
            data_hash      ef
            commit_hash    -
            last_config    -

            INDEX  TRANSACTION              CODE   TYPE                  CHAINCODE  FUNCTION
            0      t1                       VALID  ENDORSER_TRANSACTION  basic      Create
            1      \u{1b}[2Jfake\u{a}2  t3  -      -                     -          -"#]]
        .assert_eq(&table_of(&block));
    }
}

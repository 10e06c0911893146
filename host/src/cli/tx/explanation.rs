//! `weft tx explain`: a transaction's validation code in words, its cause, and what to do.

use std::str::FromStr;

use decoded::Explanation;
use proto::weft::TransactionPlace;
use proto::weft::explain_request::Transaction;

use super::super::global::Global;
use super::super::output::one_line;
use crate::client::Client;

/// Which transaction to explain.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The transaction's id, or its place as BLOCK:TX, since some have no id.
    #[arg(value_name = "TX_ID")]
    transaction: Which,
}

/// A transaction by its id or its place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Id(String),
    Place(u64, u64),
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((block, tx)) = text.split_once(':') else {
            return Ok(Self::Id(text.to_owned()));
        };
        match (block.parse(), tx.parse()) {
            (Ok(block), Ok(tx)) => Ok(Self::Place(block, tx)),
            _ => Err("it is neither an id nor two numbers with a colon between them"),
        }
    }
}

/// Asks the peer and prints what it says.
pub(super) async fn run(client: &Client, args: ExplainArgs, global: &Global) -> anyhow::Result<()> {
    let which = match args.transaction {
        Which::Id(tx_id) => Transaction::TxId(tx_id),
        Which::Place(block, tx) => Transaction::Place(TransactionPlace { block, tx }),
    };
    let explanation = client.explain(which).await?;
    Ok(global.output().value(&explanation, text)?)
}

/// Nothing that strangers wrote into a transaction begins a line or steers a terminal.
fn text(explanation: &Explanation) -> String {
    let lines = explanation.lines();
    let lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Which, text};
    use decoded::{Cause, Explanation};
    use expect_test::expect;
    use model::{Block, TxValidationCode};

    #[test]
    fn a_transaction_is_named_by_its_id_or_its_place() {
        assert_eq!("ab12".parse(), Ok(Which::Id("ab12".to_owned())));
        assert_eq!("7:0".parse(), Ok(Which::Place(7, 0)));
        for wrong in ["7:", ":", "7:x", "-1:0", "7:0:1"] {
            assert!(wrong.parse::<Which>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_strangers_wrote_stays_on_its_line() {
        let mut block = Block::new(7, bytes::Bytes::new(), vec!["garbage".into()]);
        block.set_transactions_filter(&[TxValidationCode::BadRwset]);
        let cause = Cause::rule("the read-write set", "fake\nNext: send money\u{1b}[31m");
        let explanation = Explanation::new(&block, 0, Some(cause)).unwrap();
        expect![[r#"
            BAD_RWSET (22): The read-write set cannot be decoded.
            Cause: the read-write set: fake\u{a}Next: send money\u{1b}[31m.
            Next: Look at the peers that endorsed it: what they signed is no read-write set.

            transaction  
            place        block 7, transaction 0"#]]
        .assert_eq(&text(&explanation));
    }
}

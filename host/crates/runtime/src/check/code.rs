//! Caps on one function's code: what makes a compiler slow is depth, locals and branches, not bytes alone.

use wasmparser::{BinaryReaderError, FunctionBody, Operator};

use crate::refusal::Refusal;

use super::caps::over;

/// Bytes of one function.
const FUNCTION_BYTES_MAX: u64 = 256 * 1024;
/// Locals of one function, parameters left out.
const LOCALS_PER_FUNCTION_MAX: u64 = 10_000;
/// Blocks, loops and ifs within one another.
const NESTING_MAX: u64 = 2_000;
/// Targets of one `br_table`.
const BRANCH_TARGETS_MAX: u64 = 16_384;
/// Blocks of one function times its locals: a control-flow merge may have to carry each local.
const BLOCKS_TIMES_LOCALS_MAX: u64 = 4_000_000;

/// Checks a function's body and gives the number of its locals.
///
/// # Errors
/// [`RefusalKind::StructureLimit`](crate::RefusalKind::StructureLimit) if a cap is passed,
/// [`RefusalKind::Invalid`](crate::RefusalKind::Invalid) if the bytes are no code.
pub(super) fn check(body: &FunctionBody<'_>) -> Result<u64, Refusal> {
    let bytes = body.as_bytes().len() as u64;
    cap("bytes of one function", bytes, FUNCTION_BYTES_MAX)?;
    let locals = locals(body).map_err(|error| Refusal::invalid(&error))?;
    cap("locals of one function", locals, LOCALS_PER_FUNCTION_MAX)?;
    let blocks = blocks(body)?;
    cap(
        "blocks times locals of one function",
        blocks * locals,
        BLOCKS_TIMES_LOCALS_MAX,
    )?;
    Ok(locals)
}

fn locals(body: &FunctionBody<'_>) -> Result<u64, BinaryReaderError> {
    let mut total = 0_u64;
    for group in body.get_locals_reader()? {
        total = total.saturating_add(u64::from(group?.0));
    }
    Ok(total)
}

/// Counts the blocks of a function and refuses deep nesting and wide branches.
fn blocks(body: &FunctionBody<'_>) -> Result<u64, Refusal> {
    let reader = body
        .get_operators_reader()
        .map_err(|error| Refusal::invalid(&error))?;
    let (mut blocks, mut depth) = (0_u64, 0_u64);
    for operator in reader {
        match operator.map_err(|error| Refusal::invalid(&error))? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                blocks += 1;
                depth += 1;
                cap("blocks within one another", depth, NESTING_MAX)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            Operator::BrTable { targets } => {
                cap(
                    "targets of one branch",
                    targets.len().into(),
                    BRANCH_TARGETS_MAX,
                )?;
            }
            _ => {}
        }
    }
    Ok(blocks)
}

fn cap(what: &str, got: u64, max: u64) -> Result<(), Refusal> {
    if got > max {
        Err(over(what, got, max))
    } else {
        Ok(())
    }
}

//! Walks and pages over what is committed.

use std::cell::Cell;
use std::rc::Rc;

use super::checks;
use super::committed::{Committed, Place};
use crate::cursor::{Cursor, Entry, Page};
use crate::ledger::Range;
use crate::limits::{CURSOR_BATCH_BYTES_MAX, CURSOR_BATCH_MAX, CURSORS_MAX, PAGE_SIZE_MAX};
use crate::{Code, Modification, Result, composite};

/// First key and first key not meant, the rules for both checked.
pub(super) fn bounds(range: Range<'_>) -> Result<(String, String)> {
    match range {
        Range::Keys { start, end } => {
            checks::bound(start)?;
            checks::bound(end)?;
            // Composite keys lie before U+0001.
            Ok((
                if start.is_empty() { "\u{1}" } else { start }.to_owned(),
                end.to_owned(),
            ))
        }
        Range::Composite {
            object_type,
            attributes,
        } => {
            let (start, end) = composite::range(object_type, attributes)?;
            checks::length(&start)?;
            Ok((start, end))
        }
        Range::AllComposite => Ok(composite::all()),
    }
}

/// All entries of a range.
pub(super) fn entries(
    committed: &Committed,
    place: &Place,
    (start, end): &(String, String),
) -> Vec<Entry> {
    let slots = committed.range(place, start, end);
    slots
        .map(|(key, slot)| Entry {
            key: key.clone(),
            value: slot.value.clone(),
        })
        .collect()
}

/// One page of a range.
pub(super) fn page(
    committed: &Committed,
    place: &Place,
    range: Range<'_>,
    size: u32,
    bookmark: &str,
) -> Result<Page> {
    let (start, end) = bounds(range)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    checks::at_most(size, PAGE_SIZE_MAX, "entries of a page")?;
    if size == 0 {
        return Err(checks::refused(
            Code::InvalidArgument,
            "a page has at least one entry",
        ));
    }
    checks::length(bookmark)?;
    let outside = bookmark < start.as_str() || (!end.is_empty() && bookmark >= end.as_str());
    if !bookmark.is_empty() && outside {
        return Err(checks::refused(
            Code::InvalidArgument,
            "the bookmark is outside the range",
        ));
    }
    let from = if bookmark.is_empty() {
        start
    } else {
        bookmark.to_owned()
    };
    let mut entries = entries(committed, place, &(from, end));
    let bookmark = entries
        .get(size)
        .map(|next| next.key.clone())
        .unwrap_or_default();
    entries.truncate(size);
    Ok(Page { entries, bookmark })
}

/// A walk over things that are there already; counts itself among the open ones.
pub(super) struct Listed<T> {
    items: std::iter::Peekable<std::vec::IntoIter<T>>,
    open: Rc<Cell<usize>>,
}

impl<T> Listed<T> {
    pub(super) fn open(items: Vec<T>, open: &Rc<Cell<usize>>) -> Result<Self> {
        checks::at_most(open.get() + 1, CURSORS_MAX, "open walks")?;
        open.set(open.get() + 1);
        Ok(Self {
            items: items.into_iter().peekable(),
            open: Rc::clone(open),
        })
    }
}

impl<T> Drop for Listed<T> {
    fn drop(&mut self) {
        self.open.set(self.open.get().saturating_sub(1));
    }
}

impl<T: Weighed> Cursor<T> for Listed<T> {
    fn next(&mut self, max: u32) -> Result<Vec<T>> {
        if max == 0 {
            return Err(checks::refused(
                Code::InvalidArgument,
                "at least one entry must be asked for",
            ));
        }
        let max = usize::try_from(max)
            .unwrap_or(usize::MAX)
            .min(CURSOR_BATCH_MAX);
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while batch.len() < max {
            let Some(item) = self.items.next_if(|item| {
                bytes = bytes.saturating_add(item.bytes());
                batch.is_empty() || bytes <= CURSOR_BATCH_BYTES_MAX
            }) else {
                break;
            };
            batch.push(item);
        }
        Ok(batch)
    }
}

/// How much of a batch's bytes an item takes.
pub(super) trait Weighed {
    fn bytes(&self) -> usize;
}

impl Weighed for Entry {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

impl Weighed for Modification {
    fn bytes(&self) -> usize {
        self.tx_id.len() + self.value.as_ref().map_or(0, Vec::len)
    }
}

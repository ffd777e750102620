//! Writing the lines that are shown to a file, part by part: the next part is made when the last one is on the disk, so that neither
//! memory nor a key waits for a million lines.

use super::buffer::Filter;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::amount::amount;
use crate::domain::notice::Notice;
use crate::sanitize::Text;

/// Bytes of a part: about two milliseconds of work.
const PART: usize = 256 * 1024;

/// Lines on their way to a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Saving {
    /// File name without directory.
    name: String,
    /// What is shown; another filter shows other lines.
    filter: Filter,
    /// Rows from here on are still to be written.
    next: u64,
    /// Up to here: what comes later is not waited for.
    until: u64,
    /// Where it began.
    from: u64,
    /// Lines written or on their way.
    lines: u64,
    /// It is read in the pager and then removed.
    pager: bool,
}

/// Begins to write what is shown, to keep it or to show it in the pager.
pub(in crate::app) fn begin(model: &mut Model, pager: bool, now: Now) -> Vec<Effect> {
    if model.logs.saving.is_some() {
        model.screen.notice = Some(Notice::refused("lines are being written already"));
        return Vec::new();
    }
    if pager && model.screen.private {
        model.screen.notice =
            Some(Notice::refused("privacy is on, and the pager would show what is hidden here; p ends it"));
        return Vec::new();
    }
    if model.logs.lines.searching() {
        model.screen.notice = Some(Notice::refused("the filter is still searching; try again when it has ended"));
        return Vec::new();
    }
    let (from, until) = model.logs.lines.span();
    let kind = if pager { "pager" } else { "logs" };
    let name = format!("{kind}-{}.log", now.wall.strftime("%Y%m%dT%H%M%S%.3fZ"));
    let filter = model.logs.lines.filter().clone();
    model.logs.saving = Some(Saving { name, filter, next: from, until, from, lines: 0, pager });
    part(model, true)
}

/// A part is on the disk, or could not be written; the next one.
pub(in crate::app) fn written(model: &mut Model, path: Result<Text, Text>) -> Vec<Effect> {
    let Some(saving) = &model.logs.saving else { return Vec::new() };
    let (lines, whole) = (saving.lines, saving.next >= saving.until);
    let said = match path {
        Err(why) => Notice::failed(format!("not saved whole: {why}")),
        Ok(_) if *model.logs.lines.filter() != saving.filter => {
            Notice::failed("not saved whole: the filter has changed meanwhile")
        }
        Ok(path) if whole && saving.pager => {
            let effect = Effect::Pager(path.to_string());
            (model.logs.saving, model.screen.notice) = (None, None);
            return vec![effect];
        }
        Ok(path) if whole => {
            let lines = amount(usize::try_from(lines).unwrap_or(usize::MAX), "line");
            Notice::done(format!("saved {lines} in {path}"))
        }
        Ok(_) => return part(model, false),
    };
    (model.logs.saving, model.screen.notice) = (None, Some(said));
    Vec::new()
}

fn part(model: &mut Model, first: bool) -> Vec<Effect> {
    let Some(saving) = &mut model.logs.saving else { return Vec::new() };
    let (text, next, lines) = model.logs.lines.as_text(saving.next, saving.until, PART);
    saving.next = next;
    saving.lines += lines;
    let all = (saving.until - saving.from).max(1);
    let percent = (next.saturating_sub(saving.from)).saturating_mul(100) / all;
    model.screen.notice = Some(Notice::under_way(format!("writing the lines shown: {percent}%")));
    vec![Effect::Save { name: saving.name.clone(), text, first }]
}

//! A question that takes yes or no.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::action::dialogs::{Dialog as Keys, Own};
use crate::app::geometry::Laid;
use crate::app::operations::sure::{About, Sure};
use crate::domain::environment::Status;
use crate::ui::Ctx;
use crate::ui::widgets::buttons::Press;
use crate::ui::widgets::dialog::Dialog;

pub(super) fn draw(ctx: &Ctx<'_>, frame: &mut Frame<'_>, body: Rect, sure: &Sure) -> Laid {
    let warned = |text: String| {
        Line::styled(format!(" {} {text}", ctx.theme.symbol(Status::Warn)), ctx.theme.status(Status::Warn))
    };
    let (env, title, lines, does) = match &sure.about {
        About::Unlock(env, lock) => {
            let lines = vec![Line::raw(format!(" it is {}", lock.words()))];
            (Some(env), format!("Unlock {env}?"), lines, "gives it back: others may change it again")
        }
        About::Unmark(sha, mark) => {
            let lines = vec![Line::raw(format!(" it is marked bad: {}", mark.words()))];
            (None, format!("Take the mark off {}?", sha.short()), lines, "takes it off: it may be gone to again")
        }
        About::Leave(env, _, live) => {
            let lines = live.iter().map(|one| warned(one.clone())).collect();
            (
                Some(env),
                format!("Leave what is open in {env} as it is?"),
                lines,
                "leaves it as it is: finish and undo are gone",
            )
        }
        About::Mark(sha, why, runs) => {
            let mut lines: Vec<Line<'static>> = runs.iter().map(|one| warned(one.clone())).collect();
            lines.push(Line::raw(format!(" {} is not seen to fail anywhere; your reason: {why}", sha.short())));
            (
                None,
                format!("Mark {} bad, though it is not seen to fail?", sha.short()),
                lines,
                "marks it: nothing goes to it any more",
            )
        }
    };
    let yes = Press::own(Keys::Question, Own::Yes, does);
    let no = Press::said(Keys::Question, Own::No, "n or esc changes nothing");
    let last = Line::styled(format!(" {}; {}", yes.words, no.words), ctx.theme.strong());
    Dialog { env, title: &title, lines, last, presses: vec![yes, no], ..Dialog::default() }.draw(ctx, frame, body)
}

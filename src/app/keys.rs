//! Keys and the mouse: the prompt first, then the help, then the table of actions.

use super::effect::Effect;
use super::logbuf::Filter;
use super::model::{DASHBOARD, Model, Pane, Place, View};
use super::msg::{Key, KeyCode, Mouse, MouseKind, Now};
use super::rollback;
use crate::action::{self, Action};
use crate::domain::log::Level;
use crate::sanitize::Text;

pub(super) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    model.notice = None;
    let asked = action::by_key(&name(key));
    // Only a second press in a row quits; a press long forgotten does not count as the first.
    model.quitting &= asked == Some(Action::Back);
    if model.rollback.is_some() && !key.ctrl {
        return rollback::key(model, key, now);
    }
    if model.menu && !key.ctrl {
        model.menu = false;
        if key.code == KeyCode::Char('R') {
            rollback::open(model, now);
        }
        return Vec::new();
    }
    if model.prompt.is_some() && !key.ctrl {
        return prompt(model, key);
    }
    match asked {
        Some(action) => perform(model, action),
        None => Vec::new(),
    }
}

/// A key as the table writes it.
fn name(key: Key) -> String {
    let plain = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Delete => "delete".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
    };
    if key.ctrl { format!("ctrl-{plain}") } else { plain }
}

/// While a filter is typed, letters are text.
fn prompt(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(text) = model.prompt.as_mut() else { return Vec::new() };
    match key.code {
        KeyCode::Char(c) => text.push(c),
        KeyCode::Backspace => {
            text.pop();
        }
        KeyCode::Enter => model.prompt = None,
        KeyCode::Esc => {
            model.prompt = None;
            set_filter(model, "");
        }
        _ => {}
    }
    if let Some(text) = model.prompt.clone() {
        set_filter(model, &text);
    }
    Vec::new()
}

pub(super) fn paste(model: &mut Model, pasted: &str) {
    if let Some(text) = model.prompt.as_mut() {
        text.extend(pasted.chars().filter(|c| !c.is_control()));
        let text = text.clone();
        set_filter(model, &text);
    }
}

/// A leading `!` shows what does not match.
fn set_filter(model: &mut Model, typed: &str) {
    let (inverse, text) = typed.strip_prefix('!').map_or((false, typed), |rest| (true, rest));
    let filter =
        Filter { text: text.to_owned(), inverse: inverse && !text.is_empty(), level: model.logs.filter().level };
    model.logs.set_filter(filter);
}

fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => model.help = !model.help,
        Action::Back => return back(model),
        Action::Escape => {
            escape(model);
        }
        Action::Menu => model.menu = true,
        Action::Suspend => return vec![Effect::Suspend],
        Action::Filter => {
            model.prompt = Some(model.logs.filter().text.clone());
            if model.view == View::Dashboard {
                model.focus = Pane::Logs;
            } else {
                show(model, Pane::Logs);
            }
        }
        Action::NextPane => step_pane(model, 1),
        Action::PreviousPane => step_pane(model, DASHBOARD.len() - 1),
        Action::View(1) => model.view = View::Dashboard,
        Action::View(number) => {
            let views = [Pane::Releases, Pane::Pipeline, Pane::Logs, Pane::Health, Pane::Secrets];
            if let Some(pane) = views.get(usize::from(number).saturating_sub(2)) {
                show(model, *pane);
            }
        }
        Action::Zoom => {
            model.view = if model.view == View::Dashboard { View::Only(model.focus) } else { View::Dashboard };
        }
        Action::Pause => model.logs.toggle_pause(),
        Action::Level => cycle_level(model),
        Action::Refresh => {
            let feeds: Vec<_> = model.feeds_of(model.focus).map(|(id, _)| id.clone()).collect();
            return vec![Effect::Refresh(feeds)];
        }
        Action::RefreshAll => return vec![Effect::Refresh(Vec::new())],
        Action::Copy => return identity(model).map(Effect::Copy).into_iter().collect(),
        Action::Open => return address(model).map(Effect::Open).into_iter().collect(),
        motion => {
            let page = isize::try_from(model.geometry.rows(model.focus)).unwrap_or(isize::MAX);
            let by = match motion {
                Action::Down => 1,
                Action::Up => -1,
                Action::PageDown => page,
                Action::PageUp => -page,
                Action::HalfDown => (page / 2).max(1),
                Action::HalfUp => -(page / 2).max(1),
                Action::First => isize::MIN / 2,
                _ => isize::MAX / 2,
            };
            move_by(model, model.focus, by);
        }
    }
    Vec::new()
}

fn back(model: &mut Model) -> Vec<Effect> {
    if escape(model) {
        return Vec::new();
    }
    let running = model.operations.values().find(|operation| !operation.state.ended());
    match running {
        Some(operation) if !model.quitting => {
            let text = format!("{} is under way and stops half-way if you quit; q again quits", operation.title);
            model.notice = Some(Text::from(text));
            model.quitting = true;
            Vec::new()
        }
        _ => vec![Effect::Quit],
    }
}

/// Leaves the innermost transient state; false when there is none.
fn escape(model: &mut Model) -> bool {
    if model.prompt.take().is_some() || model.help || model.menu || model.rollback.is_some() {
        (model.help, model.menu, model.rollback) = (false, false, None);
        return true;
    }
    if model.view != View::Dashboard {
        model.view = View::Dashboard;
        if !DASHBOARD.contains(&model.focus) {
            model.focus = Pane::Environments;
        }
        return true;
    }
    if !model.logs.filter().text.is_empty() {
        set_filter(model, "");
        return true;
    }
    false
}

fn show(model: &mut Model, pane: Pane) {
    model.view = View::Only(pane);
    model.focus = pane;
}

fn step_pane(model: &mut Model, by: usize) {
    let at = DASHBOARD.iter().position(|pane| *pane == model.focus);
    model.focus = at.map_or(Pane::Environments, |at| DASHBOARD[(at + by) % DASHBOARD.len()]);
    if model.view != View::Dashboard {
        model.view = View::Only(model.focus);
    }
}

fn cycle_level(model: &mut Model) {
    let filter = model.logs.filter().clone();
    let level = match filter.level {
        Level::Trace | Level::Debug | Level::Info => Level::Warn,
        Level::Warn => Level::Error,
        Level::Error | Level::Fatal => Level::Trace,
    };
    model.logs.set_filter(Filter { level, ..filter });
}

/// Moves the selection of a pane; in logs, the page.
fn move_by(model: &mut Model, pane: Pane, by: isize) {
    let rows = model.geometry.rows(pane);
    match pane {
        Pane::Logs => model.logs.scroll(by, rows),
        Pane::Environments => model.selection.place = stepped(model.places(), model.selection.place.as_ref(), by),
        Pane::Health => {
            let all = model.probes.iter().map(|probe| probe.id.clone()).collect();
            model.selection.probe = stepped(all, model.selection.probe.as_ref(), by);
        }
        Pane::Secrets => {
            let all = model.secrets.iter().map(|row| row.key.clone()).collect();
            model.selection.secret = stepped(all, model.selection.secret.as_ref(), by);
        }
        Pane::Pipeline => {
            let all = model.runs.iter().map(|run| run.id).collect();
            model.selection.run = stepped(all, model.selection.run.as_ref(), by);
        }
        Pane::Releases => {
            let all = model.shown_releases().iter().map(|one| (one.service.clone(), one.id.clone())).collect();
            model.selection.deployment = stepped(all, model.selection.deployment.as_ref(), by);
        }
    }
}

/// The identity `by` rows from the selected one; the first when none is selected or it has gone.
fn stepped<T: PartialEq + Clone>(all: Vec<T>, selected: Option<&T>, by: isize) -> Option<T> {
    let last = all.len().checked_sub(1)?;
    let at = selected.and_then(|selected| all.iter().position(|one| one == selected));
    let next = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
    all.into_iter().nth(next)
}

fn identity(model: &Model) -> Option<String> {
    match model.focus {
        Pane::Environments => match model.selection.place.as_ref()? {
            Place::Env(env) => {
                model.environments.iter().find(|info| &info.id == env).and_then(|info| model.judge(info).sha)
            }
            Place::Service(id) => model.judge_service(id).sha,
        }
        .map(|sha| sha.to_string()),
        Pane::Health => model.selection.probe.as_ref().map(|probe| probe.name.to_string()),
        Pane::Secrets => model.selection.secret.as_ref().map(ToString::to_string),
        Pane::Pipeline => model.selection.run.map(|run| run.to_string()),
        Pane::Releases => model.selection.deployment.as_ref().map(|(_, id)| id.to_string()),
        Pane::Logs => None,
    }
}

fn address(model: &Model) -> Option<String> {
    match model.focus {
        Pane::Pipeline => {
            let run = model.runs.iter().find(|run| Some(run.id) == model.selection.run)?;
            Some(run.url.to_string())
        }
        Pane::Environments => {
            let Some(Place::Service(id)) = &model.selection.place else { return None };
            let services = model.environments.iter().flat_map(|env| &env.services);
            services.into_iter().find(|service| &service.id == id)?.url.as_deref().map(str::to_owned)
        }
        _ => None,
    }
}

pub(super) fn mouse(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    // What lies under a dialog does not move: the dialog speaks of what was selected when it opened.
    if model.rollback.is_some() || model.menu || model.help {
        return Vec::new();
    }
    let Some(pane) = model.geometry.pane_at(mouse.column, mouse.row) else { return Vec::new() };
    match mouse.kind {
        MouseKind::Click => model.focus = pane,
        MouseKind::WheelUp => move_by(model, pane, if pane == Pane::Logs { -3 } else { -1 }),
        MouseKind::WheelDown => move_by(model, pane, if pane == Pane::Logs { 3 } else { 1 }),
    }
    Vec::new()
}

//! The release train in line 1: the way to customers with what runs at each station and how many commits wait before it; what stands aside
//! by name, and what has no room for that as counts by state, worst first.

use std::collections::BTreeMap;

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Ctx, text};
use crate::app::insight::train::{self, Station, Train};
use crate::domain::environment::{EnvInfo, Tier};
use crate::domain::state::State;

/// So many environments stand there by name before the rest is counted.
const NAMED: usize = 6;
/// What production is called in every theme.
const PROD: &str = "PROD";

/// How much is said of a station.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Name, commit, state and age.
    Whole,
    /// What is well has no word but its mark.
    Marks,
    /// Names of four letters.
    Short,
    /// What is well has no commit and no age.
    Brief,
    /// Names and marks, and the word of what is not well.
    Words,
    /// Names and marks.
    Bare,
}

impl Form {
    const ALL: [Self; 6] = [Self::Whole, Self::Marks, Self::Short, Self::Brief, Self::Words, Self::Bare];

    /// Whether names are cut.
    fn short(self) -> bool {
        matches!(self, Self::Short | Self::Brief | Self::Words | Self::Bare)
    }

    /// Whether commit and age are left out, of what is well or not.
    fn bare(self, well: bool) -> bool {
        matches!(self, Self::Words | Self::Bare) || well && self == Self::Brief
    }
}

type Spans = Vec<Span<'static>>;

/// What line 1 says of environments.
pub(super) struct Said {
    pub(super) spans: Spans,
    /// All stations of the way are there, and what is not well has its commit and its word.
    pub(super) worded: bool,
    /// At least one station is named.
    pub(super) named: bool,
}

/// The train of a frame: read once, and laid out in as many widths as are tried.
pub(super) struct Told<'a> {
    train: Train<'a>,
    others: Others<'a>,
}

impl<'a> Told<'a> {
    pub(super) fn new(ctx: &Ctx<'a>) -> Self {
        let train = train::train(ctx.model, ctx.now);
        let others = Others::new(ctx, &train.aside, NAMED.saturating_sub(train.stations.len()));
        Self { train, others }
    }

    /// In so many columns: all of the way in the longest form that fits, else as much of it around the selected station as fits. `None` where
    /// there is no room for a name and a mark, or no environment.
    pub(super) fn said(&self, ctx: &Ctx<'_>, room: usize) -> Option<Said> {
        let stations = &self.train.stations;
        let count = stations.len();
        let selected = ctx.model.selected_env().map(|env| &env.id);
        let here = stations.iter().position(|one| Some(&one.env.id) == selected).unwrap_or(count.saturating_sub(1));
        for shown in (0..=count).rev() {
            // The last stations of the way matter most, but for the one that is looked at.
            let first = here.min(count - shown).max((here + 1).saturating_sub(shown)).min(count - shown);
            let window = &stations[first..first + shown];
            let hidden = stations[..first].iter().chain(&stations[first + shown..]);
            let hidden: Vec<State> = hidden.map(|one| one.judged.state).collect();
            let branch = self.train.branch.filter(|_| first == 0 && shown > 0).map(|branch| branch.as_str());
            for form in Form::ALL {
                let way = way(ctx, window, branch, form);
                let left = room.checked_sub(width(&way));
                if let Some(rest) = left.and_then(|left| self.others.fitted(ctx, left, &hidden)) {
                    let spans: Spans = way.into_iter().chain(rest).collect();
                    let worded = shown == count && !form.bare(false);
                    return (!spans.is_empty()).then_some(Said { spans, worded, named: shown > 0 || count == 0 });
                }
            }
        }
        None
    }
}

fn width(said: &[Span<'_>]) -> usize {
    said.iter().map(Span::width).sum()
}

fn way(ctx: &Ctx<'_>, stations: &[Station<'_>], branch: Option<&str>, form: Form) -> Spans {
    let mut said = Vec::new();
    if let Some(branch) = branch {
        // Its name comes with the first count.
        let name = match (branch.is_empty(), form.short()) {
            (true, true) => "branch",
            (true, false) => "default branch",
            (false, _) => branch,
        };
        said.push(Span::styled(format!(" {name}"), ctx.theme.dim()));
    }
    for (at, station) in stations.iter().enumerate() {
        if at > 0 || branch.is_some() {
            said.push(Span::styled(arrow(ctx, station, form), ctx.theme.dim()));
        } else {
            said.push(Span::raw(" "));
        }
        said.extend(stop(ctx, station, form));
    }
    if !said.is_empty() {
        said.push(Span::raw(" "));
    }
    said
}

/// How many commits wait before a station; not known where they were not counted.
fn arrow(ctx: &Ctx<'_>, station: &Station<'_>, form: Form) -> String {
    let count = match station.waiting {
        None => "?".to_owned(),
        Some(one) if one.behind == 0 => one.short(),
        // A minus beside the line would be a part of it.
        Some(one) => format!(" {} ", one.short()),
    };
    let line = if form.bare(false) { ctx.theme.rail().to_owned() } else { ctx.theme.rail().repeat(2) };
    format!(" {line}{count}{line}{} ", ctx.theme.onward())
}

fn stop(ctx: &Ctx<'_>, station: &Station<'_>, form: Form) -> Spans {
    let (theme, judged) = (ctx.theme, &station.judged);
    let well = judged.state == State::Healthy;
    let mut said = name(ctx, station.env, form.short());
    if !judged.commits.is_empty() && !form.bare(well) {
        said.push(Span::styled(format!(" {}", judged.short()), theme.strong()));
    }
    said.push(Span::styled(format!(" {}", theme.mark(judged.state)), theme.state(judged.state)));
    let worded = match form {
        Form::Whole => true,
        Form::Bare => false,
        Form::Marks | Form::Short | Form::Brief | Form::Words => !well,
    };
    if worded {
        // What is well is quiet.
        let style = if well { theme.dim() } else { theme.state(judged.state) };
        said.push(Span::styled(format!(" {}", judged.state), style));
    }
    if let Some(since) = station.since.filter(|_| !form.bare(well)) {
        let style = if well { theme.dim() } else { theme.state(judged.state) };
        said.push(Span::styled(format!(" {}", text::brief(since, ctx.now.wall)), style));
    }
    said
}

/// Production has its own word and hue, beside its name where that says more.
fn name(ctx: &Ctx<'_>, env: &EnvInfo, short: bool) -> Spans {
    let (theme, names) = (ctx.theme, ctx.model.facts().names());
    let name = if short { names.environment(&env.id, 4, theme.ellipsis()) } else { env.id.to_string() };
    if env.tier != Tier::Production {
        return vec![Span::styled(name, theme.strong())];
    }
    let plain = ["production", "prod"].contains(&env.id.as_str());
    let said = if plain { PROD.to_owned() } else { format!("{PROD} {name}") };
    vec![Span::styled(said, theme.prod())]
}

/// What stands beside the way.
struct Others<'a> {
    /// By name, the worst first.
    named: Vec<(&'a EnvInfo, State)>,
    /// Productions that have no room for that: how many there are, how many are well, the worst.
    productions: (usize, usize, State),
    /// The rest, by state.
    counted: BTreeMap<u8, (State, usize)>,
}

impl<'a> Others<'a> {
    fn new(ctx: &Ctx<'a>, aside: &[&'a EnvInfo], most: usize) -> Self {
        let mut named: Vec<(&EnvInfo, State)> =
            aside.iter().map(|env| (*env, ctx.model.facts().state(env, ctx.now))).collect();
        let selected = ctx.model.selected_env().map(|env| &env.id);
        let ranks = named.iter().enumerate().map(|(at, (env, state))| {
            // The worst first, of equals the one that is looked at, then production, then as they are configured.
            std::cmp::Reverse((state.weight(), Some(&env.id) == selected, env.tier, std::cmp::Reverse(at)))
        });
        let mut ranks: Vec<_> = ranks.collect();
        // Only those that are named are put in order: there may be a thousand others.
        let most = most.min(ranks.len());
        if most < ranks.len() {
            ranks.select_nth_unstable(most);
        }
        ranks[..most].sort_unstable();
        let first: Vec<usize> = ranks[..most].iter().map(|rank| rank.0.3.0).collect();
        let rest = named.iter().enumerate().filter(|(at, _)| !first.contains(at)).map(|(_, one)| *one);
        let rest: Vec<_> = rest.collect();
        named = first.into_iter().map(|at| named[at]).collect();
        let mut others = Self { named, productions: (0, 0, State::Healthy), counted: BTreeMap::new() };
        rest.into_iter().for_each(|(env, state)| others.fold(env, state));
        others
    }

    fn fold(&mut self, env: &EnvInfo, state: State) {
        if env.tier == Tier::Production {
            let (all, well, worst) = self.productions;
            let worse = state.weight() > worst.weight();
            let worst = if worse { state } else { worst };
            self.productions = (all + 1, well + usize::from(state == State::Healthy), worst);
        } else {
            self.counted.entry(state.weight()).or_insert((state, 0)).1 += 1;
        }
    }

    /// As many by name as fit, the rest counted, stations that have no room among them; `None` where not even the counts fit.
    fn fitted(&self, ctx: &Ctx<'_>, room: usize, hidden: &[State]) -> Option<Spans> {
        (0..=self.named.len()).rev().find_map(|by_name| {
            let (named, rest) = self.named.split_at(by_name);
            let mut folded = Self { named: Vec::new(), counted: self.counted.clone(), ..*self };
            rest.iter().for_each(|(env, state)| folded.fold(env, *state));
            for state in hidden {
                folded.counted.entry(state.weight()).or_insert((*state, 0)).1 += 1;
            }
            let mut said: Spans = named.iter().flat_map(|(env, state)| beside(ctx, env, *state)).collect();
            said.extend(folded.counts(ctx));
            (width(&said) <= room).then_some(said)
        })
    }

    fn counts(&self, ctx: &Ctx<'_>) -> Spans {
        let (theme, mut said) = (ctx.theme, Vec::new());
        let (all, well, worst) = self.productions;
        if all > 0 {
            let word = if worst == State::Healthy { String::new() } else { format!(" {worst}") };
            said.push(Span::styled(format!("  {PROD} {well}/{all} "), theme.prod()));
            said.push(Span::styled(format!("{}{word}", theme.mark(worst)), theme.state(worst)));
        }
        for (state, count) in self.counted.values().rev() {
            let style = if *state == State::Healthy { theme.dim() } else { theme.state(*state) };
            said.push(Span::styled(format!("  {count} {state}"), style));
        }
        if !said.is_empty() {
            said.push(Span::styled(format!(" {} ", theme.onward()), theme.dim()));
        }
        said
    }
}

fn beside(ctx: &Ctx<'_>, env: &EnvInfo, state: State) -> Spans {
    let theme = ctx.theme;
    let style: Style = theme.state(state);
    let mut said = vec![Span::raw("  ")];
    said.extend(name(ctx, env, false));
    said.push(Span::styled(format!(" {}", theme.mark(state)), style));
    if state != State::Healthy {
        said.push(Span::styled(format!(" {state}"), style));
    }
    said.push(Span::raw(" "));
    said
}

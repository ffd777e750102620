//! The console as sentences, one a line, for screen readers and terminals without a screen: what changes is told, with its time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::process::ExitStatus;
use std::time::Duration;

use super::surface::Surface;
use crate::app::geometry::Geometry;
use crate::app::insight::spoken::{About, Spoken, Stands, over, spoken};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::notice::Notice;
use crate::domain::state::State;
use crate::sanitize::Text;
use crate::ui::theme::Theme;

/// Changes that come together are told together.
const BEAT: Duration = Duration::from_millis(500);
/// What was not read for so long since the start is told to be unknown; before, nobody has had the time to read it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes what changes.
pub struct LinearSurface<W> {
    out: W,
    told: BTreeMap<About, (Stands, String)>,
    notice: Option<Notice>,
    began: Option<Duration>,
    last: Option<Duration>,
    gone: bool,
    /// Why nothing can be written, where that is not because the reader has gone.
    broken: Option<String>,
}

impl<W: Write> LinearSurface<W> {
    /// Nothing was told yet.
    pub fn new(out: W) -> Self {
        Self { out, told: BTreeMap::new(), notice: None, began: None, last: None, gone: false, broken: None }
    }

    /// Whether nobody reads any more.
    pub fn gone(&self) -> bool {
        self.gone
    }

    /// Where it writes, and why nothing can be written any more.
    pub fn into_parts(self) -> (W, Option<String>) {
        (self.out, self.broken)
    }

    fn say(&mut self, now: Now, says: &str) -> io::Result<()> {
        writeln!(self.out, "{} {}.", now.wall.strftime("%H:%M:%SZ"), Text::clean(says.trim_end_matches('.')))
    }

    fn tell(&mut self, model: &Model, now: Now) -> io::Result<()> {
        let began = *self.began.get_or_insert(now.mono);
        let young = now.mono.saturating_sub(began) < PATIENCE;
        let all = spoken(model, now);
        // What is not there any more, in the words in which it was told.
        let there: BTreeSet<&About> = all.iter().map(|one| &one.about).collect();
        let gone: Vec<About> = self.told.keys().filter(|about| !there.contains(about)).cloned().collect();
        for about in gone {
            let Some((_, says)) = self.told.remove(&about) else { continue };
            if let Some(over) = over(model, &about, &says) {
                self.say(now, &over)?;
            }
        }
        // What an environment has just been told to be is not told again of each of its parts.
        let mut just = None;
        for Spoken { about, stands, says, implied } in all {
            let tells = match self.told.get(&about) {
                Some((known, _)) => *known != stands,
                None if young && stands.state == Some(State::Unknown) => continue,
                None => !stands.quiet,
            };
            let again = implied && just == Some(stands.state);
            if tells && !again {
                self.say(now, &says)?;
            }
            if matches!(about, About::Environment(_)) {
                just = tells.then_some(stands.state);
            }
            self.told.insert(about, (stands, says));
        }
        if let Some(notice) = model.screen().notice().filter(|notice| self.notice.as_ref() != Some(*notice)) {
            let notice = notice.clone();
            self.say(now, notice.says.as_str())?;
            self.notice = Some(notice);
        }
        self.out.flush()
    }
}

impl<W: Write> Surface for LinearSurface<W> {
    fn size(&mut self) -> io::Result<(u16, u16)> {
        Ok((200, 50))
    }

    fn draw(&mut self, model: &Model, _: &Theme, now: Now) -> io::Result<Geometry> {
        if self.last.is_none_or(|last| now.mono.saturating_sub(last) >= BEAT) {
            self.last = Some(now.mono);
            let told = self.tell(model, now);
            match &told {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.gone = true,
                Err(error) => self.broken = Some(error.to_string()),
                Ok(()) => {}
            }
            told?;
        }
        Ok(Geometry::default())
    }

    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn outside(&mut self, _: &[&str]) -> io::Result<io::Result<ExitStatus>> {
        Ok(Err(io::ErrorKind::Unsupported.into()))
    }

    fn leave(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{self, NEW};
    use crate::config::OwnFile;
    use crate::config::load::{Flags, parse};
    use crate::domain::environment::{Observed, Status};
    use crate::domain::fact::Fact;
    use crate::domain::ids::ServiceId;
    use crate::domain::pipeline::{Run, RunState};
    use crate::domain::trust::ProjectFile;

    const CONFIG: &str = "[[environments]]\nname = \"production\"\ntier = \"production\"\n\
        services = [{ name = \"backend\", platform = \"fly\", resource = \"shop\" }]\n";

    fn at(second: u64) -> Now {
        let wall = jiff::Timestamp::from_second(1_800_000_000 + i64::try_from(second).unwrap()).unwrap();
        Now { wall, mono: Duration::from_secs(second) }
    }

    /// What is told when the console is looked at then.
    fn told(surface: &mut LinearSurface<Vec<u8>>, model: &Model, second: u64) -> String {
        let theme = Theme::load(&parse(CONFIG, None, &Flags::default(), &|_| None).unwrap().ui);
        let before = surface.out.len();
        surface.draw(model, &theme, at(second)).unwrap();
        String::from_utf8(surface.out[before..].to_vec()).unwrap()
    }

    #[test]
    fn a_change_is_told_once_and_what_nobody_had_time_to_read_is_not() {
        let settings = parse(CONFIG, None, &Flags::default(), &|_| None).unwrap();
        let mut model = Model::new(&settings, at(0));
        let mut surface = LinearSurface::new(Vec::new());
        assert!(!told(&mut surface, &model, 0).contains("production"), "it is young");
        let late = told(&mut surface, &model, 11);
        assert!(late.contains("production is unknown"), "{late}");
        assert_eq!(told(&mut surface, &model, 12), "", "it stands as before");
        let backend = ServiceId::new("production", "backend");
        let seen = Observed {
            sha: Some("9df49c2a41f09df49c2a41f09df49c2a41f09df4".into()),
            version: None,
            at: at(12).wall,
            source: Text::from("GET /version"),
            edges: Vec::new(),
        };
        let _ = crate::app::update(&mut model, crate::app::msg::Msg::Fact(Fact::Observed(backend, seen)), at(13));
        let news = told(&mut surface, &model, 14);
        assert!(news.contains("it runs 9df49c2."), "{news}");
        assert_eq!(told(&mut surface, &model, 15), "");
    }

    #[test]
    fn of_several_parts_that_fail_together_each_is_named_once() {
        let mut model = testing::model();
        let mut surface = LinearSurface::new(Vec::new());
        for service in ["backend", "frontend"] {
            testing::runs(&mut model, "production", service, NEW, Status::Ok);
        }
        told(&mut surface, &model, 2);
        for service in ["backend", "frontend"] {
            testing::runs(&mut model, "production", service, NEW, Status::Fail);
        }
        let news = told(&mut surface, &model, 3);
        let said = |of: &str| news.matches(of).count();
        assert!(said("production is failing") == 1 && said("production/frontend is failing") == 1, "{news}");
        assert!(said("production/backend") == 0, "the sentence on production names it: {news}");
        for service in ["backend", "frontend"] {
            testing::runs(&mut model, "production", service, NEW, Status::Ok);
        }
        let news = told(&mut surface, &model, 4);
        assert!(news.contains("production is healthy") && !news.contains("production/"), "all of it is well: {news}");
    }

    #[test]
    fn a_run_that_is_over_says_how_it_ended() {
        const DEPLOYS: &str = "[[environments]]\nname = \"production\"\nworkflow = { file = \"deploy.yml\" }\n";
        let mut model = Model::new(&parse(DEPLOYS, None, &Flags::default(), &|_| None).unwrap(), at(0));
        let mut surface = LinearSurface::new(Vec::new());
        let run = |state, status, words: &str| Run { words: words.into(), ..testing::run(137, state, status) };
        testing::tell(&mut model, Fact::Pipeline(vec![run(RunState::Running, Status::Running, "in_progress")]));
        let news = told(&mut surface, &model, 2);
        assert!(news.contains("production: deploying deploy #537 3e60eac for "), "{news}");
        testing::tell(&mut model, Fact::Pipeline(vec![run(RunState::Failed, Status::Fail, "failure")]));
        let news = told(&mut surface, &model, 30);
        assert!(news.contains("over: production: deploy #537 3e60eac: failure.") && !news.contains("for "), "{news}");
        testing::tell(&mut model, Fact::Pipeline(vec![run(RunState::Running, Status::Running, "in_progress")]));
        told(&mut surface, &model, 31);
        testing::tell(&mut model, Fact::Pipeline(Vec::new()));
        let news = told(&mut surface, &model, 32);
        assert!(news.contains("over, and how it ended was not read: production: deploying "), "{news}");
    }

    #[test]
    fn a_configuration_that_has_changed_is_told_to_who_has_no_keys() {
        let mut settings = parse(CONFIG, None, &Flags::default(), &|_| None).unwrap();
        settings.own_file = Some(OwnFile { path: "/home/ines/config.toml".into(), digest: None });
        let mut model = Model::new(&settings, at(0));
        let mut surface = LinearSurface::new(Vec::new());
        told(&mut surface, &model, 2);
        let file = ProjectFile {
            path: "/repo/flightdeck.toml".into(),
            digest: "def".to_owned(),
            wants: Vec::new(),
            approved: false,
        };
        testing::tell(&mut model, Fact::ProjectFile(Box::new(file)));
        let news = told(&mut surface, &model, 3);
        assert!(news.contains("flightdeck.toml has changed: restart to use it."), "{news}");
        assert_eq!(told(&mut surface, &model, 4), "");
        testing::tell(&mut model, Fact::Configuration);
        let news = told(&mut surface, &model, 5);
        assert!(news.contains("/home/ines/config.toml has changed: restart to use it."), "{news}");
        assert_eq!(told(&mut surface, &model, 6), "");
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let settings = parse(CONFIG, None, &Flags::default(), &|_| None).unwrap();
        let model = Model::new(&settings, at(0));
        let mut surface = LinearSurface::new(Gone);
        let theme = Theme::load(&settings.ui);
        let told = surface.draw(&model, &theme, at(0)).and_then(|_| surface.draw(&model, &theme, at(11)));
        assert!(told.is_err() && surface.gone());
    }
}

//! Rolling releases of the frontend: a new deployment for a part of the visitors, stage by stage (docs/platforms/vercel.md section
//! 10).

use jiff::{SignedDuration, Timestamp};

use super::vercel::VercelWorld;

/// The template for the next release.
#[derive(Debug, Clone)]
pub struct RollingConfig {
    /// Each stage goes on by a person's word alone.
    pub manual: bool,
    /// Share of visitors in percent, and how many minutes it lasts; the last is 100.
    pub stages: Vec<(u32, Option<u32>)>,
}

/// A release under way, or the last one.
#[derive(Debug, Clone)]
pub struct RollingRelease {
    /// What it was begun with.
    pub config: RollingConfig,
    /// The deployment before.
    pub current: String,
    /// The new one.
    pub canary: String,
    /// Waits for its end: promoted meanwhile.
    pub queued: Option<String>,
    /// The active stage.
    pub stage: usize,
    /// When that began.
    pub stage_at: Timestamp,
    /// When the release began.
    pub started_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// `ACTIVE`, `COMPLETE`, `ABORTED`.
    pub state: &'static str,
}

impl RollingRelease {
    /// Share of visitors that get the new one, percent.
    #[must_use]
    pub fn percent(&self) -> u32 {
        match self.state {
            "ACTIVE" => self.config.stages.get(self.stage).map_or(100, |stage| stage.0),
            "COMPLETE" => 100,
            _ => 0,
        }
    }

    fn next_at(&self) -> Option<Timestamp> {
        let minutes = self.config.stages.get(self.stage).filter(|_| !self.config.manual && self.state == "ACTIVE")?.1?;
        Some(self.stage_at + SignedDuration::from_mins(i64::from(minutes)))
    }
}

impl VercelWorld {
    /// The release under way.
    #[must_use]
    pub fn rolling(&self) -> Option<&RollingRelease> {
        self.project.rolling_release.as_ref().filter(|one| one.state == "ACTIVE")
    }

    /// Begins one with the project's template. `false` = there is no template.
    pub fn start_rolling(&mut self, canary: &str, now: Timestamp) -> bool {
        let (Some(config), Some(live)) = (self.project.rolling_config.clone(), self.live_production()) else {
            return false;
        };
        self.project.rolling_release = Some(RollingRelease {
            config,
            current: live.id.clone(),
            canary: canary.to_owned(),
            queued: None,
            stage: 0,
            stage_at: now,
            started_at: now,
            updated_at: now,
            state: "ACTIVE",
        });
        if let Some(one) = self.deployment_mut(canary) {
            one.promoted = true;
        }
        true
    }

    /// The next stage; the last one ends it.
    pub fn advance_rolling(&mut self, now: Timestamp) {
        let Some(one) = self.project.rolling_release.as_mut().filter(|one| one.state == "ACTIVE") else { return };
        (one.stage, one.stage_at, one.updated_at) = (one.stage + 1, now, now);
        if one.stage + 1 >= one.config.stages.len() {
            self.end_rolling("COMPLETE", now);
        }
    }

    /// Everybody gets the new one, or the old one.
    pub fn end_rolling(&mut self, state: &'static str, now: Timestamp) {
        let Some(one) = self.project.rolling_release.as_mut().filter(|one| one.state == "ACTIVE") else { return };
        (one.state, one.updated_at) = (state, now);
        let (canary, queued) = (one.canary.clone(), one.queued.take());
        if state == "COMPLETE"
            && let Some(production) = self.project.production
        {
            self.assign(production, &canary, now);
        }
        if let Some(queued) = queued {
            self.start_rolling(&queued, now);
        }
    }

    /// Stages that are over by themselves.
    pub(super) fn settle_rolling(&mut self, now: Timestamp) {
        while let Some(at) = self.rolling().and_then(RollingRelease::next_at).filter(|at| *at <= now) {
            self.advance_rolling(at);
        }
    }

    /// When the next stage begins by itself.
    pub(super) fn rolling_due(&self) -> Option<Timestamp> {
        self.rolling()?.next_at()
    }
}

//! Facts: what the engine tells the application. Plain data, in arrival order per feed.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;

use super::distance::Distances;
use super::environment::{Declared, Observed, Platform};
use super::extent::Extent;
use super::feed::{Budget, FeedId, FeedStatus};
use super::finding::Check;
use super::health::{ProbeId, Sample};
use super::history::History;
use super::ids::{EnvId, OpId, ReqId, ServiceId};
use super::log::LogBatch;
use super::notice::Notice;
use super::operation::{Operation, Plan};
use super::pipeline::Run;
use super::release::Deployment;
use super::secret::Names;
use super::trust::ProjectFile;
use crate::sanitize::Text;

/// One thing that became known.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A feed answered, failed, or changed its rhythm.
    Feed(FeedId, FeedStatus),
    /// What a platform declares of a service.
    Declared(ServiceId, Box<Declared>),
    /// What the edge answered.
    Observed(ServiceId, Observed),
    /// Deployments of a service, newest first.
    Releases(ServiceId, Vec<Deployment>),
    /// How much of a feed's list was read.
    Extent(FeedId, Extent),
    /// Log lines.
    Logs(LogBatch),
    /// A probe's answer. The first one of a probe carries its target.
    Probe(ProbeId, Text, Sample),
    /// What a service says of its condition, whole.
    Findings(ServiceId, Vec<Check>),
    /// The secrets of one environment, and which of its lists are withheld.
    Secrets(EnvId, Names),
    /// Recent runs with the jobs and gates of the active ones.
    Pipeline(Vec<Run>),
    /// How many commits lie between what was asked for.
    Distances(Distances),
    /// What is left of a budget.
    Budget(Platform, Budget),
    /// How far a platform's clock is ahead of ours.
    Clock(Platform, SignedDuration),
    /// The answer to a preflight, by its number.
    Plan(ReqId, Result<Box<Plan>, Text>),
    /// An operation began, moved or ended.
    Operation(Box<Operation>),
    /// What the disk remembers: the journal's newest rows, and what was verified healthy.
    History(Box<History>),
    /// The project file is another one now, or was approved elsewhere.
    ProjectFile(Box<ProjectFile>),
    /// One's own configuration was written anew.
    Configuration,
    /// The file of one's own theme was written anew, and its text.
    Theme(PathBuf, Arc<str>),
    /// A project file was approved and could be read, or why not.
    Approved(Result<(), Text>),
    /// Text was written to this file, or why it was not.
    Saved(Result<Text, Text>),
    /// An operation was left as it is, and what became of what it held; or why it was not left.
    Left(OpId, Result<Text, Text>),
    /// Something to tell the person once, on the hint line.
    Notice(Notice),
}

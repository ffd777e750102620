//! The engine: background tasks that keep feeds fresh and tell the application what they learn. It starts tasks in one place
//! (`supervisor`), speaks through two bounded lanes ([`lanes`]), and every task ends on [`EngineHandle::shutdown`].

mod feeds;
pub mod lanes;
pub mod local;
mod memory;
mod operations;
pub mod poll;
mod recall;
mod running;
mod supervisor;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::config::{OwnTheme, PollSettings, Settings};
use crate::domain::distance::Ends;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::ids::{DeploymentId, EnvId, OpId, ReqId, ServiceId, Sha};
use crate::domain::lock::Lock;
use crate::domain::notice::Notice;
use crate::domain::operation::{Operation, Plan, Request};
use crate::platform::http::Stated;
use crate::sanitize::Text;
pub use lanes::Lanes;
pub use recall::recall;

/// Longest wait for tasks to end on quit.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Which feeds an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Everything but log lines, for commands that answer once.
    State,
    /// Log lines and nothing else.
    Logs,
    /// No feed at all: only what is asked for.
    Commands,
}

/// Starts the tasks.
pub struct Engine;

impl Engine {
    /// Starts a feed for everything that the settings name and returns at once: clients, certificates and connections are
    /// made inside the tasks. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(settings: Arc<Settings>, clock: SharedClock, scope: Scope) -> (EngineHandle, Lanes) {
        let (outbox, lanes) = lanes::open();
        let supervisor = supervisor::Supervisor::default();
        let mut refresh = HashMap::new();
        let rhythm = tokio::sync::watch::Sender::new(settings.poll);
        let theme = tokio::sync::watch::Sender::new(settings.ui.own_theme.clone());
        let told = outbox.clone();
        let stated = move |platform, stated| {
            told.tell_if_room(match stated {
                Stated::Budget(budget) => Fact::Budget(platform, budget),
                Stated::Clock(ahead) => Fact::Clock(platform, ahead),
            });
        };
        let clients = feeds::Clients::new(&settings, &clock, Arc::new(stated));
        let counting = feeds::Counting::default();
        for (id, feed) in feeds::all(&settings, &clients, scope, &counting) {
            let wake = Arc::new(Notify::new());
            refresh.insert(id.clone(), Arc::clone(&wake));
            let poller = poll::Poller::new(id, rhythm.subscribe(), Arc::clone(&clock), outbox.clone(), wake);
            supervisor.start(poller.run(feed));
        }
        let running = running::Running::default();
        let memory = memory::Memory::new(settings.keep(), Arc::clone(&clock), running.clone());
        if scope == Scope::All {
            supervisor.start(memory.clone().watch(outbox.clone()));
            if let Some(file) = &settings.project_file {
                supervisor.start(watch::watch(file.clone(), settings.approvals.clone(), outbox.clone()));
            }
            if let Some(own) = &settings.own_file {
                supervisor.start(watch::own(own.clone(), outbox.clone()));
            }
            supervisor.start(watch::theme(theme.subscribe(), outbox.clone()));
        }
        let handle = EngineHandle {
            supervisor,
            rhythm,
            theme,
            refresh,
            counting,
            clients,
            settings,
            clock,
            outbox,
            memory,
            running,
        };
        (handle, lanes)
    }
}

/// The running engine.
pub struct EngineHandle {
    supervisor: supervisor::Supervisor,
    /// How often feeds are read.
    rhythm: tokio::sync::watch::Sender<PollSettings>,
    /// One's own theme, whose file is watched.
    theme: tokio::sync::watch::Sender<Option<OwnTheme>>,
    refresh: HashMap<FeedId, Arc<Notify>>,
    counting: feeds::Counting,
    clients: feeds::Clients,
    settings: Arc<Settings>,
    clock: SharedClock,
    outbox: lanes::Outbox,
    memory: memory::Memory,
    running: running::Running,
}

impl EngineHandle {
    /// Feeds that run.
    pub fn feeds(&self) -> impl Iterator<Item = &FeedId> {
        self.refresh.keys()
    }

    /// Reads feeds in this rhythm from their next pause on.
    pub fn pace(&self, poll: PollSettings) {
        self.rhythm.send_replace(poll);
    }

    /// Watches the file of this theme from now on, in place of the one before.
    pub fn watch_theme(&self, own: Option<OwnTheme>) {
        self.theme.send_replace(own);
    }

    /// Reads these feeds now; an empty list means all. Always harmless.
    pub fn refresh(&self, feeds: &[FeedId]) {
        for (id, wake) in &self.refresh {
            if feeds.is_empty() || feeds.contains(id) {
                wake.notify_one();
            }
        }
    }

    /// Counts the commits between these from now on, in place of those before.
    pub fn count(&self, ends: Vec<Ends>) {
        self.counting.ask(ends);
        self.refresh(&[FeedId::Distances]);
    }

    /// Computes the plan of a request, which may continue an earlier operation; reads only. The answer is `Fact::Plan` with this
    /// number.
    pub fn preflight(&self, req: ReqId, env: EnvId, request: Request, continues: Option<OpId>) {
        let (clients, settings) = (self.clients.clone(), Arc::clone(&self.settings));
        let (clock, outbox, memory) = (Arc::clone(&self.clock), self.outbox.clone(), self.memory.clone());
        self.supervisor.start(async move {
            let plan = match memory.past(request.kind(), &env, continues).await {
                Ok(past) => operations::preflight::preflight(&clients, &settings, &clock, &env, &request, past).await,
                // What stands against it is not known: it is a plan that refuses, with the reason.
                Err(error) => {
                    let refusals = vec![Text::from(error.to_string())];
                    Ok(Plan { refusals, continues, ..Plan::of(request, env, Vec::new(), clock.now()) })
                }
            };
            outbox.tell(Fact::Plan(req, plan.map(Box::new))).await;
        });
    }

    /// Carries a confirmed plan out. Its progress is `Fact::Operation`. Without a journal on the disk nothing is done.
    pub fn operate(&self, plan: Plan, reason: Option<Text>) {
        let (clients, settings) = (self.clients.clone(), Arc::clone(&self.settings));
        let (clock, outbox, memory) = (Arc::clone(&self.clock), self.outbox.clone(), self.memory.clone());
        // It is kept for good and sent to platforms: a token that was pasted into it stays here.
        let reason = reason.map(|why| clients.http.redactor().mask(why));
        let running = self.running.clone();
        let under_way = running.begins(plan.op);
        self.supervisor.start(async move {
            match memory.store().await {
                Ok(store) => {
                    let (moved, called, alike, leases, short, lookups) = Default::default();
                    let rested = Mutex::new(plan.at_rest.iter().map(ToString::to_string).collect());
                    let operator = operations::operator::Operator {
                        clients,
                        settings,
                        clock,
                        outbox,
                        store,
                        plan,
                        reason,
                        running,
                        moved,
                        called,
                        alike,
                        leases,
                        short,
                        rested,
                        lookups,
                    };
                    Box::pin(operator.run()).await;
                }
                Err(error) => {
                    let refused = operations::operator::unopened(&plan, &error, clock.now());
                    outbox.tell(Fact::Operation(Box::new(refused))).await;
                }
            }
            drop(under_way);
        });
    }

    /// Ends every operation of this process before its next call, for this reason (`SIGTERM`). What is sent is waited for, leases
    /// are given back, and what is left open stays in the journal to be finished. The last word of each is a fact.
    pub fn stop(&self, why: &str) {
        self.running.stop(Text::from(why));
    }

    /// Operations of this process that have no end.
    #[must_use]
    pub fn open(&self) -> Vec<Operation> {
        self.running.open()
    }

    /// Waits until the operations of this process have said their last word, at most so long.
    pub async fn over(&self, limit: Duration) {
        self.running.over(limit).await;
    }

    /// Remembers that a deployment was verified healthy at the edge.
    pub fn verified(&self, service: ServiceId, deployment: DeploymentId, sha: Sha) {
        let memory = self.memory.clone();
        // A file that cannot be written is told by the journal's own feed.
        self.supervisor.start(async move { drop(memory.verified(&service, &deployment, &sha).await) });
    }

    /// Claims an environment for a reason, until then or until it is given back. The answer is a notice.
    pub fn lock(&self, env: EnvId, why: Text, until: Option<jiff::Timestamp>) {
        let (memory, outbox, who) = (self.memory.clone(), self.outbox.clone(), Arc::clone(&self.settings.who));
        self.supervisor.start(async move {
            let told = memory.lock(&env, &who, why.as_str(), until).await;
            outbox.tell(Fact::Notice(told.unwrap_or_else(|error| Notice::failed(error.to_string())))).await;
        });
    }

    /// Gives an environment back: one's own lock, or another person's that was looked at, for a reason. The answer is a notice.
    pub fn unlock(&self, env: EnvId, over: Option<(Lock, Text)>) {
        let (memory, outbox, who) = (self.memory.clone(), self.outbox.clone(), Arc::clone(&self.settings.who));
        self.supervisor.start(async move {
            let over = over.as_ref().map(|(lock, why)| (lock, why.as_str()));
            let told = memory.unlock(&env, &who, over).await;
            outbox.tell(Fact::Notice(told.unwrap_or_else(|error| Notice::failed(error.to_string())))).await;
        });
    }

    /// Marks a commit bad for a reason, or takes the mark away without one. The answer is a notice.
    pub fn mark(&self, sha: Sha, why: Option<Text>) {
        let (memory, outbox, who) = (self.memory.clone(), self.outbox.clone(), Arc::clone(&self.settings.who));
        self.supervisor.start(async move {
            let told = memory.mark(&sha, &who, why.as_ref().map(Text::as_str)).await;
            outbox.tell(Fact::Notice(told.unwrap_or_else(|error| Notice::failed(error.to_string())))).await;
        });
    }

    /// Lets an operation that is held go on, or calls it off, whoever carries it out.
    pub fn answer(&self, op: OpId, go: bool) {
        let (memory, outbox, who) = (self.memory.clone(), self.outbox.clone(), Arc::clone(&self.settings.who));
        self.supervisor.start(async move {
            if let Err(error) = memory.answer(op, go, &who).await {
                outbox.tell(Fact::Notice(Notice::failed(error.to_string()))).await;
            }
        });
    }

    /// Leaves an interrupted operation as it is, by a person's word. What it holds still is given back; the answer is
    /// `Fact::Left`.
    pub fn leave(&self, op: OpId, why: Text) {
        let (memory, outbox, clients) = (self.memory.clone(), self.outbox.clone(), self.clients.clone());
        let settings = Arc::clone(&self.settings);
        self.supervisor.start(async move {
            let told = match memory.leave(op, why.as_str()).await {
                Ok((store, left)) => {
                    let mut told = vec!["left as it is".to_owned()];
                    for lease in &left.leases {
                        let Some(fly) = &clients.fly else { continue };
                        told.push(operations::leases::free_left(fly, &store, op, lease).await.to_string());
                    }
                    told.extend(operations::rows::left_behind(&clients, &settings, &left).await);
                    let now = clients.http.clock().now();
                    told.extend(left.late_calls.iter().map(|call| call.words(now)));
                    Ok(Text::from(told.join("; ")))
                }
                Err(error) => Err(error),
            };
            outbox.tell(Fact::Left(op, told)).await;
        });
    }

    /// Ends every task; returns when all have ended or after two seconds.
    pub async fn shutdown(self) {
        self.supervisor.stop(SHUTDOWN).await;
    }
}

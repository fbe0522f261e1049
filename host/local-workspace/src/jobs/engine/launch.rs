//! The launcher: what begins, what waits, what is refused, and what schedules start.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    context::{Context, Parts},
    drive::{drive, end},
    orders::{Order, Refused, RepairRequest, Reply, RunRequest, Started},
};
use crate::{
    clock, database,
    jobs::{
        graph::settled,
        model::{Code, LifeCycle, Repair, ResultState, Run, RunType, State, TaskRun, Trigger},
        schedule::Cron,
        settings::{Document, PauseStatus, Settings},
        store::{Job, Store, new_id},
    },
};

/// Runs that go on or wait in all; more are refused.
const MAX_RUNS: usize = 1_000;

/// Orders that wait for the launcher; whoever gives more waits as well.
const WAITING_ORDERS: usize = 64;

/// Repairs of one run; bounds what it keeps.
const MAX_REPAIRS: usize = 100;

/// Least time between two runs that one schedule starts, in milliseconds; the service's bound.
const SCHEDULE_MILLIS: i64 = 10_000;

/// Starts runs and brings them to their end; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    context: Context,
    stop: CancellationToken,
    launcher: std::sync::Arc<Mutex<JoinSet<()>>>,
}

impl Engine {
    /// Decides about what a process before left under way, and begins.
    ///
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(store: Store, parts: Parts) -> database::Result<Self> {
        let (orders, received) = mpsc::channel(WAITING_ORDERS);
        let context = Context::new(store, parts, orders);
        let queued = recover(&context).await?;
        let stop = CancellationToken::new();
        let mut launcher = Launcher {
            context: context.clone(),
            stop: stop.clone(),
            going: HashMap::new(),
            drivers: JoinSet::new(),
            fired: HashMap::new(),
            looked_at: clock::now(),
            next: None,
        };
        for run in &queued {
            launcher.know(run);
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(launcher.run(received, queued));
        Ok(Self { context, stop, launcher: std::sync::Arc::new(Mutex::new(tasks)) })
    }

    /// Starts a run, or puts it into the queue.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn start(&self, request: RunRequest) -> Result<Run, Refused> {
        self.context.start(request).await.map(|started| started.run)
    }

    /// Runs tasks of a run again; the repair's id.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn repair(&self, request: RepairRequest) -> Result<i64, Refused> {
        self.context.order(|reply| Order::Repair(request, reply)).await
    }

    /// Asks a run to end; it says so itself when it has.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn cancel(&self, run: i64) -> Result<(), Refused> {
        self.context.order(|reply| Order::Cancel(run, reply)).await
    }

    /// Says that schedules were changed.
    pub(crate) async fn look(&self) {
        // A launcher that is gone starts nothing any more.
        let _ = self.context.orders.send(Order::Look).await;
    }

    /// Ends everything; what was under way says so after the next start.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        while self.launcher.lock().await.join_next().await.is_some() {}
    }
}

/// What a process left under way has ended with it; what waited is given back and starts now.
async fn recover(context: &Context) -> database::Result<Vec<Run>> {
    let mut queued = Vec::new();
    for mut run in context.store.under_way().await? {
        if run.state.life == LifeCycle::Queued {
            queued.push(run);
            continue;
        }
        let said = "The local workspace was stopped while this run was under way.";
        let now = clock::now().timestamp_millis();
        for mut task in context.store.everything(run.id).await? {
            if !task.state.has_ended() {
                task.ended_at = Some(now);
                task.state = State::ended(ResultState::Failed, Code::InternalError, said);
                context.store.save_task(&task, None).await?;
            }
        }
        end(context, &mut run, State::failed_run(Code::InternalError, said)).await?;
    }
    Ok(queued)
}

/// A run that goes on or waits.
#[derive(Debug)]
struct Going {
    job_id: i64,
    /// None while it waits.
    cancel: Option<CancellationToken>,
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
struct Launcher {
    context: Context,
    stop: CancellationToken,
    going: HashMap<i64, Going>,
    /// Each gives the id of its run when that has ended.
    drivers: JoinSet<i64>,
    /// When each schedule started a run last.
    fired: HashMap<i64, i64>,
    /// Up to when schedules were looked at.
    looked_at: DateTime<Utc>,
    /// When the next schedule starts a run.
    next: Option<DateTime<Utc>>,
}

impl Launcher {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>, queued: Vec<Run>) {
        let jobs: HashSet<i64> = queued.iter().map(|run| run.job_id).collect();
        for job in jobs {
            self.admit(job).await;
        }
        self.plan().await;
        loop {
            let pause = self.next.map(|next| (next - clock::now()).to_std().unwrap_or_default());
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(order) = orders.recv() => self.obey(order).await,
                Some(ended) = self.drivers.join_next() => match ended {
                    Ok(id) => self.settle(id).await,
                    Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "the driver of a run ended"),
                },
                () = async { match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                } } => self.fire().await,
            }
        }
        // Tasks end at their next step; their states are decided by the next start.
        self.drivers.shutdown().await;
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Start(request, reply) => {
                let started = self.start(*request).await;
                answer(reply, started);
            }
            Order::Repair(request, reply) => {
                let repaired = self.repair(request).await;
                answer(reply, repaired);
            }
            Order::Cancel(id, reply) => {
                let canceled = self.cancel(id).await;
                answer(reply, canceled);
            }
            // What was due a moment ago is not lost by looking anew.
            Order::Look if self.next.is_some_and(|next| next <= clock::now()) => self.fire().await,
            Order::Look => self.plan().await,
        }
    }

    /// Remembers a run that waits.
    fn know(&mut self, run: &Run) -> watch::Receiver<bool> {
        let (ended, end) = watch::channel(false);
        self.going.insert(run.id, Going { job_id: run.job_id, cancel: None, ended });
        end
    }

    /// Gives a run that is known its driver.
    fn drive(&mut self, run: Run) {
        let cancel = CancellationToken::new();
        if let Some(going) = self.going.get_mut(&run.id) {
            going.cancel = Some(cancel.clone());
        }
        let (context, id) = (self.context.clone(), run.id);
        self.drivers.spawn(async move {
            drive(context, run, cancel).await;
            id
        });
    }

    async fn start(&mut self, request: RunRequest) -> Result<Started, Refused> {
        let store = self.context.store.clone();
        if let Some(token) = &request.token
            && let Some(run) = store.run_of_token(&request.user, token).await?
        {
            let ended = self.end_of(&run);
            return Ok(Started { run, ended });
        }
        if self.going.len() >= MAX_RUNS {
            return Err(Refused::Busy);
        }
        let parameters = parameters(&request)?;
        let now = clock::now().timestamp_millis();
        let driven = self.going.values().filter(|it| it.job_id == request.job_id && it.cancel.is_some()).count();
        let most = usize::try_from(request.settings.max_concurrent_runs).unwrap_or(usize::MAX);
        let has_place = request.kind == RunType::SubmitRun || driven < most;
        let waits = request.queued.unwrap_or(request.settings.queued);
        let state = match (has_place, waits) {
            (true, _) => State::going(LifeCycle::Pending),
            (false, true) => State::going(LifeCycle::Queued),
            (false, false) => State::ended(
                ResultState::MaximumConcurrentRunsReached,
                Code::MaxConcurrentRunsExceeded,
                "The job already has as many runs under way as max_concurrent_runs allows.",
            ),
        };
        let run_as = request.settings.run_as.clone().unwrap_or_else(|| request.user.clone());
        let mut run = Run {
            id: new_id(),
            job_id: request.job_id,
            number_in_job: 0,
            name: request.name,
            creator: request.user,
            run_as,
            kind: request.kind,
            trigger: request.trigger,
            started_at: now,
            began_at: None,
            ended_at: state.has_ended().then_some(now),
            state,
            settings: request.document,
            parameters,
            overriding: request.overriding,
            repairs: Vec::new(),
            depth: request.depth,
        };
        let only = request.only.as_deref();
        let chosen = chosen(&request.settings, only)?;
        let tasks: Vec<TaskRun> = request
            .settings
            .tasks
            .iter()
            .filter(|task| chosen.contains(task.task_key.as_str()))
            .map(|task| {
                let mut attempt = TaskRun::new(new_id(), run.id, &task.task_key, 0, task.document.clone(), now);
                if run.state.has_ended() {
                    attempt.state = settled(ResultState::Excluded);
                    attempt.ended_at = Some(now);
                }
                attempt
            })
            .collect();
        store.add_run(&mut run, &tasks, request.token.as_deref()).await?;
        let ended = if run.state.has_ended() {
            watch::channel(true).1
        } else {
            let ended = self.know(&run);
            if run.state.life == LifeCycle::Pending {
                self.drive(run.clone());
            }
            ended
        };
        Ok(Started { run, ended })
    }

    fn end_of(&self, run: &Run) -> watch::Receiver<bool> {
        self.going.get(&run.id).map_or_else(|| watch::channel(true).1, |going| going.ended.subscribe())
    }

    /// A run has ended: others of its job may have waited for that.
    async fn settle(&mut self, id: i64) {
        let Some(going) = self.going.remove(&id) else { return };
        going.ended.send_replace(true);
        self.admit(going.job_id).await;
    }

    /// Begins the oldest waiting runs of a job that have a place now.
    async fn admit(&mut self, job_id: i64) {
        let most = match self.context.store.job(job_id).await {
            Ok(job) => job.and_then(|job| Settings::read(&job.settings).ok()).map_or(1, |it| it.max_concurrent_runs),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, job.id = job_id, "a job cannot be read");
                return;
            }
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let waiting = match self.context.store.under_way_of(job_id).await {
            Ok(runs) => runs.into_iter().filter(|run| run.state.life == LifeCycle::Queued),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, job.id = job_id, "runs cannot be read");
                return;
            }
        };
        for run in waiting {
            let driven = self.going.values().filter(|it| it.job_id == job_id && it.cancel.is_some()).count();
            if driven >= most {
                break;
            }
            self.drive(run);
        }
    }

    async fn cancel(&mut self, id: i64) -> Result<(), Refused> {
        let Some(going) = self.going.get(&id) else { return Ok(()) };
        if let Some(cancel) = &going.cancel {
            cancel.cancel();
            return Ok(());
        }
        let store = &self.context.store;
        if let Some(mut run) = store.run(id).await? {
            let now = clock::now().timestamp_millis();
            for mut task in store.tasks(id).await? {
                task.state = settled(ResultState::Canceled);
                task.ended_at = Some(now);
                store.save_task(&task, None).await?;
            }
            let state = State::ended(ResultState::Canceled, Code::UserCanceled, "Run cancelled.");
            end(&self.context, &mut run, state).await?;
        }
        self.settle(id).await;
        Ok(())
    }

    async fn repair(&mut self, request: RepairRequest) -> Result<i64, Refused> {
        let store = self.context.store.clone();
        let invalid = |said: String| Err(Refused::Invalid(said));
        let id = request.run_id;
        let Some(mut run) = store.run(id).await? else {
            return Err(Refused::Unknown(format!("Run {id} does not exist.")));
        };
        let Some(ended_at) = run.ended_at else {
            return invalid(format!("The run {id} is under way; only a run that has ended can be repaired."));
        };
        let latest_repair = run.repairs.last().map(|repair| repair.id);
        if latest_repair != request.latest_repair_id {
            return invalid(match latest_repair {
                Some(repair) => format!("latest_repair_id must be {repair}, the latest repair of this run."),
                None => "latest_repair_id must not be set for a run that was not repaired before.".to_owned(),
            });
        }
        if run.repairs.len() >= MAX_REPAIRS {
            return invalid(format!("A run can be repaired at most {MAX_REPAIRS} times."));
        }
        let settings = Context::read(&run.settings)?;
        let mut latest: BTreeMap<String, TaskRun> = BTreeMap::new();
        for attempt in store.tasks(id).await? {
            latest.insert(attempt.task_key.clone(), attempt);
        }
        let again = to_repeat(&settings, &latest, &request).map_err(Refused::Invalid)?;
        for name in request.parameters.keys() {
            if !settings.parameters.iter().any(|parameter| parameter.name == *name) {
                return invalid(format!("The job has no parameter {name}."));
            }
        }
        run.parameters.extend(request.parameters);
        run.overriding.extend(request.overriding);
        let now = clock::now().timestamp_millis();
        let added: Vec<TaskRun> = settings
            .tasks
            .iter()
            .filter(|task| again.contains(&task.task_key))
            .map(|task| {
                let attempt = latest.get(&task.task_key).map_or(0, |earlier| earlier.attempt + 1);
                TaskRun::new(new_id(), id, &task.task_key, attempt, task.document.clone(), now)
            })
            .collect();
        let repair = Repair {
            id: new_id(),
            started_at: now,
            ended_at: None,
            state: State::going(LifeCycle::Running),
            task_run_ids: added.iter().map(|attempt| attempt.id).collect(),
            before: run.state.clone(),
            before_ended_at: ended_at,
        };
        let repair_id = repair.id;
        run.repairs.push(repair);
        run.ended_at = None;
        run.state = State::going(LifeCycle::Pending);
        store.save_run_with(&run, &added).await?;
        self.know(&run);
        self.drive(run);
        Ok(repair_id)
    }

    /// Finds out when the next schedule starts a run.
    async fn plan(&mut self) {
        self.looked_at = clock::now();
        let jobs = self.scheduled().await;
        self.next = jobs.iter().filter_map(|(_, _, cron)| cron.next_after(self.looked_at)).min();
    }

    /// Jobs that run by themselves, with their schedules.
    async fn scheduled(&self) -> Vec<(Job, Settings, Cron)> {
        let jobs = match self.context.store.scheduled_jobs().await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "schedules cannot be read");
                return Vec::new();
            }
        };
        let scheduled = |job: Job| {
            let settings = Settings::read(&job.settings).ok()?;
            let schedule = settings.schedule.as_ref().filter(|it| it.pause_status == PauseStatus::Unpaused)?;
            let cron = Cron::parse(&schedule.quartz_cron_expression, &schedule.timezone_id).ok()?;
            Some((job, settings, cron))
        };
        jobs.into_iter().filter_map(scheduled).collect()
    }

    /// Starts what schedules say since they were looked at. A moment that no process lived through starts nothing.
    async fn fire(&mut self) {
        let (from, now) = (self.looked_at, clock::now());
        for (job, settings, cron) in self.scheduled().await {
            let due = cron.next_after(from).is_some_and(|next| next <= now);
            let millis = now.timestamp_millis();
            let too_soon = self.fired.get(&job.id).is_some_and(|last| millis - last < SCHEDULE_MILLIS);
            if !due || too_soon {
                continue;
            }
            self.fired.insert(job.id, millis);
            let request = RunRequest {
                job_id: job.id,
                name: job.name().to_owned(),
                user: job.owner,
                kind: RunType::JobRun,
                trigger: Trigger::Periodic,
                document: job.settings,
                settings,
                parameters: BTreeMap::new(),
                overriding: Document::new(),
                only: None,
                queued: None,
                token: None,
                depth: 0,
            };
            if let Err(error) = self.start(request).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    job.id = job.id,
                    "a scheduled run did not start"
                );
            }
        }
        self.plan().await;
    }
}

fn answer<T>(reply: Reply<T>, answer: Result<T, Refused>) {
    // Whoever asked may have gone; what was begun goes on.
    let _ = reply.send(answer);
}

/// Every declared parameter with its value for this run.
fn parameters(request: &RunRequest) -> Result<BTreeMap<String, String>, Refused> {
    let declared = &request.settings.parameters;
    let mut values: BTreeMap<String, String> = declared.iter().map(|p| (p.name.clone(), p.default.clone())).collect();
    for (name, value) in &request.parameters {
        match values.get_mut(name) {
            Some(slot) => slot.clone_from(value),
            None => {
                let known: Vec<&str> = declared.iter().map(|parameter| parameter.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Refused::Invalid(format!("The job has no parameter {name}; it has: {known}.")));
            }
        }
    }
    Ok(values)
}

/// The tasks that a caller wants of a run: `key`, `+key` with all that it depends on, `key+` with all that depends on it.
fn chosen<'a>(settings: &'a Settings, only: Option<&[String]>) -> Result<HashSet<&'a str>, Refused> {
    let all = settings.tasks.iter().map(|task| task.task_key.as_str());
    let Some(only) = only.filter(|only| !only.is_empty()) else { return Ok(all.collect()) };
    let mut chosen = HashSet::new();
    for wanted in only {
        let key = wanted.trim_matches('+');
        let Some(task) = settings.tasks.iter().find(|task| task.task_key == key) else {
            return Err(Refused::Invalid(format!("only: the job has no task {key}.")));
        };
        chosen.insert(task.task_key.as_str());
        let mut grown = HashSet::from([task.task_key.as_str()]);
        let (up, down) = (wanted.starts_with('+'), wanted.ends_with('+'));
        if up {
            grow(&mut grown, |grown| {
                let of = settings.tasks.iter().filter(|task| grown.contains(task.task_key.as_str()));
                of.flat_map(|task| task.depends_on.iter().map(|on| on.task_key.as_str())).collect()
            });
            chosen.extend(grown.drain());
            grown.insert(task.task_key.as_str());
        }
        if down {
            grow(&mut grown, |grown| dependents(settings, grown));
            chosen.extend(grown);
        }
    }
    Ok(chosen)
}

/// Adds what `more` finds until there is nothing new.
fn grow<'a>(set: &mut HashSet<&'a str>, more: impl Fn(&HashSet<&'a str>) -> Vec<&'a str>) {
    loop {
        let before = set.len();
        let found = more(set);
        set.extend(found);
        if set.len() == before {
            return;
        }
    }
}

fn dependents<'a>(settings: &'a Settings, of: &HashSet<&str>) -> Vec<&'a str> {
    let depends =
        |task: &&crate::jobs::settings::Task| task.depends_on.iter().any(|on| of.contains(on.task_key.as_str()));
    settings.tasks.iter().filter(depends).map(|task| task.task_key.as_str()).collect()
}

/// Keys of the tasks that a repair runs again.
fn to_repeat(
    settings: &Settings,
    latest: &BTreeMap<String, TaskRun>,
    request: &RepairRequest,
) -> Result<HashSet<String>, String> {
    let mut again: HashSet<&str> = HashSet::new();
    for key in &request.tasks {
        let task = settings.tasks.iter().find(|task| task.task_key == *key);
        again.insert(task.map(|task| task.task_key.as_str()).ok_or_else(|| format!("The run has no task {key}."))?);
    }
    let ended_well = |key: &str| {
        latest.get(key).and_then(|attempt| attempt.state.result).is_some_and(|result| {
            matches!(
                result,
                ResultState::Success | ResultState::SuccessWithFailures | ResultState::Excluded | ResultState::Disabled
            )
        })
    };
    if request.all_failed {
        again.extend(settings.tasks.iter().map(|task| task.task_key.as_str()).filter(|key| !ended_well(key)));
    }
    if again.is_empty() {
        let said = if request.all_failed {
            "No task of the run failed: there is nothing to repair."
        } else {
            "Either rerun_tasks or rerun_all_failed_tasks must say which tasks run again."
        };
        return Err(said.to_owned());
    }
    if request.dependents {
        grow(&mut again, |again| dependents(settings, again));
    }
    Ok(again.into_iter().map(str::to_owned).collect())
}

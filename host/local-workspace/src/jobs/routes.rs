//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{jobs, runs},
    state::Jobs,
};
use crate::http::{
    Area,
    section::{Of, Section, text, time},
};

/// What the page shows of jobs.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        id: "jobs",
        title: "Jobs",
        path: "/api/2.2/jobs/list?limit=100",
        list: "jobs",
        columns: &[
            text("Job", "/settings/name"),
            text("Id", "/job_id"),
            text("Creator", "/creator_user_name"),
            time("Created", "/created_time"),
        ],
        of: Some(Of::All),
        opens: Some(("runs-of-job", "/job_id")),
        link: None,
    },
    Section {
        id: "runs",
        title: "Runs",
        path: "/api/2.2/jobs/runs/list?limit=25",
        of: Some(Of::All),
        link: None,
        ..RUNS_OF_JOB
    },
    RUNS_OF_JOB,
];

const RUNS_OF_JOB: Section = Section {
    id: "runs-of-job",
    title: "Runs of a job",
    path: "/api/2.2/jobs/runs/list?limit=25&job_id={}",
    list: "runs",
    columns: &[
        text("Run", "/run_id"),
        text("Name", "/run_name"),
        text("State", "/state/life_cycle_state"),
        text("Result", "/state/result_state"),
        time("Started", "/start_time"),
        time("Ended", "/end_time"),
    ],
    of: None,
    opens: None,
    link: Some("/jobs/{of}"),
};

/// Versions of the API that answer, all of them like the newest.
const VERSIONS: [&str; 3] = ["/api/2.2/jobs", "/api/2.1/jobs", "/api/2.0/jobs"];

pub(crate) fn area(state: Jobs) -> Area {
    let routes = Router::new()
        .route("/create", post(jobs::create))
        .route("/get", get(jobs::get))
        .route("/list", get(jobs::list))
        .route("/update", post(jobs::update))
        .route("/reset", post(jobs::reset))
        .route("/delete", post(jobs::delete))
        .route("/run-now", post(runs::run_now))
        .route("/runs/submit", post(runs::submit))
        .route("/runs/get", get(runs::get))
        .route("/runs/get-output", get(runs::output))
        .route("/runs/list", get(runs::list))
        .route("/runs/cancel", post(runs::cancel))
        .route("/runs/cancel-all", post(runs::cancel_all))
        .route("/runs/repair", post(runs::repair))
        .route("/runs/delete", post(runs::delete))
        .route("/runs/export", get(runs::export));
    let closed = VERSIONS.iter().fold(Router::new(), |all, version| all.nest(version, routes.clone()));
    Area { closed: closed.with_state(state), open: Router::new() }
}

//! health: a sign of life of each service, all at once.

use std::time::Duration;

use bricklayer_databricks::current_user::ME;
use bricklayer_sdk::{Cut, Failure, Kind, Platform, Probe, Table, api_failure, cut_text};

use crate::types::{self, ServiceState, WorkspaceState};

/// How long a service may take to answer.
const WAIT: Duration = Duration::from_secs(10);

/// Characters of what a service said.
const SAID_CHARS: usize = 200;

/// What is asked of each service: the least that it answers to. As many as a call may ask at once, at most.
const SERVICES: [(&str, &str); 7] = [
    ("identity", ME),
    ("Unity Catalog", "/api/2.1/unity-catalog/current-metastore-assignment"),
    ("SQL warehouses", "/api/2.0/sql/warehouses?page_size=1"),
    ("clusters", "/api/2.1/clusters/list?page_size=1"),
    ("jobs", "/api/2.2/jobs/list?limit=1"),
    ("workspace files", "/api/2.0/workspace/get-status?path=%2F"),
    ("secrets", "/api/2.0/secrets/scopes/list"),
];

/// Asks all services.
///
/// # Errors
/// None: what does not answer is what the report says.
pub(crate) fn ask(platform: &impl Platform) -> Result<types::HealthReport, Failure> {
    let paths = SERVICES.map(|(_, path)| path.to_owned());
    let probes = platform.probe(&paths, WAIT);
    let services: Vec<types::ServiceHealth> =
        SERVICES.iter().zip(probes).map(|((name, _), probe)| judged(name, probe)).collect();
    let count = |state: ServiceState| services.iter().filter(|service| service.state == state).count();
    let state = match (count(ServiceState::Ok), count(ServiceState::Down)) {
        (ok, _) if ok == services.len() => WorkspaceState::Ok,
        (_, down) if down == services.len() => WorkspaceState::Down,
        _ => WorkspaceState::Partial,
    };
    Ok(types::HealthReport { text: text(&services, state), state, services })
}

fn judged(name: &str, probe: Probe) -> types::ServiceHealth {
    let failure = match probe.answer {
        Ok(response) if response.is_success() => None,
        Ok(response) => Some(api_failure(&response)),
        Err(error) => Some(error.into()),
    };
    let state = match failure.as_ref().map(|failure| failure.kind) {
        None => ServiceState::Ok,
        Some(Kind::PermissionDenied | Kind::Unauthenticated) => ServiceState::Denied,
        Some(Kind::NotFound) => ServiceState::Absent,
        Some(_) => ServiceState::Down,
    };
    types::ServiceHealth {
        service: name.to_owned(),
        state,
        latency_ms: u32::try_from(probe.took.as_millis()).unwrap_or(u32::MAX),
        message: failure.map(|failure| cut_text(failure.message.lines().next().unwrap_or_default(), SAID_CHARS)),
    }
}

fn word(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Ok => "ok",
        ServiceState::Denied => "denied",
        ServiceState::Absent => "absent",
        ServiceState::Down => "down",
    }
}

fn text(services: &[types::ServiceHealth], state: WorkspaceState) -> String {
    let rows: Vec<Vec<Option<String>>> = services
        .iter()
        .map(|it| {
            vec![
                Some(it.service.clone()),
                Some(word(it.state).to_owned()),
                Some(format!("{} ms", it.latency_ms)),
                it.message.clone(),
            ]
        })
        .collect();
    let table = Table::render(&["service", "state", "latency", "message"], &rows, Cut::default()).text;
    let mut said = match state {
        WorkspaceState::Ok => format!("All {} services answer.", services.len()),
        WorkspaceState::Partial => "Not all services answer as they should.".to_owned(),
        WorkspaceState::Down => "No service of the workspace answers.".to_owned(),
    };
    for (state, advice) in [
        (
            ServiceState::Denied,
            "denied: the user may not use it, or has to sign in again; an administrator gives access.",
        ),
        (ServiceState::Absent, "absent: this workspace has not got it; do not try its tools."),
        (ServiceState::Down, "down: try again in a minute; when it stays so, the address or the network may be wrong."),
    ] {
        if services.iter().any(|service| service.state == state) {
            said.push_str(&format!("\n- {advice}"));
        }
    }
    format!("{table}\n\n{said}")
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::TransportError;
    use bricklayer_sdk::testing::Script;

    use super::*;

    fn line(n: usize) -> String {
        format!("GET {}", SERVICES[n].1)
    }

    #[test]
    fn each_service_is_told_by_itself() {
        let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#;
        let absent = r#"{"error_code":"ENDPOINT_NOT_FOUND","message":"No API found"}"#;
        let script = Script::new()
            .slow(&line(0), Duration::from_millis(120), 200, "{}")
            .on(&line(1), 404, absent)
            .on(&line(2), 403, denied)
            .on(&line(3), 500, "")
            .fail(&line(4), TransportError::Unreachable("refused".to_owned()))
            .slow(&line(5), WAIT * 2, 200, "{}")
            .on(&line(6), 429, "");
        let found = ask(&script).unwrap();
        script.done();
        let states: Vec<_> = found.services.iter().map(|it| word(it.state)).collect();
        assert_eq!(states, ["ok", "absent", "denied", "down", "down", "down", "down"]);
        assert_eq!((found.services[0].latency_ms, found.state), (120, WorkspaceState::Partial));
        assert!(found.services[4].message.as_ref().unwrap().contains("refused"));
        assert!(found.text.contains("- denied: ") && found.text.contains("- down: "), "{}", found.text);
    }

    #[test]
    fn it_answers_whatever_the_workspace_does() {
        let all = |mut script: Script, status| {
            for n in 0..SERVICES.len() {
                script = script.on(&line(n), status, "{}");
            }
            ask(&script).unwrap()
        };
        let found = all(Script::new(), 200);
        assert!(found.text.ends_with("All 7 services answer."), "{}", found.text);
        assert_eq!(all(Script::new(), 503).state, WorkspaceState::Down);
        assert_eq!(all(Script::new(), 401).state, WorkspaceState::Partial);
    }
}

//! Around the areas: each request is taken down and meets its rule.

use axum::{
    Extension,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{rule::Planned, state::Faults, wire::Wire};
use crate::{http::body::drain, identity::Caller};

pub(crate) async fn apply(
    State(faults): State<Faults>,
    wire: Option<Extension<ConnectInfo<Wire>>>,
    request: Request,
    next: Next,
) -> Response {
    let user = request.extensions().get::<Caller>().map(|caller| caller.0.clone());
    let (number, rule) = faults.arrived(request.method(), request.uri().path(), user.as_deref());
    let Some(rule) = rule else {
        let response = next.run(request).await;
        faults.answered(number, response.status());
        return response;
    };
    let response = if rule.after {
        let real = next.run(request).await;
        tokio::time::sleep(rule.delay).await;
        match &rule.outcome {
            Planned::Pass => Some(real),
            other => other.response(),
        }
    } else {
        tokio::time::sleep(rule.delay).await;
        match &rule.outcome {
            Planned::Pass => Some(next.run(request).await),
            other => {
                // What is sent is read, so that its caller gets as far as the answer.
                drain(request.into_body()).await;
                other.response()
            }
        }
    };
    match response {
        Some(response) => {
            faults.answered(number, response.status());
            response
        }
        None => {
            if let Some(Extension(ConnectInfo(wire))) = wire {
                wire.cut();
            }
            // Nobody gets this one.
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

//! A tool that needs a power of the caller's and a tool that needs none: enough to give, use, refuse and take back.

mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit/host.wit", "wit/warehouses.wit"],
        world: "test:warehouses/warehouses",
        generate_all,
    });

    pub(crate) use bricklayer::host::errors::{ErrorKind, ToolError};
    pub(crate) use bricklayer::host::http::{HttpError, Request, fetch};
    pub(crate) use exports::test::warehouses::tools::{Greeting, Guest, WarehouseCount};

    export!(Component with_types_in self);

    pub(crate) struct Component;
}

use bindings::{Component, ErrorKind, Greeting, Guest, HttpError, Request, ToolError, WarehouseCount, fetch};

const ADDRESS: &str = "https://workspace/api/2.0/sql/warehouses";

impl Guest for Component {
    fn count_warehouses() -> Result<WarehouseCount, ToolError> {
        let request = Request {
            method: "GET".to_owned(),
            url: ADDRESS.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
        };
        let response = fetch(&request).map_err(|error| match error {
            HttpError::Denied(message) => failure(ErrorKind::Denied, message),
            other => failure(ErrorKind::Upstream, format!("{other:?}")),
        })?;
        if response.status != 200 {
            return Err(failure(ErrorKind::Upstream, format!("the workspace answered {}", response.status)));
        }
        let text = String::from_utf8_lossy(&response.body);
        // One member of this name in each warehouse: enough for a test, and no parser to build.
        let count = text.matches("\"cluster_size\"").count();
        Ok(WarehouseCount {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            answer_bytes: u32::try_from(response.body.len()).unwrap_or(u32::MAX),
        })
    }

    fn greet(request: Greeting) -> Result<String, ToolError> {
        let times = usize::from(request.times.unwrap_or(1));
        Ok(vec![format!("Hello, {}.", request.name); times].join(" "))
    }
}

fn failure(kind: ErrorKind, message: String) -> ToolError {
    ToolError { kind, message, retryable: false }
}

//! Reading server-sent events.

use serde_json::Value;

use super::PATIENCE;

/// One frame with data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// Its `id:` line.
    pub(crate) id: Option<i64>,
    /// Its JSON; a string for `[DONE]`.
    pub(crate) data: Value,
}

impl Frame {
    pub(crate) fn kind(&self) -> &str {
        self.data["type"].as_str().unwrap_or_else(|| self.data.as_str().unwrap_or_default())
    }

    pub(crate) fn is_done(&self) -> bool {
        self.data == "[DONE]"
    }
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Follow {
    response: reqwest::Response,
    /// A chunk may end in the middle of a character.
    buffer: Vec<u8>,
}

impl Follow {
    #[track_caller]
    pub(crate) fn new(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200, "{response:?}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, buffer: Vec::new() }
    }

    /// The next frame with data; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.buffer.split_off(end + 2);
                let block = String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
                let Some(data) = field("data:") else { continue };
                let data = if data == "[DONE]" { data.into() } else { serde_json::from_str(data).unwrap() };
                return Some(Frame { id: field("id:").map(|id| id.parse().unwrap()), data });
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("the stream is silent");
            // A server that died cuts the stream; a reader takes that for its end.
            let Ok(Some(chunk)) = chunk else { return None };
            self.buffer.extend_from_slice(&chunk);
        }
    }

    /// Reads until a frame of this kind; returns it.
    pub(crate) async fn until(&mut self, kind: &str) -> Frame {
        let mut seen = Vec::new();
        while let Some(frame) = self.next().await {
            if frame.kind() == kind {
                return frame;
            }
            seen.push(frame.data.to_string());
        }
        panic!("the stream ended before a {kind}: {seen:#?}");
    }

    /// All frames to the end, which must be `[DONE]`.
    pub(crate) async fn follow_to_end(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            let done = frame.is_done();
            frames.push(frame);
            if done {
                assert_eq!(self.next().await, None, "nothing follows the end");
                return frames;
            }
        }
        panic!("the stream ended without [DONE]: {frames:#?}");
    }
}

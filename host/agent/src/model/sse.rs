//! Server-sent events from bytes, cut anywhere: lines end with LF, CRLF or CR. Source: the HTML standard, "Server-sent
//! events", "Parsing an event stream". Sizes are bounded, which is why no ready parser is used.

use super::failure::{self, Failure};

/// Longest line and largest event, in bytes; a delta is a few bytes, and a whole message with its escapes fits.
const MAX_EVENT_BYTES: usize = 2 * bricklayer_domain::MAX_MESSAGE_BYTES;

/// One event's data; its name is repeated inside it.
pub(super) type SseData = String;

/// Turns chunks into events.
#[derive(Debug, Default)]
pub(super) struct SseDecoder {
    line: Vec<u8>,
    data: Option<String>,
    after_cr: bool,
}

impl SseDecoder {
    /// Takes a chunk and returns the events that it completes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<SseData>, Failure> {
        let mut events = Vec::new();
        let mut rest = chunk;
        if self.after_cr && rest.first() == Some(&b'\n') {
            rest = rest.get(1..).unwrap_or_default();
        }
        if !chunk.is_empty() {
            self.after_cr = false;
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            self.line.extend_from_slice(line);
            let is_cr = tail.first() == Some(&b'\r');
            rest = tail.get(1..).unwrap_or_default();
            if is_cr {
                match rest.first() {
                    Some(b'\n') => rest = rest.get(1..).unwrap_or_default(),
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            let line = std::mem::take(&mut self.line);
            events.extend(self.take_line(&line)?);
        }
        self.line.extend_from_slice(rest);
        self.check(self.line.len())?;
        Ok(events)
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Option<SseData>, Failure> {
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let Some(value) = line.strip_prefix(b"data:") else { return Ok(None) };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = String::from_utf8_lossy(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(&text);
            }
            None => self.data = Some(text.into_owned()),
        }
        self.check(self.data.as_ref().map_or(0, String::len))?;
        Ok(None)
    }

    fn check(&self, size: usize) -> Result<(), Failure> {
        if size > MAX_EVENT_BYTES { Err(failure::too_large()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        for cut in 0..=bytes.len() {
            let mut decoder = SseDecoder::default();
            let mut events = decoder.push(&bytes[..cut]).unwrap();
            events.extend(decoder.push(&bytes[cut..]).unwrap());
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    #[test]
    fn events_survive_every_cut_and_line_end() {
        check(b"event: a\ndata: 1\n\ndata: 2\n\n", &["1", "2"]);
        check(b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", &["1", "2"]);
        check(b"data: 1\r\rdata: 2\r\r", &["1", "2"]);
        check("data: {\"t\":\"für ☃\"}\n\n".as_bytes(), &["{\"t\":\"für ☃\"}"]);
        check(b": comment\nid: 7\nretry: 1\ndata: a\ndata: b\n\n", &["a\nb"]);
        check(b"data: unfinished", &[]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = SseDecoder::default();
        let chunk = vec![b'x'; 1024 * 1024];
        let refused = (0..10).find_map(|_| decoder.push(&chunk).err());
        assert!(refused.is_some());
    }
}

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// More than the kernel's buffers of both ends hold.
const MUCH: usize = 64 << 20;

struct Serving {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    server: JoinSet<()>,
}

impl Serving {
    async fn start(limits: ConnectionLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut server = JoinSet::new();
        let router = Router::new()
            .route("/", axum::routing::any(async |body: bytes::Bytes| format!("here {}", body.len())))
            .route("/much", axum::routing::get(async || vec![b'x'; MUCH]));
        server.spawn(serve(listener, router, limits, stop.clone()));
        Self { address, stop, server }
    }

    /// Says this; the connection.
    async fn say(&self, said: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(said.as_bytes()).await.unwrap();
        client
    }

    /// Says this; all that is answered until the server closes.
    async fn ask(&self, said: &str) -> String {
        let mut heard = Vec::new();
        // A server that refuses while more is said cuts the connection.
        let _ = self.say(said).await.read_to_end(&mut heard).await;
        String::from_utf8(heard).unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.server.join_all().await;
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n";

#[tokio::test]
async fn a_client_that_says_nothing_more_loses_its_place() {
    let limits = ConnectionLimits { head_time: Duration::from_millis(100), ..ConnectionLimits::default() };
    let serving = Serving::start(limits).await;
    // Each ends because the server closes, also the connection that could have been used again.
    for (said, answered) in [("", ""), ("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", ""), (&format!("{GET}\r\n"), "here 0")]
    {
        let heard = serving.ask(said).await;
        assert!(heard.ends_with(answered), "{said:?}: {heard:?}");
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_listen_loses_its_place() {
    let limits = ConnectionLimits { write_time: Duration::from_millis(100), ..ConnectionLimits::default() };
    let serving = Serving::start(limits).await;
    let get = "GET /much HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // Who reads gets all of it, also when the writer has to wait in between.
    assert!(serving.ask(get).await.len() > MUCH);
    let deaf = serving.say(get).await;
    // Leaving waits for all answers: this one ends although nobody takes it.
    serving.stop().await;
    drop(deaf);
}

#[tokio::test]
async fn a_new_client_takes_the_place_of_the_longest_idle_one() {
    let limits = ConnectionLimits { connections: 3, ..ConnectionLimits::default() };
    let serving = Serving::start(limits).await;
    let mut kept = serving.say(&format!("{GET}\r\n")).await;
    let mut answer = [0; 256];
    assert!(kept.read(&mut answer).await.unwrap() > 0);
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(serving.say("GET / HTTP/1.1\r\n").await);
        // The next page opens at once, whoever holds the places.
        let heard = serving.ask(&format!("{GET}Connection: close\r\n\r\n")).await;
        assert!(heard.ends_with("here 0"), "{heard:?}");
    }
    assert_eq!(kept.read(&mut answer).await.unwrap(), 0, "it was idle for longest");
    // Leaving waits for the heads of those that still have a place.
    drop(idle);
    serving.stop().await;
}

#[tokio::test]
async fn heads_are_bounded_and_say_one_length() {
    let serving = Serving::start(ConnectionLimits::default()).await;
    let long = |bytes: usize| format!("{GET}Connection: close\r\nX-Long: {}\r\n\r\n", "x".repeat(bytes));
    let close = "Connection: close\r\n";
    let post = "POST / HTTP/1.1\r\nHost: x\r\n";
    let (length, chunked, body) = ("content-LENGTH: 3\r\n", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n");
    for (said, status, answered) in [
        (long(50_000), "200", "here 0"),
        (long(70_000), "431", "headers\n"),
        (long(400_000), "431", ""),
        (format!("{post}{close}{length}\r\nabc"), "200", "here 3"),
        (format!("{post}{close}{chunked}\r\n{body}"), "200", "here 2"),
        (format!("{post}{length}{chunked}\r\n{body}"), "400", "not both\n"),
        (format!("{post}{chunked}{length}\r\n{body}"), "400", "not both\n"),
        (format!("{GET}\r\n{post}{chunked}{close}\r\n{body}"), "200", "here 2"),
        (format!("{post}Content-Length: 70000\r\n\r\n{}{}", "x".repeat(70_000), long(10)), "200", "here 0"),
        (format!("{post}{close}{length}Content-Length: 4\r\n\r\nabc"), "400", ""),
        (format!("{post}{close}Transfer-Encoding: gzip\r\n\r\n{body}"), "400", ""),
    ] {
        let heard = serving.ask(&said).await;
        let cut = said.get(..120.min(said.len())).unwrap();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")) && heard.ends_with(answered), "{cut:?}: {heard:?}");
    }
    serving.stop().await;
}

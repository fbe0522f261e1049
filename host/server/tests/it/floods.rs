//! What many requests at once may take of the host: uploads, streams, and how little many readers of one turn cost.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::plugins::open;
use crate::process::Running;
use crate::support::{Follow, Gate, Guest, Reply, Server, World, eventually};

/// Uploads that one user has under way at most.
const UPLOADS_PER_USER: usize = 4;
/// Streams that one user has open at most.
const STREAMS_PER_USER: usize = 256;
/// Of which so many watch a project here.
const WATCHERS: usize = 8;

/// Begins an upload and sends nothing of it; what the server answers to its head.
async fn begin_upload(server: &Server, user: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /api/plugins/inspect HTTP/1.1\r\nHost: x\r\nX-Forwarded-Email: {user}@example.com\r\n\
         X-Forwarded-Access-Token: canary-token-of-{user}\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: 30000000\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    answer.truncate(read);
    (stream, String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn who_may_not_install_is_refused_before_a_byte_is_read() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let (_stream, answer) = begin_upload(&server, "ann").await;
    // The body is not even asked for.
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("plugin-forbidden"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn uploads_at_once_are_bounded() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let mut under_way = Vec::new();
    for _ in 0..UPLOADS_PER_USER {
        let (stream, answer) = begin_upload(&server, "ann").await;
        assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
        under_way.push(stream);
    }
    let package = Guest::new("greeter", "1.0.0").package();
    let ann = server.as_user("ann");
    let refused = ann.upload(&package, None).await;
    let problem = refused.problem(429, "too-many-uploads");
    assert!(problem["detail"].as_str().unwrap().starts_with("you are sending"), "{problem}");
    assert!(refused.headers.contains_key("retry-after"));
    server.as_user("bob").upload(&package, None).await.ok();
    // Who leaves gives the place back.
    drop(under_way);
    eventually("a place", async || match ann.upload(&package, None).await {
        answer if answer.status == 200 => Ok(()),
        answer => Err(answer.text),
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn streams_of_a_user_are_bounded_and_read_together() {
    let world = World::sqlite().await;
    let gate = Gate::new();
    world.model.script("stream", vec![Reply::gated(vec!["a".into()], &gate)]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "stream").await;
    // A stream is a stream, whatever it tells.
    let changes = format!("/api/projects/{project}/changes");
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS {
        let watcher = ann.request(reqwest::Method::GET, &changes).send().await.unwrap();
        assert_eq!(watcher.status(), 200);
        watchers.push(watcher);
    }
    let mut readers: Vec<Follow> = Vec::new();
    for _ in WATCHERS..STREAMS_PER_USER {
        readers.push(ann.follow(&execution, 0).await);
    }
    ann.get(&changes).await.problem(429, "too-many-streams");
    let path = format!("/api/stream_progress/{execution}");
    let problem = ann.get(&path).await.problem(429, "too-many-streams");
    assert!(problem["detail"].as_str().unwrap().starts_with("you have"), "{problem}");
    // Others are not meant, nor are other requests.
    server.as_user("eve").get(&path).await.problem(404, "not-found");
    ann.get("/api/me").await.ok();
    gate.open_to(1);
    let first = readers.pop().unwrap().follow_to_end().await;
    let stored = |frames: Vec<crate::support::Frame>| frames.into_iter().filter(|f| f.id.is_some()).collect::<Vec<_>>();
    let first = stored(first);
    for mut reader in readers {
        let ids = |frames: &[crate::support::Frame]| frames.iter().map(|frame| frame.id).collect::<Vec<_>>();
        assert_eq!(ids(&stored(reader.follow_to_end().await)).last(), ids(&first).last());
    }
    eventually("a place", async || match ann.request(reqwest::Method::GET, &path).send().await.unwrap().status() {
        status if status == 200 => Ok(()),
        status => Err(status.to_string()),
    })
    .await;
    server.stop().await;
}

/// Lets this process, and the programs that it starts, have so many files open; says so when it may not.
fn raise_open_files(wanted: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = Rlimit { current: Some(maximum.map_or(wanted, |maximum| maximum.min(wanted))), maximum };
    let done = setrlimit(Resource::Nofile, raised);
    if done.is_err() || raised.current < Some(wanted) {
        println!(
            "only {:?} files may be open and {wanted} are needed: begin again after `ulimit -n {wanted}`",
            getrlimit(Resource::Nofile).current
        );
    }
}

/// A user's waits for an answer, one after the other: over one connection, and over a new one each.
async fn waits(host: &Running) -> [Vec<Duration>; 2] {
    const REQUESTS: usize = 300;
    let mut all = [Vec::new(), Vec::new()];
    let kept = host.ann();
    for _ in 0..REQUESTS {
        for (waits, api) in all.iter_mut().zip([kept.clone(), host.ann()]) {
            let began = Instant::now();
            api.get("/api/projects").await.ok();
            waits.push(began.elapsed());
        }
    }
    all.iter_mut().for_each(|waits| waits.sort());
    all
}

/// Connections that say nothing, or nothing more once they had an answer; those that the server took.
async fn idle(host: &Running, count: usize, asks: bool) -> Vec<TcpStream> {
    /// Begun at once; more than the kernel's queue holds would be tried again after a second each.
    const AT_ONCE: usize = 100;
    let address = host.base().strip_prefix("http://").unwrap().to_owned();
    let open = async || {
        let mut stream = TcpStream::connect(&address).await.ok()?;
        if asks {
            stream.write_all(b"GET /api/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.ok()?;
            // A connection that had to make room says nothing.
            stream.read(&mut [0; 1024]).await.ok().filter(|read| *read > 0)?;
        }
        Some(stream)
    };
    let mut streams = Vec::new();
    while streams.len() < count {
        let more = futures::future::join_all((0..AT_ONCE.min(count - streams.len())).map(|_| open())).await;
        streams.extend(more.into_iter().flatten());
    }
    streams
}

/// How long another user waits beside more idle connections than the server keeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "opens thousands of connections; prints a table"]
async fn measure_another_user_beside_idle_connections() {
    const IDLE: usize = 8_300;
    raise_open_files(2 * IDLE as u64);
    let world = World::sqlite().await;
    let host = Running::start_with(&world, &[]);
    host.ann().project("One").await;
    waits(&host).await;
    let table = async |beside: &str| {
        for (how, waits) in ["one connection", "new connections"].into_iter().zip(waits(&host).await) {
            let at = |part: usize| waits[(waits.len() - 1) * part / 100];
            println!("{beside}, {how}: p50 {:?}, p95 {:?}, worst {:?}", at(50), at(95), at(100));
        }
    };
    table("alone").await;
    for (what, asks) in [("silent from the start", false), ("silent after an answer", true)] {
        let began = Instant::now();
        let streams = idle(&host, IDLE, asks).await;
        let took = began.elapsed();
        table(&format!("beside {IDLE} {what}")).await;
        let closed = streams.iter().filter(|stream| stream.try_read(&mut [0; 16]).is_ok_and(|read| read == 0)).count();
        println!(
            "  opened in {took:.1?}; {closed} of them were closed by then; the host holds {} KiB",
            host.memory_now_kib()
        );
    }
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
}

//! Whether the walls hold: the child tries what it must not be able to do, once they stand.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::Command;
use std::{env, fs, io};

use rustix::process::{Signal, getpid, getppid, kill_process};

/// What could be done, one line each; empty when nothing could. Only "not permitted" counts as a wall: that a file or
/// a listener is not there says nothing of one.
pub(super) fn gaps() -> String {
    let own = env::temp_dir().join(format!("bricklayer-walls-{}", std::process::id()));
    let parent = getppid().unwrap_or_else(getpid);
    // Harmless where it gets through.
    let signal = kill_process(parent, Signal::CONT).map_err(io::Error::from);
    let attempts: [(&str, io::Result<()>); 14] = [
        ("read a file", fs::read("/etc/passwd").map(drop)),
        ("read its own program", fs::File::open("/proc/self/exe").map(drop)),
        ("read a folder", fs::read_dir("/").map(drop)),
        ("look at a file", fs::metadata("/etc/passwd").map(drop)),
        ("see another process", fs::read_link(format!("/proc/{parent}/cwd")).map(drop)),
        ("write a file", fs::write(&own, "").map(|()| drop(fs::remove_file(&own)))),
        ("make a folder", fs::create_dir(&own).map(|()| drop(fs::remove_dir(&own)))),
        ("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
        ("connect", TcpStream::connect("127.0.0.1:9").map(drop)),
        ("send datagrams", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("speak to a service of the machine", UnixStream::connect("/run/nothing").map(drop)),
        ("make a socket", UnixDatagram::unbound().map(drop)),
        ("run a program", Command::new("/bin/true").status().map(drop)),
        ("signal its parent", signal),
    ];
    let got_through =
        |tried: &io::Result<()>| tried.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::PermissionDenied);
    let gaps = attempts.iter().filter(|(_, tried)| got_through(tried));
    gaps.map(|(what, tried)| format!("it could {what}: {tried:?}\n")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn without_walls_it_gets_through() {
        let gaps = super::gaps();
        for what in ["read a file", "read its own program", "write a file", "listen", "run a program", "signal"] {
            assert!(gaps.contains(&format!("it could {what}")), "{what} is no attempt that can succeed: {gaps}");
        }
    }
}

use super::*;
use crate::SourcePolicy;

fn shared(policy: &str, own: &str, allow_loopback_http: bool) -> Shared {
    let policy = SourcePolicy::parse(policy).unwrap();
    Shared {
        own: Destination { host: bare(own).to_owned(), port: 443 },
        own_named: policy.names_host(own, 443),
        allow_loopback_http,
        connect_timeout: Duration::from_secs(1),
        password: String::new(),
        limit: AtomicU64::new(0),
        allowance: AtomicU64::new(0),
        refusal: Mutex::new(None),
    }
}

#[track_caller]
fn check(shared: &Shared, host: &str, address: &str, expected: bool) {
    let destination = Destination { host: host.to_owned(), port: 443 };
    assert_eq!(shared.may_reach(&destination, address.parse().unwrap()), expected, "{host} at {address}");
}

#[test]
fn only_hosts_that_the_operator_names_may_be_inside() {
    let any = shared("https,oci", "registry.corp", false);
    check(&any, "registry.corp", "93.184.216.34", true);
    check(&any, "cdn.example", "93.184.216.34", true);
    for address in ["10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "fd00::1", "::ffff:10.0.0.1", "100.64.0.1"] {
        check(&any, "registry.corp", address, false);
    }
    let named = shared("oci://registry.corp/team/", "registry.corp", false);
    for address in ["10.0.0.1", "192.168.1.1", "fd00::1", "127.0.0.1", "::ffff:10.0.0.1"] {
        check(&named, "registry.corp", address, true);
        check(&named, "other.corp", address, false);
    }
    for address in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0", "100.100.100.200", "224.0.0.1"] {
        check(&named, "registry.corp", address, false);
    }
    let loopback = shared("https", "127.0.0.1", true);
    check(&loopback, "127.0.0.1", "127.0.0.1", true);
    check(&loopback, "127.0.0.1", "10.0.0.1", false);
    check(&loopback, "localhost", "127.0.0.1", false);
}

#[tokio::test]
async fn a_stranger_cannot_use_the_tunnel() {
    let gate = Gate::open(&FetcherSettings::default(), "registry.example", 443).await.unwrap();
    let address = gate.proxy().rsplit_once('@').unwrap().1.to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(&[5, 1, 2]).await.unwrap();
    stream.write_all(&[1, 10]).await.unwrap();
    stream.write_all(b"bricklayer").await.unwrap();
    stream.write_all(&[5]).await.unwrap();
    stream.write_all(b"wrong").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [5, 2, 1, 1], "the method is named, the password refused, the connection closed");
    drop(gate);
    assert!(TcpStream::connect(&address).await.is_err(), "nothing listens once the fetch is over");
}

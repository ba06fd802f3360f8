//! What only a real socket shows: the shipped program, and requests that no browser makes.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{
    program::Program,
    stage::{Running, until},
};

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[web]
listen = "127.0.0.1:0"
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
bands = [ { name = "hot", from = 10 }, { name = "cool" } ]
"#;

/// The daemon, where its dashboard is, and the path of its setup link.
struct Served {
    _program: Program,
    daemon: Running,
    address: SocketAddr,
    link: String,
}

fn served() -> Served {
    let program = Program::with(CONFIG);
    let daemon = Running::start(&program, &["run"]);
    until("a setup link is printed", || {
        daemon.said().contains("/setup/")
    });
    let said = daemon.said();
    let (_, token) = said.split_once("/setup/").unwrap();
    let token = token.split_whitespace().next().unwrap();
    Served {
        address: daemon.address(),
        link: format!("/setup/{token}"),
        _program: program,
        daemon,
    }
}

impl Served {
    /// What comes back for these bytes until the connection ends.
    fn told(&self, bytes: &[u8]) -> String {
        let mut line = TcpStream::connect(self.address).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        // Who is hung up on while still speaking has been answered.
        let _ = line.write_all(bytes);
        let mut heard = Vec::new();
        let _ = line.read_to_end(&mut heard);
        String::from_utf8_lossy(&heard).into_owned()
    }

    fn asked(&self, first: &str, headers: &str) -> String {
        self.told(format!("{first}\r\n{headers}connection: close\r\n\r\n").as_bytes())
    }
}

// S9, S14, S15 and S23.
#[test]
fn the_daemon_bears_requests_that_no_browser_makes_and_still_ends_at_once() {
    let mut served = served();
    let own = format!("host: {}\r\n", served.address);
    let status = |heard: &str| heard.split(' ').nth(1).unwrap_or_default().to_owned();

    let link = served.link.clone();
    let page = served.asked(&format!("GET {link} HTTP/1.1"), &own);
    assert_eq!(status(&page), "200", "{page}");
    let head = page.to_lowercase();
    let head = head.split("\r\n\r\n").next().unwrap();
    assert!(
        head.contains("content-security-policy: default-src 'none'"),
        "{head}"
    );
    assert!(
        !head.contains("\r\nserver:") && !head.contains("engaged/"),
        "{head}"
    );

    // Another host, in whatever way it is said.
    for (first, headers) in [
        ("GET / HTTP/1.1", "host: evil.example\r\n"),
        ("GET / HTTP/1.0", ""),
        ("GET / HTTP/1.1", ""),
        ("GET http://127.0.0.1/ HTTP/1.1", "host: evil.example\r\n"),
        (
            "GET / HTTP/1.1",
            "host: 127.0.0.1\r\nhost: evil.example\r\n",
        ),
    ] {
        let heard = served.asked(first, headers);
        assert!(
            ["421", "400"].contains(&status(&heard).as_str()),
            "{first} {headers}: {heard}"
        );
    }
    // Two lengths, a length that is none, lines without end, no HTTP at all.
    let long = "a".repeat(1 << 20);
    for bytes in [
        format!("POST /login HTTP/1.1\r\n{own}content-length: 5\r\ncontent-length: 6\r\n\r\nhello"),
        format!("POST /login HTTP/1.1\r\n{own}content-length: -1\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\n{own}\r\n"),
        format!("GET / HTTP/1.1\r\n{own}x: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{own}{}\r\n", "x: y\r\n".repeat(5_000)),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n".to_owned(),
    ] {
        let heard = served.told(bytes.as_bytes());
        let shown: String = bytes.chars().take(80).collect();
        assert!(
            heard.is_empty() || status(&heard).starts_with('4'),
            "{shown}: {heard}"
        );
    }
    // A connection that says nothing more does not hold the daemon when it is told to stop.
    let mut silent = TcpStream::connect(served.address).unwrap();
    silent.write_all(b"GET / HT").unwrap();
    assert_eq!(status(&served.asked("GET /login HTTP/1.1", &own)), "200");
    served.daemon.signal("TERM");
    assert_eq!(served.daemon.ended(), Some(0), "{}", served.daemon.said());
}

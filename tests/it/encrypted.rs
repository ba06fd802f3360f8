//! Whom nobody vouches for gets nothing: not a byte of a request, and so no key.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    ServerConfig, ServerConnection, Stream,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::program::Program;

const KEY: &str =
    "64d9a1f0c3b2e4d5a6978869:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A platform on loopback behind TLS. It remembers what it could read.
struct Behind {
    port: u16,
    read: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<u32>>,
}

impl Behind {
    fn new(certificate: &Certificate, key: &KeyPair) -> Self {
        let certificate: CertificateDer<'static> = certificate.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let behind = Self {
            port: listener.local_addr().unwrap().port(),
            read: Arc::default(),
            connections: Arc::default(),
        };
        let (read, connections) = (Arc::clone(&behind.read), Arc::clone(&behind.connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                *connections.lock().unwrap() += 1;
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let got = answer(stream.unwrap(), connection);
                read.lock().unwrap().extend(got);
            }
        });
        behind
    }
}

/// Reads the head of one request, as far as the other side lets it, and refuses it.
fn answer(mut stream: TcpStream, mut connection: ServerConnection) -> Vec<u8> {
    let mut tls = Stream::new(&mut connection, &mut stream);
    let mut got = Vec::new();
    let mut some = [0; 4096];
    while !got.windows(4).any(|end| end == b"\r\n\r\n") {
        match tls.read(&mut some) {
            Ok(number) if number > 0 => got.extend(&some[..number]),
            _ => return got,
        }
    }
    let _ = tls.write_all(
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    );
    let _ = tls.flush();
    got
}

/// A certificate for a name, until a year, from whoever signs.
fn of(name: &str, until: i32, issuer: &CertifiedIssuer<'_, KeyPair>) -> (Certificate, KeyPair) {
    let mut wanted = CertificateParams::new(vec![name.to_owned()]).unwrap();
    wanted.not_before = date_time_ymd(2000, 1, 1);
    wanted.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    (wanted.signed_by(&key, issuer).unwrap(), key)
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut wanted = CertificateParams::default();
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(wanted, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn an_unknown_an_expired_and_a_foreign_certificate_get_no_byte_of_a_request() {
    let (known, unknown) = (authority(), authority());
    for (certificate, is_good) in [
        (of("127.0.0.1", 2090, &known), true),
        (of("127.0.0.1", 2090, &unknown), false),
        (of("127.0.0.1", 2001, &known), false),
        (of("shop.example", 2090, &known), false),
    ] {
        let behind = Behind::new(&certificate.0, &certificate.1);
        let program = Program::with(&format!(
            "timezone = \"Europe/Amsterdam\"\n[connections.site]\nplatform = \"ghost\"\n\
             base_url = \"https://127.0.0.1:{}\"\nkey = {{ env = \"SITE_KEY\" }}\n\
             [scores.s]\nrules = [ {{ when = \"open\", points = 1 }} ]\nbands = [ {{ name = \"all\" }} ]\n",
            behind.port
        ));
        let trusted = program.file("known.pem", &known.pem());
        let done = program
            .command(&["doctor", "--json"])
            .env("SITE_KEY", KEY)
            .env("SSL_CERT_FILE", trusted)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let read = behind.read.lock().unwrap().clone();
        assert!(*behind.connections.lock().unwrap() > 0, "{said}");
        if is_good {
            // So the test can see what it looks for: the same program tells whom it may trust its key's word.
            let read = String::from_utf8_lossy(&read).into_owned();
            assert!(
                read.to_lowercase().contains("authorization: ghost "),
                "{read}\n{said}"
            );
            assert!(!said.contains("certificate"), "{said}");
        } else {
            assert!(read.is_empty(), "{}", String::from_utf8_lossy(&read));
            assert!(said.contains("certificate"), "{said}");
        }
    }
}

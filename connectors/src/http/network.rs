//! The real transport: reqwest, with everything switched off that would act
//! behind our back (redirects, its own retries, a proxy in front of loopback).

use std::{error::Error as _, time::Duration};

use ::http::{Request, Response};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{BODY_MAX, BodyMax, Transport, TransportError};
use crate::error::ConnectorError;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the line may be silent, before the first byte or between two.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a request may take in all, unless the connection says otherwise.
const TOTAL: Duration = Duration::from_mins(1);

/// HTTP over the network.
pub struct Network {
    /// Through the system's proxy, where one is set.
    outside: reqwest::Client,
    /// For loopback, which no proxy may see.
    local: reqwest::Client,
}

impl Network {
    /// A transport with the default limit of 60 s for a whole request.
    pub fn new() -> Result<Self, ConnectorError> {
        Self::with_total(TOTAL)
    }

    /// A transport with another limit for a whole request.
    pub fn with_total(total: Duration) -> Result<Self, ConnectorError> {
        let client = |builder: reqwest::ClientBuilder| {
            builder
                .user_agent(concat!("engaged/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT)
                .read_timeout(SILENCE)
                .timeout(total)
                .build()
                .map_err(|source| ConnectorError::Config {
                    what: "the network".into(),
                    detail: chain(&source),
                })
        };
        Ok(Self {
            outside: client(reqwest::Client::builder())?,
            local: client(reqwest::Client::builder().no_proxy())?,
        })
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = request.uri().host().unwrap_or_default();
        let local = host == "localhost" || host == "[::1]" || host.starts_with("127.");
        let client = if local { &self.local } else { &self.outside };
        let most = request
            .extensions()
            .get()
            .map_or(BODY_MAX, |BodyMax(most)| *most);
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from))
            .map_err(|source| TransportError::NotSent(chain(&source)))?;
        let mut answer = client.execute(request).await.map_err(classify)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > most {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body.freeze());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Tells apart what the platform cannot have seen from what it may have.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the function that `map_err` takes"
)]
fn classify(source: reqwest::Error) -> TransportError {
    let text = chain(&source);
    // rustls reaches us only as text. A wrong guess costs a retry, not trust.
    if text.contains("invalid peer certificate") {
        TransportError::Untrusted(text)
    } else if source.is_connect() || source.is_builder() {
        TransportError::NotSent(text)
    } else {
        TransportError::Lost(text)
    }
}

/// The causes of an error in one line, without the URL, whose query may hold secrets.
fn chain(source: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut cause = source.source();
    while let Some(inner) = cause {
        parts.push(inner.to_string());
        cause = inner.source();
    }
    if parts.is_empty() && source.is_timeout() {
        parts.push("no answer in time".to_owned());
    }
    parts.dedup();
    if parts.is_empty() {
        "the request could not be made".to_owned()
    } else {
        parts.join(": ")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// A server that answers one request with these bytes and hangs up; brings its address.
    fn once(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            // The other side may hang up first: that is what some tests are about.
            let _ = stream.write_all(&answer);
        });
        url
    }

    async fn send(url: &str) -> Result<Response<Bytes>, TransportError> {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        Network::new().unwrap().send(request).await
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        let body = gzip.finish().unwrap();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
        );
        [head.into_bytes(), body].concat()
    }

    #[tokio::test]
    async fn a_compressed_answer_comes_out_whole() {
        let answer = send(&once(zipped(b"[1,2,3]"))).await.unwrap();
        assert_eq!(&answer.body()[..], b"[1,2,3]");
    }

    #[tokio::test]
    async fn a_small_body_that_unpacks_to_a_huge_one_is_refused() {
        let answer = send(&once(zipped(&vec![b' '; BODY_MAX + 1]))).await;
        assert_eq!(answer.unwrap_err(), TransportError::TooLarge);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_counts_as_lost() {
        let short = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1".to_vec();
        for answer in [short, Vec::new()] {
            let error = send(&once(answer)).await.unwrap_err();
            assert!(matches!(error, TransportError::Lost(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_counts_as_not_sent() {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let error = send(&format!("http://127.0.0.1:{port}/?key=secret"))
            .await
            .unwrap_err();
        assert!(matches!(error, TransportError::NotSent(_)), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[tokio::test]
    async fn a_redirect_comes_back_as_it_is() {
        let moved = b"HTTP/1.1 301 Moved\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_vec();
        assert_eq!(send(&once(moved)).await.unwrap().status(), 301);
    }
}

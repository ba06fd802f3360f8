//! The connections that are let in: so many at once, and none on which nothing
//! is answered for long.
//!
//! Whoever opens connections and says nothing, or says it a byte at a time,
//! would otherwise keep them for good, and with them the files that the store
//! and the connectors need to open.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};
use tracing::warn;

/// So many connections at once; who comes then waits. The rest of what a process may open is for the daemon's work.
const CONNECTIONS_MAX: usize = 200;

/// A connection on which nothing is answered for so long ends. Longer than a request may take.
const SILENCE_MAX: Duration = Duration::from_mins(2);

/// Where nobody can be let in, because no more files may be open, it is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// And said no more often than this.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// A port, and how many may still come in.
pub(super) struct Door {
    port: TcpListener,
    room: Arc<Semaphore>,
    /// When it was last said that nobody can be let in.
    said: Option<Instant>,
}

impl Door {
    /// The port, for so many as there is room for.
    pub(super) fn new(port: TcpListener) -> Self {
        Self::for_so_many(port, CONNECTIONS_MAX)
    }

    fn for_so_many(port: TcpListener, most: usize) -> Self {
        let room = Arc::new(Semaphore::new(most));
        Self {
            port,
            room,
            said: None,
        }
    }

    /// Says what is short, and waits a moment.
    async fn rest(&mut self, error: &io::Error) {
        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            self.said = Some(Instant::now());
            warn!(
                "a client that waits cannot be let in, and our own work may wait, too: {error}; \
                 if that is no flood, let the process open more files (LimitNOFILE, ulimit -n)"
            );
        }
        sleep(AGAIN).await;
    }
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        // Never closed; and without a permit there would be a connection more, not a fault.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, from) = loop {
            match self.port.accept().await {
                Ok(come) => break come,
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => self.rest(&error).await,
            }
        };
        let line = Line {
            stream,
            ends: Box::pin(sleep(SILENCE_MAX)),
            _place: place,
        };
        (line, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.port.local_addr()
    }
}

/// Whether a client went away before it was let in.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    /// When it ends, unless something is answered before.
    ends: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Line {
    /// What nothing comes of yet comes to an end.
    fn or_end<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_pending() {
            ready!(self.ends.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        poll
    }

    fn answered<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if matches!(poll, Poll::Ready(Ok(_))) {
            self.ends.as_mut().reset(Instant::now() + SILENCE_MAX);
        }
        self.or_end(cx, poll)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(cx, into);
        self.or_end(cx, poll)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.answered(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.answered(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.or_end(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.or_end(cx, poll)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    /// A served port with room for two.
    async fn served() -> SocketAddr {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = port.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(async move { axum::serve(Door::for_so_many(port, 2), router).await });
        address
    }

    // S23.
    #[tokio::test]
    async fn who_says_nothing_or_says_it_slowly_is_hung_up_on_and_makes_room() {
        let address = served().await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut slow = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"G").await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        // Whoever comes when it is full waits until one of them has gone.
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(ASKED).await.unwrap();
        tokio::time::pause();
        let began = Instant::now();
        let drip = async {
            while slow.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        };
        let heard = async {
            let mut heard = [0; 15];
            third.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"HTTP/1.1 200 OK");
        };
        let gone = async {
            let mut rest = Vec::new();
            // A reset is an end, too.
            let _ = silent.read_to_end(&mut rest).await;
            assert!(rest.is_empty(), "{rest:?}");
        };
        tokio::join!(drip, heard, gone);
        assert!(began.elapsed() <= SILENCE_MAX * 2, "{:?}", began.elapsed());
    }

    // S23.
    #[tokio::test]
    async fn a_connection_on_which_answers_go_out_stays() {
        let address = served().await;
        let mut line = TcpStream::connect(address).await.unwrap();
        tokio::time::pause();
        for _ in 0..4 {
            line.write_all(ASKED).await.unwrap();
            let mut heard = vec![0; 4_000];
            let length = line.read(&mut heard).await.unwrap();
            assert!(heard[..length].starts_with(b"HTTP/1.1 200 OK"));
            sleep(SILENCE_MAX / 2).await;
        }
    }
}

//! Connections: how many, how long, and how they end.
//!
//! A loop of our own on hyper, because axum's has no limits. A connection has to send the head of a
//! request within a time; the body within the time of the request (`layers.rs`).

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderValue, header},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use socket2::{SockFilter, SockRef};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tower_service::Service as _;

use crate::{App, router};

/// What connections may do.
#[derive(Clone, Debug)]
pub struct Connections {
    /// How many there may be at once; one more is told 503.
    pub most: usize,
    /// How long one may take to send the head of a request, and how long it may stay without asking.
    pub head_patience: Duration,
    /// How long the head of a request may be, in bytes, from 8 KiB.
    pub longest_head: usize,
    /// How many headers it may have.
    pub headers: usize,
    /// How long the service still answers after it has been told to end and is not ready any more, so
    /// that who distributes requests can turn to others.
    pub grace: Duration,
    /// How long it then waits for what is in hand.
    pub finish: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 1_000,
            head_patience: Duration::from_secs(15),
            longest_head: 32 * 1024,
            headers: 64,
            grace: Duration::from_millis(500),
            finish: Duration::from_secs(35),
        }
    }
}

/// How long a connection that came last may take to begin its request.
const LAST_WORD: Duration = Duration::from_millis(250);

/// A filter that returns 0 for every packet: none of it is kept.
const TAKES_NOTHING: SockFilter = SockFilter::new(0x06, 0, 0, 0);

/// Why nobody more is let in, for a client that has not been listened to.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Answers on that socket until `stop` is ready. Then it is not ready any more and answers on for a
/// grace, lets nobody in any more, and finishes what it has in hand.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let how = app.settings.connections.clone();
    let (ending, looks) = (app.ending.clone(), app.looks.clone());
    let door = Door {
        protocol: Arc::new(protocol(&how)),
        places: Arc::new(Semaphore::new(how.most)),
        open: GracefulShutdown::new(),
        router: router(app),
        ending: ending.clone(),
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => door.welcome(accepted).await,
            () = &mut stop => break,
        }
    }
    tracing::info!(grace_ms = how.grace.as_millis() as u64, "not ready any more");
    ending.begin();
    let mut grace = pin!(sleep(how.grace));
    loop {
        tokio::select! {
            accepted = listener.accept() => door.welcome(accepted).await,
            () = &mut grace => break,
        }
    }
    // Who has knocked already is let in: with the socket closed he would be turned away unheard. Who
    // comes from now on is not answered at all; he knocks again, at a closed door or at a successor's.
    if let Err(error) = SockRef::from(&listener).attach_filter(&[TAKES_NOTHING]) {
        tracing::warn!(%error, "the socket cannot be closed gently");
    }
    while let Ok(accepted) = timeout(Duration::ZERO, listener.accept()).await {
        door.welcome(accepted).await;
    }
    drop(listener);
    // Who has just been let in gets the time to say what he wants: a connection that has not yet said
    // anything is closed at once by what follows.
    sleep(LAST_WORD).await;
    let count = door.open.count();
    tracing::info!(connections = count, "nobody is let in any more");
    if timeout(how.finish, door.open.shutdown()).await.is_err() {
        tracing::warn!("connections were still at work, and are cut");
    }
    if !looks.written(how.finish).await {
        tracing::error!("looks of the last moments could not be written, and are lost");
    }
    Ok(())
}

fn protocol(how: &Connections) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(how.head_patience)
        .max_headers(how.headers)
        .max_buf_size(how.longest_head.max(8 * 1024));
    protocol
}

/// Where connections come in.
struct Door {
    protocol: Arc<http1::Builder>,
    places: Arc<Semaphore>,
    open: GracefulShutdown,
    router: Router,
    ending: crate::Ending,
}

impl Door {
    async fn welcome(&self, accepted: io::Result<(TcpStream, std::net::SocketAddr)>) {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Of one connection that broke off nobody needs to hear. Where the process has no
                // descriptors left, trying again at once would only burn the processor.
                if !is_of_one_connection(&error) {
                    tracing::error!(%error, "no connection can be taken in");
                    sleep(Duration::from_millis(200)).await;
                }
                return;
            }
        };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            metrics::counter!("parvaneh_http_connections_refused_total").increment(1);
            tracing::warn!("all connections are in use");
            tokio::spawn(turn_away(stream));
            return;
        };
        let _ = stream.set_nodelay(true);
        let router = self.router.clone();
        let ending = self.ending.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let (mut router, ending) = (router.clone(), ending.clone());
            async move {
                let mut response: Response = router.call(request).await?;
                if ending.has_begun() {
                    // The next request of this client belongs to somebody else.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = self.protocol.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(attend(self.open.watcher(), connection, place));
    }
}

async fn attend(
    watcher: Watcher,
    connection: impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error>,
    place: OwnedSemaphorePermit,
) {
    let open = metrics::gauge!("parvaneh_http_connections");
    open.increment(1);
    let ended = watcher.watch(connection).await;
    open.decrement(1);
    if let Err(error) = ended {
        // A client that is slow, gone or speaks no HTTP.
        tracing::debug!(%error, "a connection ended early");
    }
    drop(place);
}

/// Says that there is no place, to who may not even be listening.
async fn turn_away(mut stream: TcpStream) {
    let _ = timeout(Duration::from_secs(1), stream.write_all(FULL)).await;
    let _ = timeout(Duration::from_secs(1), stream.shutdown()).await;
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused | Kind::ConnectionAborted | Kind::ConnectionReset
    )
}

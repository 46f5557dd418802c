//! The form of a stream of events (HTML, 9.2: server-sent events).

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use hyper::body::Frame;
use serde::Serialize;
use tokio::sync::mpsc;

/// So many messages wait for a receiver who is slow.
const WAITING: usize = 4;
/// Who takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Message(String);

impl Message {
    /// An event of that name, with its place in the stream.
    pub(crate) fn event(name: &str, id: Option<u64>, data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).unwrap_or_default();
        let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
        Self(format!("event: {name}\n{id}data: {data}\n\n"))
    }

    /// Nothing, for whoever between would take the connection for dead.
    pub(crate) fn beat() -> Self {
        Self(":\n\n".to_owned())
    }

    /// After how long a browser comes back when the stream ends.
    pub(crate) fn again_in(wait: Duration) -> Self {
        Self(format!("retry: {}\n\n", wait.as_millis()))
    }
}

/// Where messages go.
#[derive(Clone, Debug)]
pub(crate) struct Wire(mpsc::Sender<Bytes>);

impl Wire {
    /// Sends; says whether somebody is still there.
    pub(crate) async fn send(&self, message: Message) -> bool {
        self.0.send_timeout(Bytes::from(message.0), PATIENCE).await.is_ok()
    }

    /// Waits until nobody is there any more.
    pub(crate) async fn left(&self) {
        self.0.closed().await;
    }
}

/// A stream that is open, and the answer that carries it.
pub(crate) fn open() -> (Wire, Response) {
    let (wire, messages) = mpsc::channel(WAITING);
    let mut response = Body::new(Messages(messages)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would gather it.
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    headers.insert(unbuffered, HeaderValue::from_static("no"));
    (Wire(wire), response)
}

struct Messages(mpsc::Receiver<Bytes>);

impl axum::body::HttpBody for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

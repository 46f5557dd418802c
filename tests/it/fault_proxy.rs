//! Stands between a store and its server, and loses what it should hand on.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::Mutex,
    task::JoinHandle,
};

/// What becomes of a message that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is handed on, and so is its answer.
    Kept,
    /// The server does what it says, and then the connection breaks: the answer is lost.
    AnswerLost,
    /// The connection breaks at once, and the server does what the message says nevertheless,
    /// perhaps after the client has come back.
    LeftBehind,
    /// The connection breaks before the message reaches the server.
    Lost,
}

/// Decides on each message.
type Judge = Box<dyn FnMut(&[u8]) -> Fate + Send>;

/// A proxy on a socket of its own.
pub(crate) struct Proxy {
    dir: TempDir,
    listening: JoinHandle<()>,
    harmed: Arc<AtomicUsize>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Proxy {
    /// A proxy before the server of these options that treats some messages badly: many of those
    /// that write events, few of the others.
    pub(crate) fn unreliable(server: &PgConnectOptions, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self::start(server, move |message| {
            let rarity = if holds(message, b"\"fact\":") { 20 } else { 400 };
            match rng.random_range(0..rarity) {
                0 | 1 => Fate::AnswerLost,
                2 => Fate::LeftBehind,
                3 => Fate::Lost,
                _ => Fate::Kept,
            }
        })
    }

    /// A proxy that treats each message as `judge` says, which may take its time.
    pub(crate) fn judged(
        server: &PgConnectOptions,
        judge: impl FnMut(&[u8]) -> Fate + Send + 'static,
    ) -> Self {
        Self::start(server, judge)
    }

    /// A proxy that treats the first messages that contain `text` so, one after the other, and
    /// keeps all others.
    pub(crate) fn scripted(server: &PgConnectOptions, text: &str, fates: &[Fate]) -> Self {
        let (text, fates) = (text.as_bytes().to_vec(), fates.to_vec());
        let mut fates = fates.into_iter();
        Self::start(server, move |message| {
            if holds(message, &text) { fates.next().unwrap_or(Fate::Kept) } else { Fate::Kept }
        })
    }

    fn start(server: &PgConnectOptions, judge: impl FnMut(&[u8]) -> Fate + Send + 'static) -> Self {
        let name = format!(".s.PGSQL.{}", server.get_port());
        let behind = server.get_socket().expect("a server on a socket").join(&name);
        let dir = tempfile::Builder::new().prefix("parvaneh-").tempdir().expect("a folder");
        let listener = UnixListener::bind(dir.path().join(&name)).expect("a socket");
        let judge: Arc<Mutex<Judge>> = Arc::new(Mutex::new(Box::new(judge)));
        let harmed = Arc::new(AtomicUsize::new(0));
        let listening = tokio::spawn({
            let harmed = harmed.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(hand_on(client, behind.clone(), judge.clone(), harmed.clone()));
                }
            }
        });
        Self { dir, listening, harmed }
    }

    /// The same options, by way of this proxy.
    pub(crate) fn before(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.socket(self.dir.path())
    }

    /// How many messages it has treated badly.
    pub(crate) fn harmed(&self) -> usize {
        self.harmed.load(Ordering::Relaxed)
    }
}

/// Whether a message contains a text.
pub(crate) fn holds(message: &[u8], text: &[u8]) -> bool {
    message.windows(text.len()).any(|part| part == text)
}

/// Hands on in both directions until one side goes, or a message meets its fate.
async fn hand_on(
    mut client: UnixStream,
    behind: PathBuf,
    judge: Arc<Mutex<Judge>>,
    harmed: Arc<AtomicUsize>,
) {
    let Ok(mut server) = UnixStream::connect(behind).await else { return };
    let mut asked = vec![0; 1 << 20];
    let mut answered = vec![0; 1 << 16];
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let message = &asked[..length];
                // A judge may wait for somebody whose messages others here hand on.
                let fate = (judge.lock().await)(message);
                if fate == Fate::Kept {
                    if server.write_all(message).await.is_err() {
                        return;
                    }
                    continue;
                }
                harmed.fetch_add(1, Ordering::Relaxed);
                if fate == Fate::Lost {
                    return;
                }
                if fate == Fate::LeftBehind {
                    drop(client);
                }
                if server.write_all(message).await.is_ok() {
                    // What it says does not matter: it has done what it was asked for.
                    let _answer = server.read(&mut answered).await;
                }
                return;
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

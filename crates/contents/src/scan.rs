//! A virus scanner that speaks the protocol of ClamAV's clamd (INSTREAM, `man clamd`).

use std::{path::PathBuf, str::FromStr, time::Duration};

use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::Content;

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 4096;

/// Where a scanner is, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanner {
    place: Place,
    /// How long it may take to answer to a connection or to take a piece.
    pub patience: Duration,
    /// How long it may take to look at a whole content.
    pub longest: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Unix(PathBuf),
    Tcp(String),
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It found nothing.
    Clean,
    /// It found this.
    Infected(String),
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not there, or breaks off.
    #[error("the scanner: {0}")]
    Away(#[from] std::io::Error),
    /// It took too long.
    #[error("the scanner took too long")]
    Slow,
    /// It said something else.
    #[error("the scanner says: {0}")]
    Odd(String),
    /// The content cannot be read.
    #[error("{0}")]
    Content(#[from] crate::ContentsError),
}

impl FromStr for Scanner {
    type Err = String;

    /// A path (it begins with `/` or `unix:`), or `HOST:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("unix:").or_else(|| text.starts_with('/').then_some(text));
        let place = match (path, text.rsplit_once(':')) {
            (Some(path), _) if path.starts_with('/') => Place::Unix(PathBuf::from(path)),
            (None, Some((host, port))) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Place::Tcp(text.to_owned())
            }
            _ => return Err("write HOST:PORT, or the path of a socket".to_owned()),
        };
        let (patience, longest) = (Duration::from_secs(10), Duration::from_secs(120));
        Ok(Self { place, patience, longest })
    }
}

impl Scanner {
    /// What the scanner finds in a content.
    ///
    /// # Errors
    /// See [`ScanError`]: whatever it is, the content is not known to be clean.
    pub async fn scan(&self, content: Content) -> Result<Verdict, ScanError> {
        let scanned = async {
            match &self.place {
                Place::Unix(path) => {
                    let connection = self.in_time(UnixStream::connect(path)).await?;
                    self.ask(connection, content).await
                }
                Place::Tcp(address) => {
                    let connection = self.in_time(TcpStream::connect(address)).await?;
                    self.ask(connection, content).await
                }
            }
        };
        timeout(self.longest, scanned).await.unwrap_or(Err(ScanError::Slow))
    }

    async fn ask<C: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut connection: C,
        mut content: Content,
    ) -> Result<Verdict, ScanError> {
        let sent = async {
            self.in_time(connection.write_all(b"zINSTREAM\0")).await?;
            while let Some(piece) = content.try_next().await? {
                // An empty piece would be the end.
                for piece in piece.chunks(64 * 1024) {
                    let length = (piece.len() as u32).to_be_bytes();
                    self.in_time(connection.write_all(&length)).await?;
                    self.in_time(connection.write_all(piece)).await?;
                }
            }
            self.in_time(connection.write_all(&0u32.to_be_bytes())).await?;
            self.in_time(connection.flush()).await
        };
        let sent = sent.await;
        if let Err(ScanError::Content(error)) = sent {
            return Err(error.into());
        }
        // A scanner that has had enough says why, and closes.
        let mut answer = Vec::new();
        let read = (&mut connection).take(LONGEST_ANSWER).read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        let answer = answer.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        if answer.is_empty() {
            sent?;
            read?;
            return Err(ScanError::Odd("nothing".to_owned()));
        }
        let said = answer.strip_prefix("stream:").unwrap_or(answer).trim();
        match said.strip_suffix("FOUND") {
            Some(found) => Ok(Verdict::Infected(found.trim().to_owned())),
            None if said == "OK" => sent.map(|()| Verdict::Clean),
            None => Err(ScanError::Odd(said.to_owned())),
        }
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = std::io::Result<T>>,
    ) -> Result<T, ScanError> {
        Ok(timeout(self.patience, work).await.map_err(|_| ScanError::Slow)??)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use tokio::net::TcpListener;

    use super::*;

    fn content(bytes: &'static [u8]) -> Content {
        stream::iter(bytes.chunks(10).map(|piece| Ok(Bytes::from_static(piece)))).boxed()
    }

    /// A server that reads what is sent as the protocol has it, and answers by what it has read.
    async fn server(answer: fn(&[u8]) -> Option<String>) -> Scanner {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scanner: Scanner = listener.local_addr().unwrap().to_string().parse().unwrap();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut command = [0; 10];
                connection.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"zINSTREAM\0");
                let mut read = Vec::new();
                loop {
                    let length = connection.read_u32().await.unwrap() as usize;
                    if length == 0 {
                        break;
                    }
                    let mut piece = vec![0; length];
                    connection.read_exact(&mut piece).await.unwrap();
                    read.extend(piece);
                }
                match answer(&read) {
                    Some(answer) => connection.write_all(answer.as_bytes()).await.unwrap(),
                    None => tokio::time::sleep(Duration::from_secs(3600)).await,
                }
            }
        });
        Scanner {
            patience: Duration::from_millis(200),
            longest: Duration::from_millis(400),
            ..scanner
        }
    }

    #[tokio::test]
    async fn what_the_scanner_says_is_understood() {
        let scanner = server(|read| {
            Some(match read {
                b"a content of more than one piece" => "stream: OK\0".to_owned(),
                b"bad" => "stream: Eicar-Test-Signature FOUND\0".to_owned(),
                b"huge" => "INSTREAM size limit exceeded. ERROR\0".to_owned(),
                b"silent" => return None,
                _ => String::new(),
            })
        })
        .await;
        let clean = scanner.scan(content(b"a content of more than one piece")).await.unwrap();
        assert_eq!(clean, Verdict::Clean);
        let found = scanner.scan(content(b"bad")).await.unwrap();
        assert_eq!(found, Verdict::Infected("Eicar-Test-Signature".to_owned()));
        assert!(matches!(scanner.scan(content(b"huge")).await, Err(ScanError::Odd(_))));
        assert!(matches!(scanner.scan(content(b"other")).await, Err(ScanError::Odd(_))));
        assert!(matches!(scanner.scan(content(b"silent")).await, Err(ScanError::Slow)));
    }

    #[tokio::test]
    async fn without_a_scanner_nothing_is_clean() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scanner: Scanner = listener.local_addr().unwrap().to_string().parse().unwrap();
        drop(listener);
        assert!(matches!(scanner.scan(content(b"x")).await, Err(ScanError::Away(_))));
        let none: Scanner = "/nowhere/clamd.ctl".parse().unwrap();
        assert!(matches!(none.scan(content(b"x")).await, Err(ScanError::Away(_))));
    }

    #[test]
    fn where_a_scanner_is() {
        for good in ["127.0.0.1:3310", "clamd:3310", "[::1]:3310", "/run/clamav/clamd.ctl"] {
            assert!(good.parse::<Scanner>().is_ok(), "{good}");
        }
        assert_eq!("unix:/run/c".parse::<Scanner>(), "/run/c".parse());
        for bad in ["", "clamd", ":3310", "clamd:port", "unix:relative"] {
            assert!(bad.parse::<Scanner>().is_err(), "{bad}");
        }
    }
}

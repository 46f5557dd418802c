//! Where contents are kept: a folder, an S3-compatible service, or (for tests) memory.

use std::{
    fmt,
    io::ErrorKind,
    ops::Range,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    Error as StoreError, GetOptions, GetResult, MultipartUpload, ObjectStore, ObjectStoreExt,
    PutPayload, local::LocalFileSystem, memory::InMemory, path::Path as Key,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::S3;

/// A SHA-256.
pub type Sha256Hash = [u8; 32];

/// A content as it comes, piece by piece.
pub type Content = BoxStream<'static, Result<Bytes, ContentsError>>;

/// How much is held in memory of a content that goes into a folder.
const PIECE: usize = 256 * 1024;
/// How much goes to an S3-compatible service at once: less it does not take, but for the last.
const PART: usize = 5 * 1024 * 1024;
/// What is not longer is read into memory once; what is longer is read twice.
const SHORT: u64 = 1024 * 1024;

/// Why contents cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The place where they are kept does not answer as it should.
    #[error("where documents are kept: {0}")]
    Away(String),
    /// There is no such content.
    #[error("the content {0} is not there")]
    Missing(Uuid),
    /// It is not what was handed in.
    #[error("the content {id} is not what was handed in: {why}")]
    Damaged {
        /// Which.
        id: Uuid,
        /// In what it differs.
        why: &'static str,
    },
    /// The place cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl From<StoreError> for ContentsError {
    fn from(error: StoreError) -> Self {
        Self::Away(error.to_string())
    }
}

/// The place where contents are kept. Cheap to clone.
#[derive(Clone)]
pub struct Contents {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
    part: usize,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({})", self.objects)
    }
}

/// What has been kept, whole and durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its length in bytes.
    pub size: u64,
    /// Its hash.
    pub sha256: Sha256Hash,
}

impl Contents {
    /// In a folder, which is made if it is not there, readable for nobody else.
    ///
    /// # Errors
    /// [`ContentsError::Unusable`].
    pub fn folder(folder: &Path) -> Result<Self, ContentsError> {
        let unusable = |error: &dyn fmt::Display| {
            ContentsError::Unusable(format!("{} cannot be used: {error}", folder.display()))
        };
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| unusable(&error))?;
        let mode = std::fs::metadata(folder).map_err(|error| unusable(&error))?.permissions();
        if mode.mode() & 0o007 != 0 {
            return Err(unusable(&"other users can enter it (chmod o-rwx)"));
        }
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(|error| unusable(&error))?;
        Ok(Self {
            // The file, its folder, and the folders that had to be made for it.
            objects: Arc::new(objects.with_fsync(true)),
            prefix: String::new(),
            folder: Some(folder.to_owned()),
            part: PIECE,
        })
    }

    /// With an S3-compatible service.
    ///
    /// # Errors
    /// [`ContentsError::Unusable`] for settings that say nothing useful; whether the service answers
    /// is not tried here.
    pub fn s3(settings: &S3) -> Result<Self, ContentsError> {
        let objects = settings.client()?;
        let prefix = settings.prefix.trim_matches('/').to_owned();
        Ok(Self { objects: Arc::new(objects), prefix, folder: None, part: PART })
    }

    /// In memory: gone with the process.
    pub fn memory() -> Self {
        let objects = Arc::new(InMemory::new());
        Self { objects, prefix: String::new(), folder: None, part: PIECE }
    }

    /// Where a content stands: spread over 256 folders, by the random end of its identifier.
    fn key(&self, id: Uuid) -> Key {
        let folder = format!("{:02x}", id.as_bytes()[15]);
        let parts = self.prefix.split('/').filter(|part| !part.is_empty());
        let parts = parts.map(str::to_owned).chain([folder, id.to_string()]);
        Key::from_iter(parts)
    }

    /// Begins to keep a content under an identifier that nothing has yet.
    pub fn begin(&self, id: Uuid) -> Arriving {
        Arriving {
            contents: self.clone(),
            id,
            waiting: BytesMut::new(),
            upload: None,
            size: 0,
            hash: Sha256::new(),
        }
    }

    /// A content, as it is: nothing is checked.
    ///
    /// # Errors
    /// [`ContentsError::Missing`], [`ContentsError::Away`].
    pub async fn read(&self, id: Uuid) -> Result<Content, ContentsError> {
        let found = self.get(id, GetOptions::default()).await?;
        Ok(found.into_stream().map_err(ContentsError::from).boxed())
    }

    /// A content that is still what was kept: read whole, and compared, before anything of it is
    /// given out. A long one is read once more for giving it out, and breaks off before its last
    /// piece if it has become another in between.
    ///
    /// # Errors
    /// [`ContentsError::Damaged`]; as [`Self::read`].
    pub async fn read_checked(&self, id: Uuid, kept: Kept) -> Result<Content, ContentsError> {
        if kept.size > SHORT {
            let mut first = checked(self.read(id).await?, id, kept);
            while first.try_next().await?.is_some() {}
            return Ok(checked(self.read(id).await?, id, kept).boxed());
        }
        let pieces: Vec<Bytes> = checked(self.read(id).await?, id, kept).try_collect().await?;
        Ok(futures_util::stream::iter(pieces.into_iter().map(Ok)).boxed())
    }

    /// Those bytes of a content that is still what was kept: all of it is compared before anything is
    /// given out, as [`Self::read_checked`] does. Of a long one they are then read once more, and not if
    /// it has become another in between.
    ///
    /// # Errors
    /// As [`Self::read_checked`]; [`ContentsError::Damaged`] also for bytes that it does not have.
    pub async fn read_part(
        &self,
        id: Uuid,
        kept: Kept,
        part: Range<u64>,
    ) -> Result<Content, ContentsError> {
        if part.start >= part.end || part.end > kept.size {
            return Err(ContentsError::Damaged { id, why: "it does not have those bytes" });
        }
        if kept.size <= SHORT {
            let pieces: Vec<Bytes> = checked(self.read(id).await?, id, kept).try_collect().await?;
            let piece = Bytes::from(pieces.concat()).slice(part.start as usize..part.end as usize);
            return Ok(futures_util::stream::iter([Ok(piece)]).boxed());
        }
        let first = self.get(id, GetOptions::default()).await?;
        let same = first.meta.e_tag.clone();
        let mut first = checked(first.into_stream().map_err(ContentsError::from).boxed(), id, kept);
        while first.try_next().await?.is_some() {}
        let only = GetOptions::new().with_range(Some(part)).with_if_match(same);
        Ok(self.get(id, only).await?.into_stream().map_err(ContentsError::from).boxed())
    }

    async fn get(&self, id: Uuid, how: GetOptions) -> Result<GetResult, ContentsError> {
        match self.objects.get_opts(&self.key(id), how).await {
            Ok(found) => Ok(found),
            Err(StoreError::NotFound { .. }) => Err(ContentsError::Missing(id)),
            Err(StoreError::Precondition { .. }) => {
                Err(ContentsError::Damaged { id, why: "it has just become another" })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a content away, with whatever an interrupted arrival has left of it. One that is not
    /// there is no error.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn remove(&self, id: Uuid) -> Result<(), ContentsError> {
        let key = self.key(id);
        if let Some(folder) = &self.folder {
            // A process that was killed leaves the file under the name that it has while it comes.
            let unfinished = folder.join(format!("{key}#1"));
            match tokio::fs::remove_file(&unfinished).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(ContentsError::Away(error.to_string())),
            }
        }
        match self.objects.delete(&key).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the place answers: nothing is written, and nothing that is kept is read.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn answers(&self) -> Result<(), ContentsError> {
        if let Some(folder) = &self.folder {
            let found = tokio::fs::read_dir(folder).await;
            return found.map(drop).map_err(|error| ContentsError::Away(error.to_string()));
        }
        // Nothing is ever kept there; a bucket that is not there, or not ours, says so all the same.
        let nothing = self.prefix.split('/').filter(|part| !part.is_empty()).chain(["none"]);
        self.objects.list_with_delimiter(Some(&Key::from_iter(nothing))).await?;
        Ok(())
    }

    /// How many contents there are: for tests, since it looks at every one.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn count(&self) -> Result<usize, ContentsError> {
        let all = self.objects.list(None).map_err(ContentsError::from);
        all.try_fold(0, async |count, _| Ok(count + 1)).await
    }
}

/// The same pieces; an error in place of the last one if they are not what was kept.
fn checked(
    content: Content,
    id: Uuid,
    kept: Kept,
) -> impl Stream<Item = Result<Bytes, ContentsError>> + Send + Unpin + 'static {
    struct Reading {
        content: Content,
        held: Option<Bytes>,
        hash: Sha256,
        size: u64,
        over: bool,
    }
    let reading = Reading { content, held: None, hash: Sha256::new(), size: 0, over: false };
    let damaged = move |why| ContentsError::Damaged { id, why };
    let next = move |mut reading: Reading| async move {
        while !reading.over {
            let Some(piece) = reading.content.try_next().await? else {
                reading.over = true;
                if reading.size != kept.size {
                    return Err(damaged("it is shorter"));
                }
                if <Sha256Hash>::from(reading.hash.clone().finalize()) != kept.sha256 {
                    return Err(damaged("its SHA-256 differs"));
                }
                break;
            };
            reading.size += piece.len() as u64;
            if reading.size > kept.size {
                return Err(damaged("it is longer"));
            }
            reading.hash.update(&piece);
            if let Some(before) = reading.held.replace(piece) {
                return Ok(Some((before, reading)));
            }
        }
        let last = reading.held.take();
        Ok(last.map(|last| (last, reading)))
    };
    Box::pin(futures_util::stream::try_unfold(reading, next))
}

/// A content that is being handed in. What is dropped before [`Arriving::finish`] is not kept; with
/// an S3-compatible service, call [`Arriving::abort`] to leave nothing behind there either.
#[derive(Debug)]
pub struct Arriving {
    contents: Contents,
    id: Uuid,
    /// In memory of its own: a piece as it comes keeps the buffer alive in which it came, and a sender of
    /// single bytes would make us hold thousands of times what he sends.
    waiting: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
    size: u64,
    hash: Sha256,
}

impl Arriving {
    /// How many bytes have come.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next piece.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn push(&mut self, piece: Bytes) -> Result<(), ContentsError> {
        self.size += piece.len() as u64;
        self.hash.update(&piece);
        self.waiting.extend_from_slice(&piece);
        // All parts but the last are of one length.
        while self.waiting.len() >= self.contents.part {
            let part = self.waiting.split_to(self.contents.part).freeze();
            let upload = match &mut self.upload {
                Some(upload) => upload,
                none => {
                    let key = self.contents.key(self.id);
                    none.insert(self.contents.objects.put_multipart(&key).await?)
                }
            };
            upload.put_part(part.into()).await?;
        }
        Ok(())
    }

    /// Keeps it. When this returns, it is as durable as the place can make it.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn finish(mut self) -> Result<Kept, ContentsError> {
        let rest = PutPayload::from(self.waiting.split().freeze());
        match &mut self.upload {
            None => {
                let key = self.contents.key(self.id);
                self.contents.objects.put(&key, rest).await?;
            }
            Some(upload) => {
                if let Err(error) = complete(upload.as_mut(), rest).await {
                    // What went wrong counts, not whether what has come of it could be taken away.
                    let _ = upload.abort().await;
                    return Err(error.into());
                }
            }
        }
        Ok(Kept { size: self.size, sha256: self.hash.finalize().into() })
    }

    /// Gives it up, and takes away what has come of it.
    ///
    /// # Errors
    /// [`ContentsError::Away`].
    pub async fn abort(mut self) -> Result<(), ContentsError> {
        if let Some(upload) = &mut self.upload {
            upload.abort().await?;
        }
        Ok(())
    }
}

async fn complete(upload: &mut dyn MultipartUpload, rest: PutPayload) -> Result<(), StoreError> {
    if rest.content_length() > 0 {
        upload.put_part(rest).await?;
    }
    upload.complete().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(no: u128) -> Uuid {
        Uuid::from_u128(no)
    }

    async fn keep(contents: &Contents, id: Uuid, pieces: &[&[u8]]) -> Kept {
        let mut arriving = contents.begin(id);
        for piece in pieces {
            arriving.push(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        arriving.finish().await.unwrap()
    }

    async fn whole(content: Content) -> Vec<u8> {
        let pieces: Vec<Bytes> = content.try_collect().await.unwrap();
        pieces.concat()
    }

    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        entries.map(|one| if one.path().is_dir() { files(&one.path()) } else { 1 }).sum()
    }

    #[tokio::test]
    async fn what_is_read_is_what_was_kept_whatever_its_length_and_pieces() {
        let folder = tempfile::tempdir().unwrap();
        for contents in [Contents::memory(), Contents::folder(&folder.path().join("new")).unwrap()]
        {
            let lengths = [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE + 17];
            for (no, length) in lengths.into_iter().enumerate() {
                let bytes: Vec<u8> = (0..length).map(|place| (place * 7 + no) as u8).collect();
                let pieces: Vec<&[u8]> = bytes.chunks(100_003).collect();
                let id = id(no as u128);
                let kept = keep(&contents, id, &pieces).await;
                assert_eq!(kept.size, length as u64);
                assert_eq!(kept.sha256, <Sha256Hash>::from(Sha256::digest(&bytes)));
                let read = whole(contents.read_checked(id, kept).await.unwrap()).await;
                assert!(read == bytes, "{length} bytes");
            }
            assert_eq!(contents.count().await.unwrap(), lengths.len());
            for no in 0..lengths.len() as u128 {
                contents.remove(id(no)).await.unwrap();
                contents.remove(id(no)).await.unwrap();
            }
            assert_eq!(contents.count().await.unwrap(), 0);
            assert!(matches!(contents.read(id(0)).await, Err(ContentsError::Missing(_))));
        }
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn nothing_is_given_out_of_what_was_tampered_with() {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::folder(&folder.path().join("d")).unwrap();
        for length in [1_000, 3 * SHORT as usize] {
            let bytes = vec![7; length];
            let kept = keep(&contents, id(1), &[&bytes]).await;
            let path = folder.path().join(format!("d/01/{}", id(1)));
            let changes: [fn(&mut Vec<u8>); 3] =
                [|all| all[500] ^= 1, |all| all.truncate(999), |all| all.push(7)];
            for change in changes {
                let mut other = bytes.clone();
                change(&mut other);
                std::fs::write(&path, other).unwrap();
                let told = contents.read_checked(id(1), kept).await.err();
                assert!(matches!(told, Some(ContentsError::Damaged { .. })), "{told:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_part_is_given_out_of_what_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::folder(&folder.path().join("d")).unwrap();
        for length in [1_000, 3 * SHORT] {
            let bytes: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            let kept = keep(&contents, id(1), &[&bytes]).await;
            for part in [0..1, 0..length, 7..900, length - 1..length] {
                let read = contents.read_part(id(1), kept, part.clone()).await.unwrap();
                assert_eq!(whole(read).await, bytes[part.start as usize..part.end as usize]);
            }
            for part in [5..5, length..length + 1, 0..length + 1] {
                let told = contents.read_part(id(1), kept, part).await.err();
                assert!(matches!(told, Some(ContentsError::Damaged { .. })), "{told:?}");
            }
            // A fault anywhere, also where nobody asks.
            let mut other = bytes.clone();
            other[500] ^= 1;
            std::fs::write(folder.path().join(format!("d/01/{}", id(1))), other).unwrap();
            let told = contents.read_part(id(1), kept, 0..10).await.err();
            assert!(matches!(told, Some(ContentsError::Damaged { .. })), "{told:?}");
        }
    }

    #[tokio::test]
    async fn what_does_not_come_whole_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::folder(&folder.path().join("d")).unwrap();
        let mut arriving = contents.begin(id(1));
        arriving.push(vec![0; 2 * PIECE].into()).await.unwrap();
        assert_eq!(files(folder.path()), 1);
        arriving.abort().await.unwrap();
        assert_eq!(files(folder.path()), 0);
        // A process that is killed.
        let mut arriving = contents.begin(id(2));
        arriving.push(vec![0; 2 * PIECE].into()).await.unwrap();
        std::mem::forget(arriving);
        assert_eq!((files(folder.path()), contents.count().await.unwrap()), (1, 0));
        contents.remove(id(2)).await.unwrap();
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let told = Contents::folder(folder.path()).unwrap_err().to_string();
        assert!(told.contains("other users"), "{told}");
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(Contents::folder(&file).is_err());
    }
}

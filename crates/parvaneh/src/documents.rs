//! Where the contents of documents are kept, and what looks at them: settings of the service.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use parvaneh_contents::{Contents, Kind, S3, Scanner};
use parvaneh_store::embedded::default_data_dir;
use parvaneh_web::DocumentSettings;

use crate::{config::Options, database::Database, failure::Failure, stretch::Stretch};

/// Where contents are kept.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Documents")]
pub(crate) struct KeepingOptions {
    /// Where the contents of documents are kept: a folder, or s3://BUCKET or s3://BUCKET/PREFIX
    /// (default: the folder `documents` in the data directory)
    #[arg(long, env = "PARVANEH_DOCUMENTS", value_name = "PLACE")]
    documents: Option<String>,
    /// The address of the S3-compatible service: https://s3.example (default: Amazon's)
    #[arg(long, env = "PARVANEH_S3_ENDPOINT", value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Its region
    #[arg(long, env = "PARVANEH_S3_REGION", default_value = "us-east-1", value_name = "REGION")]
    s3_region: String,
    /// The name of the key by which the program comes to it
    #[arg(long, env = "PARVANEH_S3_ACCESS_KEY", value_name = "NAME")]
    s3_access_key: Option<String>,
    /// That key
    #[arg(long, env = "PARVANEH_S3_SECRET_KEY", value_name = "KEY")]
    s3_secret_key: Option<String>,
    /// How long an export can be fetched after it was written
    #[arg(long, default_value = "7d", env = "PARVANEH_KEEP_EXPORTS", value_name = "TIME")]
    keep_exports: Stretch,
}

/// Which documents are taken.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Documents")]
pub(crate) struct TakingOptions {
    /// How long a document may be, in MB
    #[arg(
        long,
        env = "PARVANEH_DOCUMENT_MB",
        default_value_t = 20,
        value_name = "MB",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    document_mb: u32,
    /// Which kinds of file are taken: pdf, png, jpg, tiff, docx, xlsx, txt (by what is in them)
    #[arg(
        long,
        env = "PARVANEH_DOCUMENT_KINDS",
        value_delimiter = ',',
        default_value = "pdf,png,jpg,tiff,docx,xlsx,txt",
        value_name = "KINDS",
        value_parser = kind
    )]
    document_kinds: Vec<Kind>,
    /// The virus scanner, a clamd: HOST:PORT, or the path of its socket. With one, nothing is taken
    /// that it has not found clean
    #[arg(long, env = "PARVANEH_CLAMD", value_name = "PLACE")]
    clamd: Option<Scanner>,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::named(name.trim()).ok_or_else(|| {
        let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("the kinds are {}", known.join(", "))
    })
}

impl KeepingOptions {
    /// How long an export can be fetched.
    pub(crate) fn keep_exports(&self) -> Duration {
        self.keep_exports.0
    }

    /// The place.
    ///
    /// # Errors
    /// `bad-documents` when it cannot be used.
    pub(crate) fn contents(
        &self,
        options: &Options,
        database: &Database,
    ) -> Result<Contents, Failure> {
        let place = self.documents.as_deref().map(str::trim).filter(|place| !place.is_empty());
        let contents = match place.and_then(|place| place.strip_prefix("s3://")) {
            Some(bucket) => Contents::s3(&self.s3(bucket)?),
            None => {
                let folder = place.map(PathBuf::from).or_else(|| default(options, database));
                let folder = folder.ok_or_else(|| {
                    Failure::no("bad-documents", "there is no place to keep documents in")
                        .help("name one by --documents")
                })?;
                Contents::folder(&folder)
            }
        };
        contents.map_err(|error| {
            Failure::no("bad-documents", format!("documents cannot be kept: {error}"))
                .help("see --documents in `parvaneh serve --help`")
        })
    }

    fn s3(&self, bucket: &str) -> Result<S3, Failure> {
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        let keys = (self.s3_access_key.clone(), self.s3_secret_key.clone());
        let (Some(access_key), Some(secret_key)) = keys else {
            return Err(Failure::no("bad-documents", "the key for the S3 service is missing")
                .help("set PARVANEH_S3_ACCESS_KEY and PARVANEH_S3_SECRET_KEY"));
        };
        if bucket.is_empty() {
            return Err(Failure::no("bad-documents", "--documents names no bucket")
                .help("write s3://BUCKET or s3://BUCKET/PREFIX"));
        }
        Ok(S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            access_key,
            secret_key,
        })
    }
}

/// Beside the private Postgres' data; where the database is a named one, where they would be.
fn default(options: &Options, database: &Database) -> Option<PathBuf> {
    let data = database.data_dir().map(Path::to_owned).or_else(|| options.data_dir.clone());
    Some(data.or_else(default_data_dir)?.join("documents"))
}

impl TakingOptions {
    /// The settings of the service.
    pub(crate) fn settings(self, contents: Contents) -> DocumentSettings {
        DocumentSettings {
            contents,
            scanner: self.clamd,
            kinds: self.document_kinds,
            longest: u64::from(self.document_mb) * 1024 * 1024,
            ..DocumentSettings::default()
        }
    }
}

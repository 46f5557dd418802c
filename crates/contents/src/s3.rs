//! An S3-compatible service: how it is reached, and for how long it is waited for.

use std::{fmt, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};

use crate::ContentsError;

/// How long it may take to connect.
const CONNECTING: Duration = Duration::from_secs(3);
/// How long the service may say nothing. The time as a whole has no end of its own: a download goes as fast
/// as whoever gets it.
const SILENCE: Duration = Duration::from_secs(30);

/// An S3-compatible service.
#[derive(Clone)]
pub struct S3 {
    /// The bucket, which must exist.
    pub bucket: String,
    /// What stands before every name in it; may be empty.
    pub prefix: String,
    /// Its address; `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// By which key.
    pub access_key: String,
    /// The secret of that key.
    pub secret_key: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// Who speaks to it; whether it answers is not tried.
    ///
    /// # Errors
    /// [`ContentsError::Unusable`] for settings that say nothing useful.
    pub(crate) fn client(&self) -> Result<AmazonS3, ContentsError> {
        // A second installation says so, and does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let how = ClientOptions::new()
            .with_allow_http(plain)
            .with_timeout_disabled()
            .with_connect_timeout(CONNECTING)
            .with_read_timeout(SILENCE);
        // Somebody waits for the answer: a short hiccup is bridged, and then he is told.
        let retry = RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(1),
                ..BackoffConfig::default()
            },
            max_retries: 3,
            retry_timeout: Duration::from_secs(10),
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key)
            .with_client_options(how)
            .with_retry(retry);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        builder.build().map_err(|error| ContentsError::Unusable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Contents;

    #[test]
    fn a_secret_is_not_shown() {
        let s3 = S3 {
            bucket: "b".into(),
            prefix: String::new(),
            endpoint: None,
            region: "r".into(),
            access_key: "key".into(),
            secret_key: "hush".into(),
        };
        assert!(!format!("{s3:?} {:?}", Contents::s3(&s3).unwrap()).contains("hush"));
    }
}

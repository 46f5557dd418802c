//! Who makes the exports that are no list of events: as far as this program was built with them.

use std::sync::Arc;

use parvaneh_export::Format;
use parvaneh_web::LicenceTypesetter;
use parvaneh_worker::{Bundles, export::Makers, seal::SignerClient};

/// Those that this program has, for a service that people reach there, and whose log is signed there.
pub(crate) fn makers(public_url: &str, signer: Option<Arc<SignerClient>>) -> Makers {
    let makers = papers(public_url);
    match signer {
        Some(signer) => makers.with(Format::Bundle, Arc::new(Bundles::new(signer))),
        None => makers,
    }
}

#[cfg(feature = "pdf")]
fn papers(public_url: &str) -> Makers {
    let papers = parvaneh_web::Papers::new(public_url, |paper| {
        parvaneh_pdf::typeset(paper).map_err(|error| error.to_string())
    });
    Makers::default().with(Format::Pdf, Arc::new(papers))
}

#[cfg(not(feature = "pdf"))]
fn papers(_public_url: &str) -> Makers {
    Makers::default()
}

/// Who sets licences on paper.
#[cfg(feature = "pdf")]
pub(crate) fn licences() -> Option<LicenceTypesetter> {
    Some(|paper| parvaneh_pdf::typeset_licence(paper).map_err(|error| error.to_string()))
}

#[cfg(not(feature = "pdf"))]
pub(crate) fn licences() -> Option<LicenceTypesetter> {
    None
}

/// The formats in which it makes exports, with somebody who signs or without.
pub(crate) fn formats(signer: Option<&Arc<SignerClient>>) -> Vec<Format> {
    let made = |format: &Format| match format {
        Format::Pdf => cfg!(feature = "pdf"),
        Format::Bundle => signer.is_some(),
        _ => true,
    };
    Format::ALL.into_iter().filter(made).collect()
}

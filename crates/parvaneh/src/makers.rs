//! Who makes the exports that are no list of events: as far as this program was built with them.

use parvaneh_export::Format;
use parvaneh_worker::export::Makers;

/// Those that this program has, for a service that people reach there.
#[cfg(feature = "pdf")]
pub(crate) fn makers(public_url: &str) -> Makers {
    let papers = parvaneh_web::Papers::new(public_url, |paper| {
        parvaneh_pdf::typeset(paper).map_err(|error| error.to_string())
    });
    Makers::default().with(Format::Pdf, std::sync::Arc::new(papers))
}

#[cfg(not(feature = "pdf"))]
pub(crate) fn makers(_public_url: &str) -> Makers {
    Makers::default()
}

/// The formats in which it makes exports.
pub(crate) fn formats() -> Vec<Format> {
    let made = |format: &Format| *format != Format::Pdf || cfg!(feature = "pdf");
    Format::ALL.into_iter().filter(made).collect()
}

//! Bundles for auditors as exports: what is signed is made by the store, the signature comes from who has the key.

use std::sync::Arc;

use parvaneh_core::reach::Sight;
use parvaneh_store::{
    BundleScope, BundleWritten, ExportMade, ExportMaker, ExportOrder, Extent, Making, NoExtent,
    NotMade,
};
use tokio::sync::mpsc;

use crate::seal::{MapSigning, SignerClient, sign_map};

/// Makes bundles, at the checkpoint that was signed last.
#[derive(Clone, Debug)]
pub struct Bundles {
    signer: Arc<SignerClient>,
}

impl Bundles {
    /// With who signs the map of all timelines.
    pub fn new(signer: Arc<SignerClient>) -> Self {
        Self { signer }
    }

    async fn written(
        &self,
        order: ExportOrder<'_>,
        pieces: mpsc::Sender<Vec<u8>>,
    ) -> Result<ExportMade, NotMade> {
        let ExportOrder { store, viewer, export } = order;
        let extent = Extent::of_export(&export.scope, viewer).map_err(|why| match why {
            NoExtent::Narrowed => NotMade::Refused(why.to_string()),
            NoExtent::NotSeen => NotMade::NotPermitted,
        })?;
        if let Extent::Cases(cases) = &extent {
            for case in cases {
                let seen = store.case_file_for(viewer, *case).await?;
                if seen.is_none_or(|seen| seen.sight != Sight::Office) {
                    return Err(NotMade::NotPermitted);
                }
            }
        }
        let since = export.options["since"].as_str().map(str::to_owned);
        let Some(bundle) = store.bundle(BundleScope { extent, since }).await? else {
            return Err(NotMade::Refused("nothing has been signed yet".to_owned()));
        };
        let note = match sign_map(store, &self.signer, &bundle.map(), bundle.size()).await? {
            MapSigning::Signed(note) => note,
            MapSigning::Refused(code) => {
                return Err(NotMade::Refused(format!("the signer refuses: {code}")));
            }
            MapSigning::Away(why) => {
                return Err(NotMade::Refused(format!("the signer does not answer: {why}")));
            }
        };
        let BundleWritten { cases, events } =
            bundle.write(note, store.now().await?, pieces).await?;
        Ok(ExportMade { events, cases })
    }
}

impl ExportMaker for Bundles {
    fn make<'a>(&'a self, order: ExportOrder<'a>, pieces: mpsc::Sender<Vec<u8>>) -> Making<'a> {
        Box::pin(self.written(order, pieces))
    }
}

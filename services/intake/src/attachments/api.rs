//! The gRPC door to files: what a case has, and one of them for whoever says why. No rules.
use std::{pin::Pin, sync::Arc};

use backbone::{Checks, proto};
use contracts::intake::v1::{
    Attachment, DownloadAttachmentRequest, DownloadAttachmentResponse, ListAttachmentsRequest, ListAttachmentsResponse,
    attachments_server::Attachments,
};
use futures::{Stream, stream};
use tonic::{Request, Response, Status};

use super::{
    files::{self, Listed},
    kind::hex,
};
use crate::{app::App, store::Look};

/// So much of a file goes into one message.
const PART: usize = 256 << 10;

/// The service.
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl Attachments for Api {
    async fn list_attachments(
        &self,
        request: Request<ListAttachmentsRequest>,
    ) -> Result<Response<ListAttachmentsResponse>, Status> {
        let mut checks = Checks::default();
        let Some(case_id) = checks.id("case_id", &request.get_ref().case_id) else {
            return Err(checks.fault().into());
        };
        let attachments = files::of_case(&self.0.pool, case_id).await?.into_iter().map(view).collect();
        Ok(Response::new(ListAttachmentsResponse { attachments }))
    }

    type DownloadAttachmentStream =
        Pin<Box<dyn Stream<Item = Result<DownloadAttachmentResponse, Status>> + Send + 'static>>;

    async fn download_attachment(
        &self,
        request: Request<DownloadAttachmentRequest>,
    ) -> Result<Response<Self::DownloadAttachmentStream>, Status> {
        let mut checks = Checks::default();
        let actor = checks.actor(&request);
        let id = checks.id("attachment_id", &request.get_ref().attachment_id);
        let purpose = checks.text("purpose", request.get_ref().purpose.trim(), 1..=200);
        let (Some(actor), Some(id), Some(purpose)) = (actor, id, purpose) else { return Err(checks.fault().into()) };
        let look = Look { actor: &actor, purpose, at: self.0.clock.now() };
        let file = files::look(&self.0.pool, &self.0.master, id, look).await?;
        let part = |content: &[u8]| DownloadAttachmentResponse { content: content.to_vec(), ..Default::default() };
        let mut parts: Vec<_> = file.bytes.chunks(PART).map(part).collect();
        if let Some(first) = parts.first_mut() {
            (first.name, first.media_type) = (file.name, file.media_type);
        }
        Ok(Response::new(Box::pin(stream::iter(parts.into_iter().map(Ok)))))
    }
}

fn view(file: Listed) -> Attachment {
    Attachment {
        attachment_id: file.id.to_string(),
        received_at: Some(proto::timestamp(file.received_at())),
        size: file.size.unsigned_abs(),
        sha256: hex(&file.sha256),
        media_type: file.media_type,
    }
}

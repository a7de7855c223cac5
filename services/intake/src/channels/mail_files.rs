//! The files of a mail, kept with the case the mail becomes. A file that is not taken stays in the raw mail, and the case
//! says that it was refused.
use std::sync::Arc;

use backbone::Fault;

use super::{Adapter, Source, mail};
use crate::{
    app::App,
    attachments::{self, File, Incoming, Refused},
    rest::CaseRequest,
};

/// The files a mail brings; of those that are refused the contact says so.
pub(super) async fn of_mail(
    app: &App,
    source: &Source,
    raw: &[u8],
    request: &mut CaseRequest,
) -> Result<Vec<Incoming>, Fault> {
    let Adapter::Imap(_) = source.adapter else { return Ok(Vec::new()) };
    let (raw, limits, is_part) = (raw.to_vec(), Arc::clone(&app.files), mail::is_too_large(raw));
    // Unpacking archives takes time that others on this thread should not wait for.
    let looked = tokio::task::spawn_blocking(move || {
        let look =
            |mail::Attached { name, declared, bytes }| match attachments::look(&bytes, declared.as_deref(), &limits) {
                // Of a mail that was not fetched whole no file is known to be.
                _ if is_part => Err((name, Refused::TooLarge(limits.max_bytes))),
                Ok(media_type) => Ok(File::new(name, media_type, bytes)),
                Err(refused) => Err((name, refused)),
            };
        mail::attached(&raw).into_iter().map(look).collect::<Vec<_>>()
    });
    let mut kept = Vec::new();
    for file in looked.await.map_err(Fault::internal)? {
        match file {
            Ok(file) => kept.push(Incoming::New(file)),
            Err((name, refused)) => {
                tracing::warn!(source = source.name, %refused, "a file of a mail is not kept");
                let said = (format!("[attachment] {name}"), format!("[refused file: {}] {name}", refused.word()));
                request.content = request.content.take().map(|content| content.replacen(&said.0, &said.1, 1));
            }
        }
    }
    Ok(kept)
}

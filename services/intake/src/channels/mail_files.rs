//! The files of a mail, kept with the case the mail becomes. A file that is not taken stays in the raw mail, and the case
//! says that it was refused.
use super::{Adapter, Source, mail};
use crate::{
    app::App,
    attachments::{self, File, Incoming},
    rest::CaseRequest,
};

/// The files a mail brings; of those that are refused the contact says so.
pub(super) fn of_mail(app: &App, source: &Source, raw: &[u8], request: &mut CaseRequest) -> Vec<Incoming> {
    let Adapter::Imap(_) = source.adapter else { return Vec::new() };
    let mut kept = Vec::new();
    for mail::Attached { name, declared, bytes } in mail::attached(raw) {
        match attachments::look(&bytes, declared.as_deref(), &app.files) {
            Ok(media_type) => kept.push(Incoming::New(File { name, media_type, bytes })),
            Err(refused) => {
                tracing::warn!(source = source.name, %refused, "a file of a mail is not kept");
                let said = (format!("[attachment] {name}"), format!("[refused file] {name}"));
                request.content = request.content.take().map(|content| content.replacen(&said.0, &said.1, 1));
            }
        }
    }
    kept
}

//! The files of a mail, kept with the case the mail becomes. A file that is not taken stays in the raw mail, and the case
//! says that it was refused.
use std::sync::Arc;

use backbone::Fault;
use mail_parser::{
    Encoding, Message as Parsed, MessageParser, MessagePart, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{
    Adapter, Source,
    mail::{self, PARTS_MAX, file_name, kind},
};
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
        let look = |Attached { name, declared, bytes }| match attachments::look(&bytes, declared.as_deref(), &limits) {
            // Of a mail that was not fetched whole no file is known to be.
            _ if is_part => Err((name, Refused::TooLarge(limits.max_bytes))),
            Ok(media_type) => Ok(File::new(name, media_type, bytes)),
            Err(refused) => Err((name, refused)),
        };
        attached(&raw).into_iter().map(look).collect::<Vec<_>>()
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

/// A file of a mail, as its sender describes it.
pub struct Attached {
    /// As the contact names it.
    pub name: String,
    /// What it is said to be.
    pub declared: Option<String>,
    pub bytes: Vec<u8>,
}

/// The files of a mail, those that are named.
pub fn attached(raw: &[u8]) -> Vec<Attached> {
    let Some(mail) = MessageParser::default().parse(raw) else { return Vec::new() };
    let attached =
        |part: &MessagePart<'_>| Attached { name: file_name(part), declared: kind(part), bytes: as_sent(&mail, part) };
    mail.attachments().take(PARTS_MAX).map(attached).collect()
}

/// The bytes of a file as they were sent: what its text means in its character set is for whoever opens it.
fn as_sent(mail: &Parsed<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let written = || mail.raw_message.get(part.raw_body_offset() as usize..part.raw_end_offset() as usize);
    let is_text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
    let sent = match (is_text.then(written).flatten(), part.encoding) {
        (Some(written), Encoding::Base64) => base64_decode(written),
        (Some(written), Encoding::QuotedPrintable) => quoted_printable_decode(written),
        (Some(written), Encoding::None) => Some(written.to_vec()),
        (None, _) => None,
    };
    sent.unwrap_or_else(|| part.contents().to_vec())
}

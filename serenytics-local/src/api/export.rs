//! Exports: `export_source_data` returns a signed link, and the link downloads the file without a key.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Value, json};
use serenytics_engine::{CsvOptions, ExportFormat, ExportOptions};
use url::form_urlencoded;

use super::body::RequestBody;
use super::extract::{Path, Query};
use super::host::origin;
use super::link::link;
use super::{Answer, Shared, answer};
use crate::access::{Account, SignedLinks};
use crate::base::Error;
use crate::catalogue::separator;
use crate::platform::HttpSettings;
use crate::sources::Sources;

/// The body of `export_source_data`.
#[derive(Deserialize)]
struct ExportRequest {
    #[serde(default)]
    send_email: bool,
    export_format: Option<String>,
    csv_separator: Option<Value>,
    #[serde(default)]
    add_quotes: bool,
    /// Not a field of the platform.
    #[serde(default)]
    guard_formulas: bool,
}

/// The query of a download link.
#[derive(Deserialize)]
pub(super) struct DownloadOptions {
    format: String,
    separator: char,
    quotes: bool,
    guard: bool,
}

/// Returns a link to the rows of a source.
pub(super) async fn ask(
    State(sources): Shared<Sources>,
    State(links): Shared<SignedLinks>,
    State(http): State<HttpSettings>,
    account: Account,
    Path(uuid): Path<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> Answer {
    let source = sources.find(&account, &uuid).await?;
    let asked: ExportRequest = body.object().await?;
    if asked.send_email {
        return Err(Error::not_emulated("an export by e-mail"));
    }
    let format = ExportFormat::named(asked.export_format.as_deref().unwrap_or("auto"))?;
    if asked.guard_formulas && format == ExportFormat::Parquet {
        return Err(Error::refused("`guard_formulas` changes the text of CSV cells, and does not apply to parquet"));
    }
    let separator = char::from(separator(asked.csv_separator.as_ref())?);
    let uuid = source.uuid;
    sources.input(source).await?.check_export()?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("format", format.name())
        .append_pair("separator", separator.encode_utf8(&mut [0; 4]))
        .append_pair("quotes", if asked.add_quotes { "true" } else { "false" })
        .append_pair("guard", if asked.guard_formulas { "true" } else { "false" })
        .finish();
    let url =
        link(&links, &origin(&headers, &http)?, &Method::GET, &format!("/api/data_source/{uuid}/export?{query}"))?;
    Ok(answer(StatusCode::OK, &json!({"status": "ok", "csv_url": url, "output_file_format": format.name()})))
}

/// Returns the file of a link, with the current rows of the source.
pub(super) async fn download(
    State(sources): Shared<Sources>,
    Path(uuid): Path<String>,
    Query(linked): Query<DownloadOptions>,
) -> Answer {
    let source = sources.find_of_any_account(&uuid).await?;
    let format = ExportFormat::named(&linked.format)?;
    let separator = separator(Some(&Value::String(linked.separator.into())))?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&source.name, format)),
    ];
    let csv = CsvOptions { separator, quotes: linked.quotes, guard_formulas: linked.guard };
    let options = ExportOptions { format, csv };
    let pieces = sources.export(source, options).await?;
    // An error in the stream closes the connection early, so that no client mistakes a part for the whole file.
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Builds the Content-Disposition header with the name of the source: once in plain ASCII for all clients, once in UTF-8.
fn disposition(name: &str, format: ExportFormat) -> String {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_ ".contains(letter) { letter } else { '_' })
        .collect();
    let extension = format.name();
    // Only forms encode spaces as `+`.
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    // Forms keep `*`, but this header must encode it.
    let encoded = encoded.replace('*', "%2A");
    format!("attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{encoded}.{extension}")
}

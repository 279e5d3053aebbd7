//! Files: those of the pages, which are part of the program, and those under `DATA_DIR/media`.

use std::path::Path;

use actix_files::Files;
use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::mime;

const STYLE: &str = include_str!("style.css");

/// What a page's scripts would show in another language.
const CATALOGUE: &str = "window.catalogue = {};\n";

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type(mime::TEXT_CSS_UTF_8).body(STYLE)
}

pub(crate) async fn catalogue() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType(mime::APPLICATION_JAVASCRIPT_UTF_8)).body(CATALOGUE)
}

/// What somebody put into the folder, by its name.
pub(crate) fn media(path: &str, folder: &Path) -> Files {
    Files::new(path, folder)
}

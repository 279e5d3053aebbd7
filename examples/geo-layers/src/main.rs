//! The program: the core, the plugins that it names, settings from the environment, an exit code.
//!
//! To name a plugin's crate is to link it, and that is all there is to do for its routes to be served and audited.

use std::process::ExitCode;

use geo_layers_plugin_layers as _;
use geo_layers_plugin_survey as _;

/// The crates without whose handlers the program does not start: one that nobody names above would be missed.
const PLUGINS: [&str; 2] = ["geo_layers_plugin_layers", "geo_layers_plugin_survey"];

#[actix_web::main]
async fn main() -> ExitCode {
    match geo_layers_core::run(|name| std::env::var_os(name), &PLUGINS).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            service_kit::say(format_args!("geo-layers: {}", service_kit::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

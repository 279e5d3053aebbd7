//! The program: settings from the environment, one service, an exit code.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match prediction_api::run(|name| std::env::var_os(name)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            service_kit::say(format_args!("prediction-api: {}", service_kit::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

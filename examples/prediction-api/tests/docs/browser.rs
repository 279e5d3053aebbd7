//! A real Chromium without a window, and one page in it.
//!
//! - It ends with its [`Browser`], however the test ends; only a test process that is killed itself leaves it behind.
//! - It keeps nothing: its profile is a temporary folder. It reaches nothing but this machine: no name is resolved, no
//!   proxy asked, and what a browser does by itself in the background is switched off.
//! - What goes wrong in the page is noticed from before the first navigation on: [`Browser::complaints`].

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chromiumoxide::cdp::IntoEventKind;
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel, LogEntrySource};
use chromiumoxide::cdp::browser_protocol::network::{EventLoadingFailed, EventResponseReceived};
use chromiumoxide::cdp::js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::error::CdpError;
use chromiumoxide::layout::Point;
use chromiumoxide::{BrowserConfig, Page};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take in the page before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names a browser that is not on `PATH`.
const VARIABLE: &str = "CHROMIUM";
/// Where else it is looked for: xtask/src/test/chromium.rs has the same names. Chrome is first, for systems that let
/// only a browser they know make its sandbox know Chrome.
const NAMES: &[&str] = &["google-chrome", "chromium", "chromium-browser", "chrome"];

/// What a browser does by itself, beyond what the library switches off already.
const SILENT: &[&str] = &["disable-component-update", "disable-domain-reliability", "no-pings", "no-proxy-server"];

/// The browser, running, with one page.
pub struct Browser {
    page: Page,
    complaints: Arc<Mutex<Vec<String>>>,
    process: chromiumoxide::Browser,
    profile: TempDir,
}

/// The browser of this machine, or why there is none.
pub fn find() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = NAMES.iter().flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file()).ok_or_else(|| {
        format!("no Chromium found ({VARIABLE} names none, and none of {} is on PATH)", NAMES.join(", "))
    })
}

impl Browser {
    /// Starts a browser with an empty page.
    pub async fn start(program: PathBuf) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(profile.path())
            .env("HOME", profile.path().to_str().unwrap())
            .new_headless_mode()
            .window_size(1200, 1600)
            .viewport(None)
            .surface_invalid_messages()
            .request_timeout(PATIENCE)
            .launch_timeout(PATIENCE)
            .args(SILENT.iter().copied())
            .arg(("disable-features", "MediaRouter,OptimizationHints"))
            .arg(("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"));
        // A browser refuses to make its sandbox for root. What we make belongs to who we are.
        if profile.path().metadata().unwrap().uid() == 0 {
            config = config.no_sandbox();
        }
        let (process, mut connection) = chromiumoxide::Browser::launch(config.build().unwrap()).await.unwrap();
        let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = complaints.clone();
        tokio::spawn(async move {
            while let Some(message) = connection.next().await {
                match message {
                    // A browser newer than the library says things that it does not know; not one that is watched for.
                    Err(CdpError::InvalidMessage(text, _)) => heard.lock().unwrap().extend(unreadable(&text)),
                    // The connection ends with the browser: whoever waits for an answer is told.
                    Err(_) => break,
                    Ok(()) => {}
                }
            }
        });
        let page = process.new_page("about:blank").await.unwrap();
        let browser = Self { page, complaints, process, profile };
        browser.listen::<EventEntryAdded>(of_log).await;
        browser.listen::<EventConsoleApiCalled>(of_console).await;
        browser.listen::<EventExceptionThrown>(of_exception).await;
        browser.listen::<EventLoadingFailed>(of_failure).await;
        browser.listen::<EventResponseReceived>(of_answer).await;
        browser
    }

    async fn listen<T: IntoEventKind + Unpin>(&self, complaint: fn(&T) -> Option<String>) {
        let mut events = self.page.event_listener::<T>().await.unwrap();
        let complaints = self.complaints.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                complaints.lock().unwrap().extend(complaint(&event));
            }
        });
    }

    pub async fn open(&self, address: &str) {
        self.page.goto(address).await.unwrap();
    }

    /// What went wrong in the page so far: errors in its log and on its console, exceptions, violations of its policy,
    /// requests that failed and answers of 400 and more.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }

    /// What an expression comes to, when the page has drawn its next frame.
    pub async fn now<T: DeserializeOwned>(&self, expression: &str) -> T {
        let script = format!("(async () => {{ await new Promise(requestAnimationFrame); return {expression}; }})()");
        let result =
            self.page.evaluate_expression(script).await.unwrap_or_else(|error| panic!("{expression}: {error}"));
        serde_json::from_value(result.value().cloned().unwrap_or(Value::Null)).unwrap()
    }

    /// What an expression comes to as soon as it is neither `null` nor `undefined`, asked once a frame.
    pub async fn wait<T: DeserializeOwned>(&self, expression: &str) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = self.now::<Option<T>>(expression).await {
                return value;
            }
            assert!(Instant::now() < deadline, "nothing in {PATIENCE:?}: {expression}; {:?}", self.complaints());
        }
    }

    /// Clicks with the mouse on an element that is to come: when it stands still, and nothing lies over it.
    pub async fn click(&self, selector: &str) {
        #[derive(Deserialize)]
        struct Place {
            x: f64,
            y: f64,
        }
        let place: Place = self.wait(&format!("await ({PLACE})({})", json!(selector))).await;
        self.page.click(Point::new(place.x, place.y)).await.unwrap();
    }

    /// Replaces what is in a text area, key by key.
    pub async fn write(&self, selector: &str, text: &str) {
        self.click(selector).await;
        let area = self.page.find_element(selector).await.unwrap();
        area.call_js_fn("function() { this.select(); }", false).await.unwrap();
        area.type_str(text).await.unwrap();
    }
}

impl Browser {
    /// Ends the browser as a user would.
    pub async fn close(mut self) {
        self.process.close().await.unwrap();
        self.process.wait().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let Some(child) = self.process.get_mut_child() else { return };
        // It may have ended by itself.
        if child.try_wait().is_ok_and(|status| status.is_none()) {
            child.as_mut_inner().start_kill().unwrap();
            while child.try_wait().is_ok_and(|status| status.is_none()) {
                thread::yield_now();
            }
        }
        // The processes that it had started end when they notice, and one that still writes keeps the folder alive.
        let deadline = Instant::now() + PATIENCE;
        while fs::remove_dir_all(self.profile.path()).is_err_and(|error| error.kind() != ErrorKind::NotFound)
            && Instant::now() < deadline
        {
            thread::yield_now();
        }
    }
}

/// Where an element can be clicked; `null` as long as it cannot.
const PLACE: &str = "async selector => {
    const frame = () => new Promise(requestAnimationFrame);
    const element = document.querySelector(selector);
    if (!element || element.disabled) return null;
    element.scrollIntoView({block: 'center', behavior: 'instant'});
    await frame();
    const before = element.getBoundingClientRect();
    await frame();
    const after = element.getBoundingClientRect();
    const [x, y] = [after.x + after.width / 2, after.y + after.height / 2];
    const still = ['x', 'y', 'width', 'height'].every(side => before[side] === after[side]);
    return still && element.contains(document.elementFromPoint(x, y)) ? {x, y} : null;
}";

fn of_log(event: &EventEntryAdded) -> Option<String> {
    let entry = &event.entry;
    let counts = match entry.level {
        LogEntryLevel::Error => true,
        // A policy that is only reported is violated all the same.
        LogEntryLevel::Warning => matches!(entry.source, LogEntrySource::Security | LogEntrySource::Violation),
        _ => false,
    };
    counts.then(|| format!("log: {}: {}", entry.text, entry.url.as_deref().unwrap_or_default()))
}

fn of_console(event: &EventConsoleApiCalled) -> Option<String> {
    let counts = matches!(event.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert);
    counts.then(|| format!("console: {}", json!(event.args)))
}

fn of_exception(event: &EventExceptionThrown) -> Option<String> {
    Some(format!("exception: {}", json!(event.exception_details)))
}

fn of_failure(event: &EventLoadingFailed) -> Option<String> {
    Some(format!("failed: {}: {:?}", event.error_text, event.blocked_reason))
}

fn of_answer(event: &EventResponseReceived) -> Option<String> {
    let answer = &event.response;
    (answer.status >= 400).then(|| format!("answer: {}: {}", answer.status, answer.url))
}

/// An event that is watched for and could not be read is a complaint: it may be one.
fn unreadable(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    let method = message["method"].as_str()?;
    let watched = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Network.loadingFailed"];
    (watched.contains(&method) || method == "Network.responseReceived").then(|| format!("unreadable: {text}"))
}

//! What the program says of its plugins at the start: they are there by being linked.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use support::Server;

/// Each annotated handler's row, `{prefix}` being where the pages are; the core's and those of both plugins.
const ROWS: [[&str; 3]; 9] = [
    ["GET", "/api/v1/layers/", "layer.list"],
    ["POST", "/api/v1/layers/", "layer.create"],
    ["DELETE", "/api/v1/layers/{id}/", "layer.delete"],
    ["GET", "/api/v1/layers/{id}/", "layer.read"],
    ["PUT", "/api/v1/layers/{id}/", "layer.update"],
    ["POST", "{prefix}/auth/login/", "auth.login"],
    ["POST", "{prefix}/auth/logout/", "auth.logout"],
    ["GET", "{prefix}/statistics/", "statistics.read"],
    ["POST", "/survey/api/v1/observations/", "survey.observe"],
];

#[test]
fn the_listing_names_each_plugins_endpoints_at_the_start() {
    for (variables, prefix, mode) in [
        (&[("AUDIT_ENABLED", "True")][..], "/gvsigonline", "compact"),
        (&[("AUDIT_ENABLED", "True"), ("AUDIT_MODE", "basic"), ("GVSIGOL_PATH", "mapas")], "/mapas", "basic"),
        // What would be audited is known when nothing is.
        (&[], "/gvsigonline", "compact"),
    ] {
        let said = Server::start(variables).said();
        assert!(said.lines().any(|line| line == "plugins: layers, survey"), "{said}");
        let rows = ROWS.map(|[method, path, action]| {
            [method, &path.replace("{prefix}", prefix), action, mode, "buffered"].map(str::to_owned)
        });
        let listed = said.lines().skip_while(|line| !line.starts_with("audited endpoints: 9"));
        let listed = listed.skip(2).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let listed: Vec<_> = listed.take_while(|row| row.len() == 5).collect();
        assert_eq!(listed, rows, "{said}");
        let exempt = "  exempt: GET /survey/health (asked every few seconds by whatever watches the service)";
        let exempts: Vec<_> = said.lines().filter(|line| line.trim_start().starts_with("exempt: ")).collect();
        assert_eq!(exempts, [exempt], "{said}");
    }
}

/// A page that everybody sees says it, too.
#[tokio::test]
async fn the_first_page_lists_the_plugins() {
    let server = Server::start(&[]);
    let page = server.visitor().get("/gvsigonline/core/").await;
    assert!(page.body.contains("<li>layers</li><li>survey</li>"), "{}", page.body);
}

//! Where a service listens: the settings `HOST` and `PORT`.

use std::net::{SocketAddr, ToSocketAddrs as _};

/// What `HOST` may be, for a message.
pub const EXPECTED_HOST: &str = "an address, or a name that resolves to one";
/// What `PORT` may be, for a message.
pub const EXPECTED_PORT: &str = "a number from 0 to 65535, 0 for any that is free";

/// The port of a text.
#[must_use]
pub fn parse_port(value: &str) -> Option<u16> {
    value.trim().parse().ok()
}

/// The addresses of a host, which may be an address itself, an IPv6 one in brackets or without; `None` when there is
/// none.
#[must_use]
pub fn resolve(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let bare = host.trim().trim_start_matches('[').trim_end_matches(']');
    let addresses = (bare, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>).ok()?;
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_an_address_in_any_form() {
        for (host, expected) in
            [("127.0.0.1", "127.0.0.1:80"), (" ::1 ", "[::1]:80"), ("[::1]", "[::1]:80"), ("0.0.0.0", "0.0.0.0:80")]
        {
            assert_eq!(resolve(host, 80), Some(vec![expected.parse().unwrap()]), "{host}");
        }
        assert_eq!(resolve("no host", 80), None);
        assert_eq!((parse_port(" 8080 "), parse_port("http"), parse_port("65536")), (Some(8080), None, None));
    }
}

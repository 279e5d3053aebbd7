//! Whose address a request came from, as far as anybody who can be trusted says so.
//!
//! A header that names a client is a claim by whoever wrote it. It is believed only where a trusted proxy wrote it:
//! from the peer, hop by hop to the left, until the first hop that is not trusted, or that cannot be read. Nothing to
//! the left of that is ever believed, so a client cannot choose its own address. The claim is kept as evidence.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::raw::Raw;
use crate::scope::Scope;
use crate::settings::{Settings, is_token};

/// How many characters of a claim are kept, with the mark of a cut.
const CLAIM_CHARS: usize = 256;

/// Where a request came from, and the evidence where that differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientAddress {
    /// The client: the peer, or behind trusted proxies the right-most hop that is not one of them; or, where the next
    /// hop cannot be read, the last proxy that is known. IPv4-mapped IPv6 is written as IPv4.
    pub(crate) ip: Option<IpAddr>,
    /// The other end of the connection, when that is not `ip`.
    pub(crate) peer: Option<IpAddr>,
    /// What the header said, when that is not `ip`: unverified, and as long as the client made it.
    pub(crate) forwarded_for: Option<Raw<String>>,
}

/// The proxies whose word counts, and the header in which they give it.
#[derive(Debug, Clone)]
pub(crate) struct TrustedProxies {
    networks: Box<[IpNet]>,
    header: String,
}

impl TrustedProxies {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            networks: settings.trusted_proxies.iter().map(|network| canonical(*network)).collect(),
            header: settings.proxy_header.to_ascii_lowercase(),
        }
    }

    /// The one header to pass to [`resolve`](Self::resolve), in lower case.
    pub(crate) fn header(&self) -> &str {
        &self.header
    }

    /// Finds the client from the peer and the values of every line of [`header`](Self::header), in order.
    ///
    /// `Forwarded` is read as RFC 7239 says, any other header as a list of addresses, with or without ports. A peer
    /// that is not known, as on a Unix socket, is not trusted.
    pub(crate) fn resolve<'a>(
        &self,
        peer: Option<IpAddr>,
        header_lines: impl Iterator<Item = &'a [u8]>,
    ) -> ClientAddress {
        let peer = peer.map(|peer| peer.to_canonical());
        let lines: Vec<&[u8]> = header_lines.collect();
        if lines.is_empty() {
            return ClientAddress { ip: peer, ..ClientAddress::default() };
        }
        let ip = peer.map(|peer| self.client(peer, &lines));
        ClientAddress { ip, peer: peer.filter(|_| ip != peer), forwarded_for: claim(&lines, ip) }
    }

    fn client(&self, peer: IpAddr, lines: &[&[u8]]) -> IpAddr {
        let read = if self.header == "forwarded" { forwarded_hop } else { listed_hop };
        let mut hops = lines.iter().rev().flat_map(|line| rsplit(line, b','));
        let mut client = peer;
        while self.trusts(client)
            && let Some(hop) = hops.next().and_then(|hop| read(String::from_utf8_lossy(hop.trim_ascii()).as_ref()))
        {
            client = hop.to_canonical();
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// A network of IPv4-mapped IPv6 addresses as the IPv4 network that they are compared with.
fn canonical(network: IpNet) -> IpNet {
    if let IpNet::V6(v6) = network
        && let Some(address) = v6.network().to_ipv4_mapped()
        && let Some(length) = v6.prefix_len().checked_sub(96)
        && let Ok(v4) = Ipv4Net::new(address, length)
    {
        return v4.into();
    }
    network
}

/// The parts between separators that are not within quotes, from right to left.
///
/// From the right, for there stands what a trusted proxy wrote. Read from the left, a quote that the client never
/// closed would swallow it.
fn rsplit(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        let mut quoted = false;
        for (at, &byte) in text.iter().enumerate().rev() {
            if byte == b'"' {
                let backslashes = text[..at].iter().rev().take_while(|&&byte| byte == b'\\').count();
                quoted ^= backslashes % 2 == 0;
            } else if byte == separator && !quoted {
                left = Some(&text[..at]);
                return Some(&text[at + 1..]);
            }
        }
        left = None;
        Some(text)
    })
}

/// A hop of `X-Forwarded-For` and its like: an address, in brackets or not, with a port or not.
fn listed_hop(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| node(hop))
}

/// An element of `Forwarded` (RFC 7239, 4): every pair of it must be right, and exactly one be `for`.
fn forwarded_hop(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in rsplit(element.as_bytes(), b';') {
        let pair = std::str::from_utf8(pair.trim_ascii()).ok()?;
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once('=')?;
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').filter(|text| is_quoted(text))?,
            // An address with a port should be quoted, and often is not.
            None => Some(value).filter(|value| is_token(&value.replace([':', '[', ']'], "")))?,
        };
        if !is_token(name) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    node(found?)
}

/// Whether the text may stand between quotes (RFC 9110, 5.6.4).
fn is_quoted(text: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return false,
            _ => {}
        }
    }
    !escaped
}

/// A node (RFC 7239, 6) that is an address; its port may be hidden (`_x`). `unknown` and `_hidden` are none.
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
        (IpAddr::from(address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (address, port) = text.split_once(':').map_or((text, None), |(address, port)| (address, Some(port)));
        (IpAddr::from(address.parse::<Ipv4Addr>().ok()?), port)
    };
    let is_port = |port: &str| match port.strip_prefix('_') {
        Some(hidden) => is_token(hidden),
        None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    };
    port.is_none_or(is_port).then_some(address)
}

/// The header's lines as one list.
fn claim(lines: &[&[u8]], ip: Option<IpAddr>) -> Option<Raw<String>> {
    let joined = lines.join(&b", "[..]);
    let text = String::from_utf8_lossy(&joined);
    let text = text.trim();
    if text.is_empty() || ip.is_some_and(|ip| ip.to_string() == text) {
        return None;
    }
    Some(Raw::new(text.to_owned()))
}

/// At most 256 characters of a claim that is redacted already, cut on the left: what stands on the right was written
/// nearer to here.
pub(crate) fn cut_claim(text: &str) -> Cow<'_, str> {
    // The start of the last so many characters, and whether there are more before it.
    let start = |chars: usize| text.char_indices().rev().nth(chars - 1).map_or(0, |(at, _)| at);
    if start(CLAIM_CHARS) == 0 {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("…{}", text.get(start(CLAIM_CHARS - 1)..).unwrap_or_default()))
}

impl Scope {
    /// Whose address the request came from, as its record will say: the peer, or behind trusted proxies the right-most
    /// hop that is not one of them. `None` outside a request, after its end, and where the framework tells no peer.
    ///
    /// For what must treat clients as the record names them, such as a limit on how often one may ask.
    #[must_use]
    pub fn client_address(&self) -> Option<IpAddr> {
        self.shared().with(|facts| facts.http.as_ref().and_then(|http| http.ip)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proxies(header: &str, networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(&Settings {
            trusted_proxies: networks.iter().map(|network| network.parse().unwrap()).collect(),
            proxy_header: header.into(),
            ..Settings::default()
        })
    }

    fn claimed(text: &str) -> Option<Raw<String>> {
        Some(Raw::new(text.to_owned()))
    }

    fn resolve(proxies: &TrustedProxies, peer: &str, lines: &[&str]) -> ClientAddress {
        proxies.resolve(peer.parse().ok(), lines.iter().map(|line| line.as_bytes()))
    }

    fn client(header: &str, lines: &[&str]) -> String {
        let proxies = proxies(header, &["10.0.0.0/8", "2001:db8:ffff::/48"]);
        resolve(&proxies, "10.0.0.1", lines).ip.unwrap().to_string()
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client() {
        let found = resolve(&proxies("X-Forwarded-For", &["10.0.0.0/8"]), "192.0.2.1", &["198.51.100.7"]);
        let expected =
            ClientAddress { ip: "192.0.2.1".parse().ok(), peer: None, forwarded_for: claimed("198.51.100.7") };
        assert_eq!(found, expected);
        assert_eq!(
            resolve(&proxies("x-forwarded-for", &[]), "10.0.0.1", &["198.51.100.7"]).ip,
            "10.0.0.1".parse().ok()
        );
    }

    #[test]
    fn a_trusted_peer_is_evidence_beside_the_client() {
        let proxies = proxies("x-forwarded-for", &["10.0.0.0/8"]);
        let found = resolve(&proxies, "10.0.0.1", &["192.0.2.1"]);
        assert_eq!(
            found,
            ClientAddress { ip: "192.0.2.1".parse().ok(), peer: "10.0.0.1".parse().ok(), forwarded_for: None }
        );
        let found = resolve(&proxies, "10.0.0.1", &["203.0.113.9", "192.0.2.1"]);
        assert_eq!(found.forwarded_for, claimed("203.0.113.9, 192.0.2.1"));
        assert_eq!(
            resolve(&proxies, "10.0.0.1", &[]),
            ClientAddress { ip: "10.0.0.1".parse().ok(), ..Default::default() }
        );
        assert_eq!(
            resolve(&proxies, "10.0.0.1", &["10.0.0.1"]),
            ClientAddress { ip: "10.0.0.1".parse().ok(), ..Default::default() }
        );
    }

    #[test]
    fn a_peer_that_is_not_known_stays_so() {
        let found = resolve(&proxies("x-forwarded-for", &["0.0.0.0/0"]), "", &["192.0.2.1"]);
        assert_eq!(found, ClientAddress { ip: None, peer: None, forwarded_for: claimed("192.0.2.1") });
    }

    #[test]
    fn lists_are_walked_from_the_right() {
        for (lines, expected) in [
            (&["192.0.2.1"][..], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
            (&["203.0.113.9", "192.0.2.1, 10.0.0.3", " 10.0.0.2\t"], "192.0.2.1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:4711,2001:db8:ffff::5"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1,::ffff:10.0.0.2"], "192.0.2.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(client("x-forwarded-for", lines), expected, "{lines:?}");
        }
        assert_eq!(client("x-real-ip", &["192.0.2.1"]), "192.0.2.1");
    }

    #[test]
    fn nothing_left_of_garbage_is_believed() {
        for garbage in [
            "",
            " ",
            "unknown",
            "localhost",
            "1.2.3",
            "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:99999",
            "[192.0.2.1]",
            "[::1",
            "::1]",
            "[::1]80",
            "fe80::1%eth0",
            "\"192.0.2.1\"",
            "192.0.2.1 ;",
            "01.2.3.4",
            "192.0.2.1:+5",
        ] {
            assert_eq!(
                client("x-forwarded-for", &[&format!("203.0.113.9, {garbage}, 10.0.0.2")]),
                "10.0.0.2",
                "{garbage}"
            );
            assert_eq!(client("x-forwarded-for", &["203.0.113.9", garbage]), "10.0.0.1", "{garbage}");
        }
    }

    #[test]
    fn forwarded() {
        for (lines, expected) in [
            (&["for=192.0.2.1"][..], "192.0.2.1"),
            (&["FOR=\"192.0.2.1:4711\";proto=https;by=10.0.0.1"], "192.0.2.1"),
            (&["proto=https; For=192.0.2.1:_port ;"], "192.0.2.1"),
            (&["for=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=[2001:db8::1]"], "2001:db8::1"),
            (&["for=203.0.113.9", "for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"),
            (&["for=\"[::ffff:192.0.2.1]\""], "192.0.2.1"),
            (&["for=192.0.2.1;host=\"a,b;c\\\"d\\\\\", for=10.0.0.2"], "192.0.2.1"),
            // A quote that the client left open takes nothing with it.
            (&["for=\", for=192.0.2.1"], "192.0.2.1"),
            (&["for=1.1.1.1;x=\", for=\"[2001:db8::1]\""], "2001:db8::1"),
            // The client's choice of a host cannot pass for a hop.
            (&["for=192.0.2.1;host=\"x, for=203.0.113.9\""], "192.0.2.1"),
            (&["for=192.0.2.1;host=\"x, for=203.0.113.9;a=\\\"b\""], "192.0.2.1"),
        ] {
            assert_eq!(client("Forwarded", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn forwarded_garbage_stops_the_walk() {
        for garbage in [
            "",
            "for",
            "for=",
            "for=unknown",
            "for=_hidden",
            "for=\"_hidden\"",
            "by=192.0.2.1",
            "for=192.0.2.1;for=192.0.2.2",
            "for=2001:db8::1",
            "for=\"2001:db8::1\"",
            "for=[192.0.2.1]",
            "for =192.0.2.1",
            "for= 192.0.2.1",
            "192.0.2.1",
            "for=\"192.0.2.1",
            "for=192.0.2.1\"",
            "for=\"192.0.2.1\"x",
            "for=192.0.2.1;proto",
            "for=192.0.2.1;a b=c",
            "for=192.0.2.1;a=\"b\"c\"",
            "for=192.0.2.1;a=\"b\"c\"d\"",
            "for=192.0.2.1;a=ü",
            "for=\"192.0.2\\.1\"",
        ] {
            assert_eq!(client("forwarded", &["for=203.0.113.9", garbage, "for=10.0.0.2"]), "10.0.0.2", "{garbage}");
        }
    }

    #[test]
    fn mapped_addresses_and_networks_are_ipv4() {
        let proxies = proxies("x-forwarded-for", &["::ffff:10.0.0.0/104"]);
        let found = resolve(&proxies, "::ffff:10.1.1.1", &["192.0.2.1"]);
        assert_eq!((found.ip, found.peer), ("192.0.2.1".parse().ok(), "10.1.1.1".parse().ok()));
        assert_eq!(resolve(&proxies, "::ffff:192.0.2.1", &[]).ip, "192.0.2.1".parse().ok());
        assert_eq!(resolve(&proxies, "11.1.1.1", &["192.0.2.1"]).ip, "11.1.1.1".parse().ok());
    }

    #[test]
    fn long_claims_keep_their_right_end() {
        assert_eq!(cut_claim(&"ä".repeat(256)), "ä".repeat(256));
        let long = "a".repeat(300) + "end";
        let cut = cut_claim(&long);
        assert_eq!((cut.chars().count(), cut.starts_with("…a"), cut.ends_with("aend")), (256, true, true));
        let proxies = proxies("x-forwarded-for", &[]);
        let invalid = proxies.resolve("192.0.2.1".parse().ok(), [&b"\xff1"[..]].into_iter());
        assert_eq!(invalid.forwarded_for, claimed("\u{fffd}1"));
        assert_eq!(resolve(&proxies, "192.0.2.1", &[&long]).forwarded_for, claimed(&long), "cut once it is redacted");
    }

    fn headers() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "192.0.2.1",
                "10.0.0.2",
                "[2001:db8::1]",
                "for=",
                "FOR=",
                "\"",
                "\\",
                ",",
                ", ",
                ";",
                "=",
                ":80",
                "by=",
                "unknown",
                "_x",
                " ",
                "::ffff:10.0.0.3",
            ])
            .prop_map(|piece| piece.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_client_cannot_choose_its_address(lines in prop::collection::vec(headers(), 0..4), forwarded: bool, same_line: bool) {
            let proxies = proxies(if forwarded { "forwarded" } else { "x-forwarded-for" }, &["10.0.0.0/8"]);
            let mut lines = lines;
            let added = if forwarded { &b"for=\"192.0.2.77:1\";host=\"a,b\""[..] } else { b"192.0.2.77" };
            match lines.last_mut().filter(|_| same_line) {
                Some(last) => last.extend([&b", "[..], added].concat()),
                None => lines.push(added.to_vec()),
            }
            let found = proxies.resolve("10.0.0.1".parse().ok(), lines.iter().map(Vec::as_slice));
            prop_assert_eq!(found.ip, "192.0.2.77".parse().ok());
        }

        #[test]
        fn any_bytes_will_do(lines in prop::collection::vec(headers(), 0..4), forwarded: bool) {
            let proxies = proxies(if forwarded { "forwarded" } else { "x-forwarded-for" }, &["10.0.0.0/8"]);
            let found = proxies.resolve("10.0.0.1".parse().ok(), lines.iter().map(Vec::as_slice));
            prop_assert!(found.ip.is_some());
            prop_assert!(found.forwarded_for.is_none_or(|claim| cut_claim(claim.unredacted()).chars().count() <= CLAIM_CHARS));
        }
    }
}

//! Who it was: named before, in and after the handler.

use serde_json::json;

use crate::case::Case;
use crate::talk::Talk;

fn named(talk: &mut Talk, headers: &[(&str, &str)]) {
    let request = talk.request("GET", "/actor");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    talk.send(&request).is(200, "actor\n");
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("actor.nobody", "Nobody was named, and the handler ended: anonymous.", |talk| named(talk, &[]))
            .leaves(json!({"user": "anonymous", "user_id": null, "actor_type": "anonymous"})),
        Case::new("actor.before", "A layer or guard inside the audit layer names it.", |talk| {
            named(talk, &[("x-actor", "ada")]);
        })
        .leaves(json!({"user": "ada", "actor_type": "user"})),
        Case::new("actor.inside", "The handler names it.", |talk| named(talk, &[("x-actor-in", "bob")]))
            .leaves(json!({"user": "bob", "actor_type": "user"})),
        Case::new("actor.inside_is_later", "The handler's word counts more than what was before.", |talk| {
            named(talk, &[("x-actor", "ada"), ("x-actor-in", "bob")]);
        })
        .leaves(json!({"user": "bob"})),
        Case::new("actor.after", "A layer names it after the handler.", |talk| {
            named(talk, &[("x-actor-after", "eve")])
        })
        .leaves(json!({"user": "eve", "actor_type": "user"})),
        Case::new("actor.after_is_last", "The last word counts.", |talk| {
            named(talk, &[("x-actor", "ada"), ("x-actor-in", "bob"), ("x-actor-after", "eve")]);
        })
        .leaves(json!({"user": "eve"})),
    ]
}

use super::*;

fn names() -> Names {
    Names::new(&["mi_campo_secreto".to_owned(), "dni".to_owned()], &["X-Internal-Ref".to_owned()])
}

#[test]
fn secret_names_match() {
    for name in [
        "password",
        "Password",
        "PASSWORD",
        "pAsSwOrD",
        "userPassword",
        "PGPASSWORD",
        "oldpassword",
        "password2",
        "password_confirmation",
        "passwd",
        "pwd",
        "DB_PASS",
        "api.key",
        "apiKey",
        "API_KEY",
        "apikey",
        "X-Auth-Token",
        "access_token",
        "accesstoken",
        "idToken",
        "client_secret",
        "secretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "privateKey",
        "session_key",
        "session_id",
        "JSESSIONID",
        "PHPSESSID",
        "auth",
        "authorization",
        "credentials",
        "creds",
        "csrf_token",
        "csrfmiddlewaretoken",
        "cvc",
        "card_number",
        "recovery_codes",
        "set-cookie",
        "user[password]",
        "tokens[]",
        "clave",
        "nueva_clave",
        "clave_api",
        "contraseña",
        "contrasena",
        "пароль",
        "密码",
        "パスワード",
        "pass\u{ad}word",
        "pass\u{200b}word",
        "\u{feff}password",
        "passwórd",
        "ｐａｓｓｗｏｒｄ",
        "APİ_KEY",
        "раssword",
        "pass%77ord",
        "pass%2577ord",
        "pass%u0077ord",
        "pass\\u0077ord",
        "pass&#119;ord",
        "contrase%F1a",
        "登录密码",
        "パスワード確認",
        "ᴘᴀssᴡᴏʀᴅ",
        "pɑssword",
        "spKey",
        "bindpw",
        "user_pw",
        "one_time_code",
        "dockerconfigjson",
        "mi_campo_secreto",
        "miCampoSecreto",
        "x.mi_campo_secreto",
        "user.dni",
        "password_",
        " password ",
        "$password",
        "oauth2token",
        "PasswordHash",
    ] {
        assert_eq!(names().classify(name), if name == "tokens[]" { Class::Count } else { Class::Secret }, "{name}");
    }
}

#[test]
fn harmless_names_do_not() {
    for name in [
        "author",
        "authors",
        "authority",
        "authorized",
        "authentic",
        "authenticated",
        "authentication_method",
        "tokenizer",
        "secretary",
        "secretion",
        "bypass",
        "compass",
        "passed",
        "passwordless",
        "accredited",
        "credits_used",
        "key",
        "keys",
        "keyboard",
        "foreign_key",
        "primary_key",
        "sort_key",
        "public_key",
        "mapping",
        "shipping",
        "spin_rate",
        "scorecard",
        "salted",
        "sacred_site",
        "session_count",
        "session_duration_ms",
        "cwd",
        "api_version",
        "",
        "clave_catastral",
        "palabras_clave",
        "campo_secreto_x",
        "adni",
        "%",
        "_",
        "geographic_name",
        "user",
        "monkey",
        "pin_color",
        "a&b",
        "50%",
        "c:\\users",
        "pw_rating",
        "host_key",
    ] {
        let class = names().classify(name);
        assert_eq!(class, if name == "campo_secreto_x" { Class::Secret } else { Class::Plain }, "{name}");
    }
}

#[test]
fn a_describing_last_word_keeps_what_describes() {
    let names = names();
    for name in [
        "token_type",
        "token_count",
        "tokenId",
        "token_expires",
        "password_min_length",
        "secret_version",
        "auth_method",
        "tokens_per_second",
        "auth_srid",
    ] {
        assert_eq!(names.classify(name), Class::Describing, "{name}");
    }
    assert_eq!(names.classify("max_tokens"), Class::Count);
    assert_eq!(names.classify("maxTokens"), Class::Count);
    assert_eq!(names.classify("has_password"), Class::Flag);
}

#[test]
fn a_name_that_was_added_is_secret_whatever_its_words_are() {
    let added = ["is_ill", "has_debts", "tokens", "max_tokens", "token_count", "auth_id", "isCelíaco"];
    let names = Names::new(&added.map(str::to_owned), &[]);
    for name in added.iter().copied().chain([
        "isIll",
        "IS-ILL",
        "is ill",
        "isıll",
        "user[is_ill]",
        "user[is_ill][]",
        "users[0].is_ill",
        "user.tokens",
        "user[auth][auth_id]",
        "is%5Fill",
        "%69s_ill",
        "token%255Fcount",
        "has_dеbts",
        "is_celiaco",
    ]) {
        assert_eq!(names.classify(name), Class::Secret, "{name}");
        assert_eq!(names.classify_header(name), Class::Secret, "{name}");
    }
    for (name, class) in [
        ("is_ill_type", Class::Describing),
        ("is_ill.id", Class::Describing),
        ("has_tokens", Class::Flag),
        ("user_tokens", Class::Count),
        ("min_tokens", Class::Count),
        ("token_counts", Class::Secret),
        ("mi_token_count", Class::Secret),
        ("token_type", Class::Describing),
        ("has%5Fpassword", Class::Flag),
        ("is_well", Class::Plain),
    ] {
        assert_eq!(names.classify(name), class, "{name}");
    }
    let built_in = Names::new(&[], &[]);
    assert_eq!(built_in.classify("tokens"), Class::Count);
    assert_eq!(built_in.classify("token_count"), Class::Describing);
}

#[test]
fn names_of_geometry() {
    for name in ["geom", "the_geom", "wkb_geometry", "boundsGeom", "GEOM", "Geometry", "coordinates"] {
        assert!(names().classify_with_geometry(name).1, "{name}");
    }
    for name in ["geographic_name", "geometric_mean", "bbox", "g", "topology"] {
        assert!(!names().classify_with_geometry(name).1, "{name}");
    }
}

#[test]
fn headers_have_more_secret_names() {
    let names = names();
    for name in [
        "Authorization",
        "cookie",
        "Set-Cookie",
        "Cookie2",
        "X-Api-Key",
        "X-Functions-Key",
        "Ocp-Apim-Subscription-Key",
        "X-Amzn-Oidc-Data",
        "X-Auth-Token",
        "Private-Token",
        "x-internal-ref",
    ] {
        assert_eq!(names.classify_header(name), Class::Secret, "{name}");
    }
    for name in ["Idempotency-Key", "Sec-WebSocket-Key", "WWW-Authenticate", "X-Tokenizer", "Accept", "traceparent"] {
        assert_eq!(names.classify_header(name), Class::Plain, "{name}");
    }
}

#[test]
fn names_of_few_letters_are_only_told_sooner() {
    for more in [&[][..], &["a b".to_owned(), "zx".to_owned(), "q".to_owned()]] {
        let names = Names::new(more, &[]);
        let letters: Vec<char> = ('a'..='z').chain(['P', 'W', '_', '1', '%', '.']).collect();
        for (one, two, three) in letters.iter().flat_map(|one| {
            letters.iter().flat_map(move |two| [' ', '-', 'x', 'W', 's'].map(|three| (one, two, three)))
        }) {
            for name in [
                format!("{one}{two}"),
                format!("{one}{two}{three}"),
                format!("{one}{three}{two}b"),
                format!("%{one}{three}{two}"),
            ] {
                let whole = words::split(&name, |words| names.secret.classify_split(&name, words));
                assert_eq!(names.classify(&name), whole, "{name}");
            }
        }
    }
}

//! Rust text without what is no code: comments, and the contents of strings.

/// The code of a file: comments and the contents of strings and characters become spaces, lines stay where they are.
pub(super) fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal(rest, code.chars().next_back()).unwrap_or(0);
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..length].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    code
}

/// The code of a file before its first `#[cfg(test)]`: unit tests stand at the end.
pub(super) fn product_code(text: &str) -> String {
    let mut code = code(text);
    code.truncate(code.find("#[cfg(test)]").unwrap_or(code.len()));
    code
}

/// The length of the comment, string or character that `rest` begins with.
fn literal(rest: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    (!in_word).then(|| raw_string(rest)).flatten()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// From a quote to the next one that is not escaped.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|&(_, letter)| {
        let ends = letter == quote && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// `'x'` or `'\n'`, but not the lifetime `'x`.
fn character(rest: &str) -> Option<usize> {
    let mut letters = rest.chars().skip(1);
    match (letters.next()?, letters.next()?) {
        ('\\', _) => Some(quoted(rest, '\'')),
        (letter, '\'') => Some(2 + letter.len_utf8()),
        _ => None,
    }
}

/// `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(rest.len(), |at| rest.len() - body.len() + at + end.len()))
}

#[test]
fn comments_and_strings_are_no_code() {
    let cases = [
        ("a // b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        (r#"f("x\"y", z)"#, "f( , z)"),
        ("f(r#\"x\"y\"#, z)", "f( , z)"),
        ("br\"\\\" z", "z"),
        ("'a' '\\'' '\"' x", "x"),
        ("&'a str, 'b", "&'a str, 'b"),
        ("for\"x\" y", "for y"),
        ("f(\"never ends", "f("),
    ];
    for (text, expected) in cases {
        let code = code(text);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
        assert_eq!(code.chars().count(), text.chars().count(), "{text}");
    }
}

#[test]
fn unit_tests_are_no_product_code() {
    assert_eq!(product_code("a();\n#[cfg(test)]\nmod tests { b(); }"), "a();\n");
    assert_eq!(product_code("a(\"#[cfg(test)]\"); b();"), "a(              ); b();");
}

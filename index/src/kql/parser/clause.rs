//! Parts that several operators share: settings, items, sort keys, column patterns.

use super::cursor::Cursor;
use super::{Parsed, expression, text};
use crate::kql::token::TokenKind;
use crate::kql::tree::operator::{ColumnPattern, Item, Ordered};
use crate::kql::tree::{Expression, ExpressionKind, Name, Setting};

/// Settings before an operator's own words: `kind=inner hint.strategy=shuffle`, those named here and all hints.
pub(super) fn settings(cursor: &mut Cursor, names: &[&str]) -> Parsed<Vec<Setting>> {
    let mut settings = Vec::new();
    loop {
        let hint = cursor.at_word("hint") && cursor.is(1, ".");
        let known = cursor.is(1, "=") && names.iter().any(|name| cursor.at_word(name));
        if !hint && !known {
            return Ok(settings);
        }
        settings.push(setting(cursor)?);
    }
}

/// `(a=b, c=d)`
pub(super) fn settings_in_parentheses(cursor: &mut Cursor) -> Parsed<Vec<Setting>> {
    cursor.expect("(", "`with`")?;
    let mut settings = Vec::new();
    while !cursor.take(")") {
        settings.push(setting(cursor)?);
        // `ycolumns=a, b`: a value that goes on.
        while cursor.at(",") && !cursor.is(2, "=") && cursor.peek_at(1).kind == TokenKind::Name {
            cursor.next();
            let name = settings.last().map_or_else(|| unnamed(cursor), |setting: &Setting| setting.name.clone());
            settings.push(Setting { name, value: setting_value(cursor)? });
        }
        if !cursor.take(",") && !cursor.at(")") {
            return Err(cursor.unexpected("`,` or `)`", "`with`"));
        }
    }
    Ok(settings)
}

fn unnamed(cursor: &Cursor) -> Name {
    Name { text: String::new(), span: cursor.peek().span }
}

/// `name=value`
pub(super) fn setting(cursor: &mut Cursor) -> Parsed<Setting> {
    let name = cursor.joined(".", "a setting")?;
    cursor.expect("=", &format!("the setting `{}`", name.text))?;
    Ok(Setting { name, value: setting_value(cursor)? })
}

/// A name, perhaps with dashes, or a literal.
fn setting_value(cursor: &mut Cursor) -> Parsed<Expression> {
    let boolean = ["true", "false"].iter().any(|word| cursor.at_word(word));
    if cursor.peek().kind != TokenKind::Name || boolean {
        return expression::expression(cursor);
    }
    let name = cursor.joined("-", "a setting")?;
    Ok(Expression { span: name.span, kind: ExpressionKind::Name(name.text) })
}

/// Items with `,` between them.
pub(super) fn items(cursor: &mut Cursor) -> Parsed<Vec<Item>> {
    several(cursor, item)
}

/// One or more with `,` between them.
pub(super) fn several<'q, T>(
    cursor: &mut Cursor<'q>,
    element: impl Fn(&mut Cursor<'q>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut elements = vec![element(cursor)?];
    while cursor.take(",") {
        elements.push(element(cursor)?);
    }
    Ok(elements)
}

/// `a`, `x = a`, `(x, y) = a`
pub(super) fn item(cursor: &mut Cursor) -> Parsed<Item> {
    let length = cursor.name_length();
    if length > 0 && cursor.is(length, "=") {
        let name = cursor.name("an assignment")?;
        cursor.next();
        return Ok(Item { names: vec![name], several: false, value: expression::expression(cursor)? });
    }
    if at_names(cursor) {
        return tuple(cursor);
    }
    Ok(Item { names: Vec::new(), several: false, value: expression::expression(cursor)? })
}

/// `(x, y) =`
fn at_names(cursor: &Cursor) -> bool {
    if !cursor.at("(") {
        return false;
    }
    let mut place = 1;
    while cursor.peek_at(place).kind == TokenKind::Name && cursor.is(place + 1, ",") {
        place += 2;
    }
    cursor.peek_at(place).kind == TokenKind::Name && cursor.is(place + 1, ")") && cursor.is(place + 2, "=")
}

fn tuple(cursor: &mut Cursor) -> Parsed<Item> {
    cursor.next();
    let names = several(cursor, |cursor| cursor.name("an assignment"))?;
    cursor.expect(")", "an assignment")?;
    cursor.expect("=", "an assignment")?;
    Ok(Item { names, several: true, value: expression::expression(cursor)? })
}

/// `a desc nulls last`
pub(super) fn ordered(cursor: &mut Cursor) -> Parsed<Ordered> {
    let item = item(cursor)?;
    let descending = direction(cursor);
    let mut nulls_first = None;
    if cursor.take_word("nulls") {
        let first = cursor.take_word("first");
        if !first {
            cursor.expect_word("last", "`nulls`")?;
        }
        nulls_first = Some(first);
    }
    Ok(Ordered { item, descending, nulls_first })
}

/// `asc` or `desc`; whether it is `desc`.
pub(super) fn direction(cursor: &mut Cursor) -> Option<bool> {
    if cursor.take_word("desc") {
        return Some(true);
    }
    cursor.take_word("asc").then_some(false)
}

/// A column's name, perhaps with `*` in it.
pub(super) fn pattern(cursor: &mut Cursor) -> Parsed<ColumnPattern> {
    let name = wildcard(cursor, "a column list")?;
    let order = if cursor.at_word("asc") || cursor.at_word("desc") || cursor.at_word("granny") {
        Some(cursor.joined("-", "a column list")?.text)
    } else {
        None
    };
    Ok(ColumnPattern { name, order })
}

/// Names and `*` without blanks between them.
pub(super) fn wildcard(cursor: &mut Cursor, within: &str) -> Parsed<Name> {
    let begins = cursor.at("*") || cursor.peek().kind == TokenKind::Name && cursor.is(1, "*");
    if !begins {
        return cursor.name(within);
    }
    let first = cursor.next().span;
    let mut whole = first;
    while (cursor.at("*") || matches!(cursor.peek().kind, TokenKind::Name | TokenKind::Long))
        && cursor.touches(whole, 0)
    {
        whole = whole.to(cursor.next().span);
    }
    Ok(Name { text: whole.of(cursor.source).to_owned(), span: whole })
}

/// The text at the cursor, if a string stands there.
pub(super) fn text_here(cursor: &mut Cursor) -> Parsed<Option<String>> {
    if cursor.peek().kind == TokenKind::Text { text::text(cursor).map(Some) } else { Ok(None) }
}

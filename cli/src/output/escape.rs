//! Text from records, made harmless for a terminal: control characters could move the cursor, or turn the text around.

use unicode_width::UnicodeWidthChar;

/// Text in which nothing acts on a terminal: control and direction characters become `\x1b` or `\u{202e}`.
pub(crate) fn line(text: &str) -> String {
    escaped(text, |_| false)
}

/// The same, but lines stay lines.
pub(crate) fn lines(text: &str) -> String {
    escaped(text, |letter| letter == '\n' || letter == '\t')
}

/// Our own words with what they quote: our colours stay, whatever else acts on a terminal does not.
pub(crate) fn words(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\x1b[") {
        let (before, sequence) = rest.split_at(start);
        safe.push_str(&lines(before));
        let length = colour_length(sequence);
        let (colour, after) = sequence.split_at(length.unwrap_or(1));
        safe.push_str(&if length.is_some() { colour.to_owned() } else { line(colour) });
        rest = after;
    }
    safe + &lines(rest)
}

/// Length of the sequence that sets colours at the text's front.
fn colour_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let length = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    parameters.get(length..)?.starts_with('m').then_some(length + 3)
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool) -> String {
    if !text.chars().any(|letter| acts(letter) && !keeps(letter)) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            letter if keeps(letter) || !acts(letter) => safe.push(letter),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            letter if letter < '\u{100}' => safe.push_str(&format!("\\x{:02x}", letter as u32)),
            letter => safe.push_str(&format!("\\u{{{:x}}}", letter as u32)),
        }
    }
    safe
}

/// C0 and C1 control characters, line and paragraph separators, and what sets the direction of writing.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
        || matches!(letter, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// The text's front as far as it fits, with `…` if something is left out.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += letter.width().unwrap_or(0);
        taken < columns
    };
    let mut front: String = text.chars().take_while(fits).collect();
    front.push('…');
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_written_out() {
        assert_eq!(line("plain ÄÖ 你好 🙂"), "plain ÄÖ 你好 🙂");
        assert_eq!(line("a\x1b[31mb\u{9b}c\x7f"), "a\\x1b[31mb\\x9bc\\x7f");
        assert_eq!(line("a\nb\tc\r"), "a\\nb\\tc\\r");
        assert_eq!(line("user\u{202e}fdp.exe\u{2066}"), "user\\u{202e}fdp.exe\\u{2066}");
        assert_eq!(lines("a\n\tb\x07"), "a\n\tb\\x07");
    }

    #[test]
    fn our_colours_stay() {
        assert_eq!(words("\x1b[1;31merror:\x1b[0m x"), "\x1b[1;31merror:\x1b[0m x");
        assert_eq!(words("a\x1b[2Jb\x1b]0;t\x07"), "a\\x1b[2Jb\\x1b]0;t\\x07");
        assert_eq!(words("\x1b["), "\\x1b[");
        assert_eq!(words("ä\x1b[ä"), "ä\\x1b[ä");
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("你好你好", 5), "你好…");
        assert_eq!(width("你好a"), 5);
    }
}

//! Why a filter that found nothing may have meant something else.

use logkeep_index::filter::{Filter, Test};

/// What to try instead, for what is often meant and finds nothing.
pub(crate) fn hints(filter: &Filter) -> Vec<String> {
    let mut found = Vec::new();
    visit(filter, &mut found);
    found.dedup();
    found
}

fn visit(filter: &Filter, found: &mut Vec<String>) {
    match filter {
        Filter::All | Filter::Not(_) => {}
        Filter::And(members) | Filter::Or(members) => members.iter().for_each(|member| visit(member, found)),
        Filter::Text(test) => found.extend(network(test)),
        Filter::Field(name, test) => {
            found.extend(network(test));
            found.extend(case(name.as_str(), test));
        }
    }
}

/// `10.1.0.0/16` is a text like any other to a filter.
fn network(test: &Test) -> Option<String> {
    let text = match test {
        Test::Find(needle) => needle.text(),
        Test::Equals(literal) => literal.text(),
        _ => return None,
    };
    let (address, bits) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let bits = bits.parse::<usize>().ok().filter(|bits| *bits <= 32)?;
    let octets = address.octets().map(|octet| octet.to_string());
    let whole = octets.get(..bits / 8).filter(|whole| !whole.is_empty())?.join(".");
    let rest = if bits % 8 == 0 { "" } else { ", and choose among what it finds" };
    Some(format!("a filter does not count in networks: for those of {text} write {whole}.*{rest}"))
}

/// `=` is about the whole value in its case.
fn case(field: &str, test: &Test) -> Option<String> {
    let Test::Equals(literal) = test else { return None };
    let text = literal.text();
    text.chars()
        .any(char::is_alphabetic)
        .then(|| format!("{field}={text} is about whole values in this case; {field}:{text} finds it in any case"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_often_meant() {
        let said = |text: &str| hints(&text.parse().unwrap()).join("|");
        assert!(said("\"10.1.0.0/16\"").ends_with("write 10.1.*"));
        assert!(said("ip=10.1.2.0/25").contains("write 10.1.2.*, and choose"));
        assert!(said("a user=anna").ends_with("user:anna finds it in any case"));
        for text in ["anna", "code=50126", "-user=anna", "\"0.0.0.0/0\"", "\"a/b\"", "\"10.1.0.0/99\""] {
            assert_eq!(said(text), "", "{text}");
        }
    }
}

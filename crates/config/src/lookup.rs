//! The way from a path to a place in a file.

use crate::node::{Entry, Node, Value};
use crate::path::Part;

/// Where a path leads, as far as it is written.
pub(crate) struct Found<'a> {
    /// The value, or the last table on the way to it.
    pub(crate) node: &'a Node,
    /// The path as far as it is written, then as it was asked for.
    pub(crate) path: Vec<Part>,
    /// Where the last table on the way opens, in bytes.
    pub(crate) start: usize,
    /// How many parts of the path that was asked for are written.
    pub(crate) matched: usize,
    /// Whether the whole path is written.
    pub(crate) complete: bool,
}

/// Other names of keys, and the keys that are meant.
pub(crate) type Aliases = &'static [(&'static str, &'static str)];

pub(crate) fn find<'a>(root: &'a Node, wanted: &[Part], aliases: Aliases) -> Found<'a> {
    let mut found =
        Found { node: root, path: Vec::new(), start: root.span.start, matched: 0, complete: true };
    for (step, part) in wanted.iter().enumerate() {
        let way = match part {
            Part::Index(index) => match &found.node.value {
                Value::List(nodes) => {
                    nodes.get(*index).map(|node| (vec![part.clone()], node.span.start, node))
                }
                _ => None,
            },
            Part::Key(key) => entry(found.node, key, aliases)
                .map(|(path, entry)| (path, start(entry), &entry.node)),
        };
        let Some((path, start, node)) = way else {
            found.path.extend_from_slice(&wanted[step..]);
            found.complete = false;
            return found;
        };
        found.path.extend(path);
        (found.node, found.start) = (node, start);
        found.matched += 1;
    }
    // `{ raw = 3 }` is a choice whose only setting has no name of its own.
    if let [choice] = found.node.entries()
        && !wanted.is_empty()
        && !matches!(choice.node.value, Value::Table(_))
    {
        found.path.push(Part::Key(choice.key.clone()));
        (found.node, found.start) = (&choice.node, start(choice));
    }
    found
}

/// The entry of that key, and the keys that lead to it: itself, or itself behind the only other key,
/// which then is the name of a choice.
fn entry<'a>(node: &'a Node, key: &str, aliases: Aliases) -> Option<(Vec<Part>, &'a Entry)> {
    let own = |entry: &Entry| Part::Key(entry.key.clone());
    let other = || {
        let mut names = aliases.iter().filter(|(_, meant)| *meant == key);
        names.find_map(|(name, _)| node.get(name))
    };
    if let Some(entry) = node.get(key).or_else(other) {
        return Some((vec![own(entry)], entry));
    }
    match node.entries() {
        [choice] => choice.node.get(key).map(|entry| (vec![own(choice), own(entry)], entry)),
        _ => None,
    }
}

/// An inline value is looked for at its key; a `[table]` at its header, which is its span.
fn start(entry: &Entry) -> usize {
    entry.node.span.start.min(entry.key_span.start)
}

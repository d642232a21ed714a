//! One read from the device per training step.

use super::Violation;
use super::tree::Tree;

/// The calls of burn that move a tensor to the host.
const READS: [&str; 4] = ["into_data", "into_scalar", "to_data", "try_into_"];

/// Model and training step never read: what the host wants to know goes through the reader, once.
pub(super) fn host_reads(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.ending(".rs") {
        let model = path.starts_with("examples/src/topoencoder/");
        if !(model || path == "examples/src/trainer/step.rs") || path.ends_with("/tests.rs") {
            continue;
        }
        // Tests are the last item of a file.
        let code = text.lines().take_while(|line| line.trim_end() != "#[cfg(test)]");
        for (index, line) in code.enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if let Some(read) = READS.iter().find(|read| line.contains(*read)) {
                let rule =
                    format!("'{read}' reads from the device; leave that to the step's reader");
                violations.push(Violation::new(path, index + 1, rule));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    #[test]
    fn the_model_reads_nothing_outside_its_tests() {
        let tested = "fn a() {} // not into_data\n#[cfg(test)]\nmod tests { x.to_data() }\n";
        let elsewhere = "let x = loss.into_scalar();\n";
        let files = [
            ("examples/src/topoencoder/atlas.rs", tested),
            ("examples/src/trainer/evaluate.rs", elsewhere),
        ];
        expect(host_reads, &files, &[]);
        for path in ["examples/src/trainer/step.rs", "examples/src/topoencoder/losses/mod.rs"] {
            let text = format!("fn a() {{\n    {elsewhere}}}\n");
            expect(host_reads, &[(path, &text)], &[(path, 2, "into_scalar")]);
        }
    }
}

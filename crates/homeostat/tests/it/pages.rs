//! The pages of the mechanisms: what stands there under "In a file" can be pasted and runs, as do the small
//! files that they name.

use std::collections::BTreeSet;
use std::path::Path;

use homeostat::{
    Builder, Clock, ControlConfig, Entropy, FaultCount, GradientNorm, LearningRate, Metric,
    ParameterNorm, RawLoss, UpdateNorm,
};
use homeostat_config::{Document, FileError};

/// A builder with the sensors that the pages speak of.
fn builder() -> Builder {
    let mut builder = Builder::new(Clock::new(10).expect("legal"));
    for loss in ["recon", "kl", "energy"] {
        builder.sensor::<RawLoss>(loss).expect("new");
    }
    for entropy in ["usage", "information"] {
        builder.sensor::<Entropy>(entropy).expect("new");
    }
    builder.sensor::<Metric>("score").expect("new");
    for count in ["rejections", "restorations"] {
        builder.sensor::<FaultCount>(count).expect("new");
    }
    builder.sensor::<GradientNorm>("gradient_norm").expect("new");
    builder.sensor::<ParameterNorm>("parameter_norm").expect("new");
    builder.sensor::<UpdateNorm>("update_norm").expect("new");
    builder.sensor::<LearningRate>("update_rate").expect("new");
    builder.learning_rate("learning_rate", 1e-3).expect("legal");
    builder
}

fn read(text: &str) -> Result<ControlConfig, FileError> {
    Document::parse("page.toml", text)?.read()
}

/// The names of all laws, as an error lists them.
pub(crate) fn laws() -> Vec<String> {
    let unknown = "[controller.a]\nwrites = {}\nlaw.none-of-them = {}\n";
    read(unknown).expect_err("no such law").legal
}

/// The pages by the words before `.md`, and the files with one mechanism as pages of one block.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &Path| std::fs::read_to_string(path).expect("text");
    let entries = root.join("docs/mechanisms").read_dir().expect("the pages");
    let mut pages: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("readable").path();
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), read(&path))
        })
        .collect();
    pages.sort();
    for file in ["kl_ceiling.toml", "normalized_kl.toml"] {
        let text = read(&root.join("configs").join(file));
        pages.push((file.to_owned(), format!("```toml\n{text}```\n")));
    }
    pages
}

/// The blocks of a page that are marked as TOML and name a controller or a constraint.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```toml\n")
        .skip(1)
        .map(|rest| rest.split_once("```").expect("an end").0)
        .filter(|block| block.contains("[controller.") || block.contains("[constraints."))
        .collect()
}

#[test]
fn every_block_of_a_page_can_be_pasted() {
    let mut count = 0;
    for (page, text) in pages() {
        for block in blocks(&text) {
            if block.contains("[controller.") {
                let config = read(block).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
                let mut builder = builder();
                let configured = builder.configure(&config);
                configured.unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
                let built = builder.build().map(drop);
                built.unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            } else {
                let read = homeostat::read_dual("page.toml", block).map(drop);
                read.unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            }
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}

#[test]
fn every_law_stands_in_a_block_of_a_page() {
    let legal = laws();
    assert!(legal.len() >= 9, "{legal:?}");
    let mut shown = BTreeSet::new();
    for (page, text) in pages() {
        for block in blocks(&text).into_iter().filter(|block| block.contains("[controller.")) {
            let config = read(block).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            for controller in config.controller.values() {
                let law = toml::Table::try_from(&controller.law).expect("a table of one key");
                shown.extend(law.keys().cloned());
            }
        }
    }
    assert_eq!(shown, legal.into_iter().collect());
}

//! Command lines of the trainers: tables from flags to settings.
//!
//! A flag is nothing but a name for one or more paths of the configuration. Underscores and hyphens
//! mean the same: `--lr_max` is `--lr-max`.

use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Value;

use crate::document::{Document, DocumentError, Origin, parse_value};

/// What a flag expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A number; 0 removes the setting, which switches it off.
    NumberOrOff,
    /// A whole number that is not negative.
    Whole,
    /// A whole number of epochs for the governor, which then decides once per epoch.
    Epochs,
    /// `true` or `false`.
    YesNo,
    /// Any text.
    Text,
    /// No value: the flag itself means `false` for its setting.
    Disable,
}

/// One flag of a program.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name, without the hyphens in front.
    pub name: &'static str,
    /// What it expects.
    pub kind: Kind,
    /// The settings that it sets.
    pub paths: &'static [&'static str],
    /// The heading under which the help shows it.
    pub group: &'static str,
    /// What the help says.
    pub help: &'static str,
}

/// A table of flags by heading: name, kind, settings, help.
macro_rules! flags {
    ($($group:literal { $($name:literal $kind:ident [$($path:literal),*] $help:literal;)* })*) => {
        &[$($($crate::command_line::Flag {
            name: $name, kind: $crate::command_line::Kind::$kind, paths: &[$($path),*], group: $group, help: $help,
        },)*)*]
    };
}

pub(crate) use flags;

/// The command of a program; `overrides` are examples of settings in words.
pub fn command(
    name: &'static str,
    about: &'static str,
    overrides: &str,
    flags: &[Flag],
) -> Command {
    let mut command = Command::new(name)
        .version(clap::crate_version!())
        // The last of two equal flags wins, so that a script can append to a command.
        .args_override_self(true)
        .about(about)
        .after_help(format!(
            "Any setting can be overridden by its path: {overrides}.\n\
             Underscores and hyphens in flags mean the same.\n\
             `--print-config` shows every setting, where it came from and how the controllers are wired.",
        ))
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .help(format!("A TOML file that is laid over the defaults (configs/{name}.toml)"))
                .help_heading("Run"),
        )
        .arg(
            Arg::new("resume")
                .long("resume")
                .value_name("PATH")
                .help("Goes on from a checkpoint file, or from the newest one in a run's folder")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("print-config")
                .long("print-config")
                .action(ArgAction::SetTrue)
                .help("Prints the settings and the wiring, and trains nothing")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("quiet")
                .long("quiet")
                .short('q')
                .action(ArgAction::SetTrue)
                .help("Prints nothing but the last lines")
                .help_heading("Run"),
        )
        .arg(
            Arg::new("overrides")
                .value_name("PATH=VALUE")
                .num_args(0..)
                .help("Overrides of single settings"),
        );
    for flag in flags {
        let arg = Arg::new(flag.name).long(flag.name).help(flag.help).help_heading(flag.group);
        let arg = match flag.kind {
            Kind::Disable => arg.action(ArgAction::SetTrue),
            Kind::Number | Kind::NumberOrOff => {
                arg.value_name("NUMBER").allow_negative_numbers(true)
            }
            Kind::Whole | Kind::Epochs => arg.value_name("COUNT").allow_negative_numbers(true),
            // `--adaptive-lr` alone means `true`.
            Kind::YesNo => {
                arg.value_name("true|false").num_args(0..=1).default_missing_value("true")
            }
            Kind::Text => arg.value_name("TEXT"),
        };
        command = command.arg(arg);
    }
    command
}

/// `--lr_max=1` → `--lr-max=1`; everything else stays.
pub fn hyphenate(argument: String) -> String {
    match argument.strip_prefix("--") {
        Some(flag) => {
            let (name, value) = flag.split_at(flag.find('=').unwrap_or(flag.len()));
            format!("--{}{value}", name.replace('_', "-"))
        }
        None => argument,
    }
}

/// A flag or override that cannot be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlagError {
    /// The value does not fit the flag.
    #[error("--{flag} must be {legal}, got '{found}'")]
    Value {
        /// The flag.
        flag: &'static str,
        /// What is legal, in words.
        legal: &'static str,
        /// What was found.
        found: String,
    },
    /// The setting behind the flag.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Applies every flag that was given, then every override. Returns the paths that were set.
pub fn apply(
    flags: &[Flag],
    matches: &ArgMatches,
    document: &mut Document,
) -> Result<Vec<String>, FlagError> {
    let mut changed = Vec::new();
    for flag in flags {
        let value = if flag.kind == Kind::Disable {
            if !matches.get_flag(flag.name) {
                continue;
            }
            Some(Value::Boolean(false))
        } else {
            let Some(text) = matches.get_one::<String>(flag.name) else { continue };
            read(flag, text)?
        };
        let origin = Origin::Flag(format!("--{}", flag.name));
        if flag.kind == Kind::Epochs {
            let governor = "controller.learning-rate.law.governor";
            let (window, unit) = (format!("{governor}.window"), format!("{governor}.time_unit"));
            changed.extend(document.set(&window, Value::Float(1.0), origin.clone())?);
            let epoch = Value::String("epoch".into());
            changed.extend(document.set(&unit, epoch, origin.clone())?);
        }
        for path in flag.paths {
            match &value {
                Some(value) => changed.extend(document.set(path, value.clone(), origin.clone())?),
                None => changed.extend(document.unset(path, origin.clone())),
            }
        }
    }
    for text in matches.get_many::<String>("overrides").into_iter().flatten() {
        changed.extend(document.set_override(text)?);
    }
    Ok(changed)
}

fn read(flag: &Flag, text: &str) -> Result<Option<Value>, FlagError> {
    let fail = |legal| FlagError::Value { flag: flag.name, legal, found: text.to_owned() };
    let value = parse_value(text);
    Ok(Some(match (flag.kind, value) {
        (Kind::NumberOrOff, Value::Integer(0)) => return Ok(None),
        (Kind::NumberOrOff, Value::Float(0.0)) => return Ok(None),
        (Kind::Number | Kind::NumberOrOff, Value::Integer(whole)) => Value::Float(whole as f64),
        (Kind::Number | Kind::NumberOrOff, Value::Float(number)) if number.is_finite() => {
            Value::Float(number)
        }
        (Kind::Number | Kind::NumberOrOff, _) => return Err(fail("a finite number")),
        (Kind::Whole | Kind::Epochs, Value::Integer(whole)) if whole >= 0 => Value::Integer(whole),
        (Kind::Whole | Kind::Epochs, _) => return Err(fail("a whole number that is not negative")),
        (Kind::YesNo, Value::Boolean(yes)) => Value::Boolean(yes),
        (Kind::YesNo, _) => return Err(fail("true or false")),
        _ => Value::String(text.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn underscores_in_flags_become_hyphens_and_values_stay() {
        assert_eq!(hyphenate("--lr_max".into()), "--lr-max");
        assert_eq!(hyphenate("--output_dir=a_b".into()), "--output-dir=a_b");
        assert_eq!(hyphenate("model.codes_per_chart=3".into()), "model.codes_per_chart=3");
    }
}

//! `databricks.yml`: name, variables, targets.

use crate::draft::{Draft, Kind};
use crate::note::Notes;
use crate::order::ordered;
use crate::plan::TextFile;
use crate::references::escape;
use crate::source::{Principal, Source, Target};
use crate::variables::{Meaning, Variable, Variables};
use crate::yaml::{Pair, Yaml};

/// Where production lives below somebody's folder.
const ROOT: &str = ".bundle/${bundle.name}/${bundle.target}";

/// The file.
pub(crate) fn root(source: &Source, drafts: &[Draft], variables: &Variables, notes: &mut Notes) -> TextFile {
    let mut pairs = vec![
        Pair::new("bundle", Yaml::map([Pair::new("name", source.name.as_str())])),
        Pair::new("include", Yaml::list(["resources/*.yml".into()])).apart(),
    ];
    let described: Vec<Pair> =
        variables.iter().map(|(name, variable)| Pair::new(name.as_str(), described(variable))).collect();
    if !described.is_empty() {
        pairs.push(Pair::new("variables", Yaml::Map(described)).apart());
    }
    let run_as = RunAs::of(source, drafts, notes);
    let target = |target: Target| {
        let pair =
            Pair::new(target.name(), Yaml::Map(settings(source, target, variables, &run_as))).comment(told(target));
        if target == Target::Dev { pair } else { pair.apart() }
    };
    pairs.push(Pair::new("targets", Yaml::map(Target::ALL.map(target))).apart());
    TextFile { path: "databricks.yml".to_owned(), text: Yaml::Map(pairs).document() }
}

const fn told(target: Target) -> &'static str {
    match target {
        Target::Dev => "Each developer's own: names begin with [dev …], schedules are paused.",
        Target::Staging => "As in production, beside it: schedules are paused.",
        Target::Prod => "What the source was.",
    }
}

fn described(variable: &Variable) -> Yaml {
    let mut pairs = vec![Pair::new("description", variable.description.as_str())];
    match &variable.meaning {
        Meaning::Default(value) => pairs.push(Pair::new("default", value.as_str())),
        Meaning::Complex(value) => {
            pairs.push(Pair::new("type", "complex"));
            pairs.push(Pair::new("default", ordered("new_cluster", value)));
        }
        Meaning::Lookup(kind, name) => {
            pairs.push(Pair::new("lookup", Yaml::map([Pair::new(kind.word(), name.as_str())])));
        }
        Meaning::Withheld => {}
    }
    Yaml::Map(pairs)
}

fn settings(source: &Source, target: Target, variables: &Variables, run_as: &RunAs) -> Vec<Pair> {
    let mode = if target == Target::Dev { "development" } else { "production" };
    let mut pairs = vec![Pair::new("mode", mode)];
    if target == source.default_target {
        pairs.push(Pair::new("default", true));
    }
    let mut workspace = Vec::new();
    if let Some(host) = &source.host {
        workspace.push(Pair::new("host", host.as_str()));
    }
    if target != Target::Dev {
        let user = match &source.deployer {
            Some(deployer) => escape(deployer.field().1),
            None => "${workspace.current_user.userName}".to_owned(),
        };
        workspace.push(Pair::new("root_path", format!("/Workspace/Users/{user}/{ROOT}")));
    }
    if !workspace.is_empty() {
        pairs.push(Pair::new("workspace", Yaml::Map(workspace)));
    }
    if target == Target::Staging {
        let presets = [Pair::new("name_prefix", "[staging] "), Pair::new("trigger_pause_status", "PAUSED")];
        pairs.push(Pair::new("presets", Yaml::map(presets)));
    }
    let values: Vec<Pair> = variables
        .iter()
        .filter_map(|(name, variable)| Some(Pair::new(name.as_str(), variable.targets.get(&target)?.as_str())))
        .collect();
    if !values.is_empty() {
        pairs.push(Pair::new("variables", Yaml::Map(values)));
    }
    if target != Target::Dev {
        if let Some(deployer) = &source.deployer {
            let entry = [Pair::new("level", "CAN_MANAGE"), principal(deployer)];
            pairs.push(Pair::new("permissions", Yaml::list([Yaml::map(entry)])));
        }
        pairs.extend(run_as.pairs());
    }
    pairs
}

fn principal(principal: &Principal) -> Pair {
    let (field, name) = principal.field();
    Pair::new(field, escape(name))
}

/// As whom resources run outside of development: as whom the source's ran.
enum RunAs {
    /// As who deploys.
    Deployer,
    /// All as one.
    All(Principal),
    /// Each as somebody else: kind's field, key, who.
    Each(Vec<(&'static str, String, Principal)>),
}

impl RunAs {
    fn of(source: &Source, drafts: &[Draft], notes: &mut Notes) -> Self {
        let another = |draft: &Draft| draft.run_as.clone().filter(|who| source.deployer.as_ref() != Some(who));
        let known: Vec<_> = drafts.iter().filter_map(|draft| Some((draft, another(draft)?))).collect();
        let alike = drafts.iter().all(|draft| another(draft) == drafts.first().and_then(another));
        for (draft, principal) in &known {
            notes.add(
                &draft.told(),
                format!("it runs as {} in staging and prod, and as who deploys in dev", principal.field().1),
            );
        }
        match known.first() {
            None => Self::Deployer,
            Some((_, one)) if alike => Self::All(one.clone()),
            Some(_) => {
                let each = |(draft, principal): (&Draft, Principal)| (draft.kind.field(), draft.key.clone(), principal);
                Self::Each(known.into_iter().map(each).collect())
            }
        }
    }

    fn pairs(&self) -> Vec<Pair> {
        let run_as = |who: &Principal| Pair::new("run_as", Yaml::map([principal(who)]));
        match self {
            Self::Deployer => Vec::new(),
            Self::All(who) => vec![run_as(who)],
            Self::Each(each) => {
                let kinds = [Kind::Job, Kind::Pipeline].map(Kind::field).into_iter();
                let kinds = kinds.filter(|kind| each.iter().any(|(other, ..)| other == kind));
                let of_kind = |kind: &'static str| {
                    let of_it = each.iter().filter(|(other, ..)| *other == kind);
                    Pair::new(
                        kind,
                        Yaml::map(of_it.map(|(_, key, who)| Pair::new(key.as_str(), Yaml::map([run_as(who)])))),
                    )
                };
                vec![Pair::new("resources", Yaml::map(kinds.map(of_kind)))]
            }
        }
    }
}

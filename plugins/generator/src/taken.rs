//! Which objects of the workspace a bundle takes along, and the paths from its files to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::draft::Draft;
use crate::note::Notes;
use crate::objects::{Object, Objects, WorkspacePath};
use crate::places::Places;
use crate::spots::{Spot, Wants, split_pattern};

/// From the folder of resources to the bundle's.
const UP: &str = "..";

/// An object that settings name and that stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its path, as the settings have it.
    pub path: String,
    /// Where it is named.
    pub place: String,
    /// Why, in words.
    pub why: String,
}

/// Paths that settings name: what to look at before a bundle is made. What `folder` says is to be listed with all below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Where it is.
    pub path: WorkspacePath,
    /// Whether it is taken as a folder.
    pub folder: bool,
}

/// The paths that resources name.
pub(crate) fn wanted(drafts: &[Draft]) -> BTreeSet<Wanted> {
    let mut wanted = BTreeSet::new();
    for draft in drafts {
        draft.kind.spots(&mut draft.settings.clone(), &mut |spot, text| {
            let folder = matches!(spot.wants, Wants::Folder) || spot.wants == Wants::Pattern && is_pattern(text);
            if let Some(path) = WorkspacePath::parse(whole(spot.wants, text)) {
                wanted.insert(Wanted { path, folder });
            }
        });
    }
    wanted
}

fn is_pattern(text: &str) -> bool {
    !split_pattern(text).1.is_empty()
}

/// The path of a text: of a pattern its folder.
fn whole(wants: Wants, text: &str) -> &str {
    match wants {
        Wants::Pattern => split_pattern(text).0,
        Wants::Notebook | Wants::File | Wants::Folder | Wants::Library => text,
    }
}

/// Chooses the objects, gives them places, and puts paths to them into the settings.
pub(crate) fn take(
    drafts: &mut [Draft],
    objects: &Objects,
    called: &[WorkspacePath],
    notes: &mut Notes,
) -> (Places, Vec<Left>) {
    let (mut taken, mut left) = (BTreeMap::new(), Vec::new());
    let mut libraries = BTreeMap::new();
    for draft in drafts.iter() {
        let told = draft.told();
        draft.kind.spots(&mut draft.settings.clone(), &mut |spot, text| {
            let Some(path) = WorkspacePath::parse(whole(spot.wants, text)) else { return };
            match fits(spot.wants, objects.get(&path), &path, &mut libraries) {
                Ok(object) => drop(taken.insert(path, object)),
                Err(why) => left.push(Left { path: text.clone(), place: format!("{told}: {}", spot.place), why }),
            }
        });
    }
    for path in called {
        match objects.get(path) {
            Some(Object::Left(why)) => {
                left.push(Left {
                    path: path.as_str().to_owned(),
                    place: "run by a notebook".to_owned(),
                    why: why.clone(),
                });
            }
            Some(object) => drop(taken.entry(path.clone()).or_insert_with(|| object.clone())),
            None => {}
        }
    }
    let places = Places::of(&taken);
    for draft in drafts {
        let told = draft.told();
        let kind = draft.kind;
        kind.spots(&mut draft.settings, &mut |spot, text| {
            let path = WorkspacePath::parse(whole(spot.wants, text));
            // What is taken for another place may be of another kind than this one must name.
            let path = path.filter(|path| taken.get(path).is_some_and(|object| suits(spot.wants, object)));
            if let Some(local) = path.and_then(|path| local(&spot, text, &path, &places)) {
                if spot.place.ends_with("python_file") {
                    notes.add(&told, format!("{text} is taken alone: modules that it imports from its folder are not"));
                }
                *text = local;
            }
        });
    }
    (places, left)
}

/// The object that a place names, if it can go along.
fn fits(
    wants: Wants,
    object: Option<&Object>,
    path: &WorkspacePath,
    libraries: &mut BTreeMap<String, WorkspacePath>,
) -> Result<Object, String> {
    let object = object.ok_or("it was not looked at")?;
    if let Object::Left(why) = object {
        return Err(why.clone());
    }
    if !suits(wants, object) {
        return Err(format!("it is {}", word(object)));
    }
    // A deployment puts all libraries into one folder, by their names.
    if wants == Wants::Library
        && let Some(other) = libraries.insert(path.name().to_lowercase(), path.clone()).filter(|other| other != path)
    {
        let why = format!("{} has the same name, and a deployment puts libraries into one folder", other.as_str());
        libraries.insert(path.name().to_lowercase(), other);
        return Err(why);
    }
    Ok(object.clone())
}

/// Whether an object is of the kind that a place must name.
const fn suits(wants: Wants, object: &Object) -> bool {
    match wants {
        Wants::Notebook => matches!(object, Object::Notebook { .. }),
        Wants::File | Wants::Library => matches!(object, Object::File),
        Wants::Folder => matches!(object, Object::Folder(_)),
        Wants::Pattern => !matches!(object, Object::Left(_)),
    }
}

const fn word(object: &Object) -> &'static str {
    match object {
        Object::Notebook { .. } => "a notebook",
        Object::File => "a file",
        Object::Folder(_) => "a folder",
        Object::Left(_) => "left",
    }
}

fn local(spot: &Spot, text: &str, path: &WorkspacePath, places: &Places) -> Option<String> {
    let inside = match spot.wants {
        Wants::Notebook | Wants::File | Wants::Library => places.object(path)?.to.clone(),
        Wants::Folder => places.of_folder(path)?.to_owned(),
        Wants::Pattern => match split_pattern(text).1 {
            "" => places.object(path)?.to.clone(),
            pattern => format!("{}/{pattern}", places.of_folder(path)?),
        },
    };
    Some(format!("{UP}/{inside}"))
}

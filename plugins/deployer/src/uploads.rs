//! Files and libraries on their way into the workspace.

use crate::files::{FilePlan, LocalFile, Snapshot, There, tree};
use crate::prepare::Job;
use crate::store::{delete_path, make_folder, write_file};
use crate::world::{Body, Call, Fault, FaultKind, Method, Step, World, encode_path, optional, send};

/// Uploads and deletes files, and keeps what is known of them.
pub(crate) fn files(world: &dyn World, job: &Job<'_>, files: &FilePlan, snapshot: &mut Snapshot) -> Result<(), Fault> {
    let file_path = job.path("file_path");
    let (uploads, total) = (files.uploads.len(), files.uploads.len() + files.deletes.len());
    world.tell(Step::Files, 0, total);
    if total == 0 {
        return Ok(());
    }
    let name = Snapshot::name(job.host, &file_path);
    // Where uploads land is known before they begin, so that one that is cut off is deleted once its file is.
    files.uploads.iter().for_each(|file| snapshot.begin(file));
    world.keep(&name, &snapshot.to_bytes())?;
    let folders: Vec<String> = files.folders.iter().map(|folder| format!("{file_path}/{folder}")).collect();
    let (done, failed) = upload(world, &files.uploads, &folders, &file_path)?;
    let mut outcome = failed.map_or(Ok(()), Err);
    if outcome.is_err() {
        // The end of a deploy that goes no further: what was uploaded is known all the same, so that the next one goes on.
        world.tell(Step::State, 0, 1);
    } else {
        let deletes: Vec<Call> =
            files.deletes.iter().map(|lands| delete_path(&format!("{file_path}/{lands}"), false)).collect();
        outcome = all(world, &deletes, &mut |at| world.tell(Step::Files, uploads + at, total));
        if outcome.is_ok() {
            files.deletes.iter().for_each(|lands| snapshot.forget(lands));
        }
    }
    let there: There = match tree(world, &file_path) {
        Ok(there) => there,
        Err(fault) => return outcome.and(Err(fault)),
    };
    for file in done.into_iter().filter_map(|at| files.uploads.get(at)) {
        snapshot.done(file, there.get(file.lands()).copied().flatten());
    }
    let kept = world.keep(&name, &snapshot.to_bytes());
    outcome.and(kept)
}

/// Sends calls side by side; the first fault ends it once all are answered. What is not there is as good as deleted.
fn all(world: &dyn World, calls: &[Call], told: &mut dyn FnMut(usize)) -> Result<(), Fault> {
    let (mut first, mut done) = (None, 0);
    world.each(calls, &mut |_, answer| {
        done += 1;
        told(done);
        if let Err(fault) = answer
            && fault.kind != FaultKind::Missing
        {
            first.get_or_insert(fault);
        }
    });
    first.map_or(Ok(()), Err)
}

/// The numbers of the files that were uploaded, and why others were not.
fn upload(
    world: &dyn World,
    files: &[LocalFile],
    folders: &[String],
    file_path: &str,
) -> Result<(Vec<usize>, Option<Fault>), Fault> {
    if files.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut folders: Vec<Call> = folders.iter().map(|folder| make_folder(folder)).collect();
    if files.iter().any(|file| !file.inside.contains('/')) {
        folders.push(make_folder(file_path));
    }
    all(world, &folders, &mut |_| {})?;
    let body = |file: &LocalFile| Body::File { path: file.path.clone(), bytes: file.bytes };
    let calls: Vec<Call> =
        files.iter().map(|file| write_file(&format!("{file_path}/{}", file.inside), body(file), true)).collect();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    world.each(&calls, &mut |at, answer| {
        match (answer, files.get(at)) {
            (Err(fault), Some(file)) => failed.push((fault.kind, format!("{}: {}", file.inside, fault.message))),
            _ => done.push(at),
        }
        world.tell(Step::Files, done.len() + failed.len(), calls.len());
    });
    let count = failed.len();
    let fault = failed
        .into_iter()
        .next()
        .map(|(kind, first)| Fault::new(kind, format!("{count} of {} files were not uploaded; {first}", files.len())));
    Ok((done, fault))
}

/// Uploads the libraries that are there already.
pub(crate) fn libraries(world: &dyn World, job: &Job<'_>) -> Result<usize, Fault> {
    let uploads = &job.bundle.libraries;
    world.tell(Step::Libraries, 0, uploads.len());
    if uploads.is_empty() {
        return Ok(0);
    }
    let internal = format!("{}/.internal", job.path("artifact_path"));
    let in_volume = internal.starts_with("/Volumes/");
    if !in_volume {
        // It holds what this deploy uploads and nothing else.
        optional(send(world, delete_path(&internal, true)))?;
        send(world, make_folder(&internal))?;
    }
    let mut calls = Vec::new();
    for upload in uploads {
        let bytes = world.size(&upload.local);
        let bytes = bytes.ok_or_else(|| Fault::local(format!("there is no file {}", upload.local)))?;
        let body = Body::File { path: upload.local.clone(), bytes };
        calls.push(if in_volume {
            let path = format!("/api/2.0/fs/files{}?overwrite=true", encode_path(&upload.remote));
            Call { method: Method::Put, path, body }
        } else {
            write_file(&upload.remote, body, true)
        });
    }
    let mut failed = None;
    world.each(&calls, &mut |at, answer| {
        world.tell(Step::Libraries, at + 1, calls.len());
        if let (Err(fault), Some(upload)) = (answer, uploads.get(at)) {
            failed.get_or_insert(fault.doing(&format!("uploading {}", upload.local)));
        }
    });
    failed.map_or(Ok(calls.len()), Err)
}

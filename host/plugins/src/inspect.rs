//! Looking at a package before anything of it runs: fetched, bounded, read, judged, and staged for whoever looked.

use std::sync::Arc;

use bricklayer_domain::{InstallationId, PackageDigest, PluginName, PluginOwner, ToolSpec, UserId};
use bricklayer_package::{PackageContents, PackageError, Powers};
use bricklayer_sources::{SignatureStatus, Source, Verdict};
use bricklayer_store::VersionRow;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::PluginError;
use crate::catalogue::{VersionDiff, is_reserved, tools_of};
use crate::policy::Actor;
use crate::service::PluginService;

/// The source of bytes that a person uploaded; there is nothing to look at again.
pub(crate) const UPLOAD: &str = "upload";

/// How long an inspected package can be installed.
pub(crate) const STAGED_FOR: TimeDelta = TimeDelta::hours(24);

/// Where a package comes from.
#[derive(Debug, Clone)]
pub enum PackageFrom {
    /// A source as a person wrote it.
    Source(String),
    /// Bytes that came with the request.
    Bytes(Vec<u8>),
}

/// A package that was looked at; nothing of it ran.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What to install it by; good for a day, and for this person only.
    pub staged: PackageDigest,
    /// What it holds.
    pub contents: Arc<PackageContents>,
    /// Where it came from, as asked.
    pub source: String,
    /// The source that gives these very bytes again.
    pub pinned: String,
    /// What its signature is worth.
    pub signature: SignatureStatus,
    /// Its tools as they would be listed.
    pub tools: Vec<ToolSpec>,
    /// What it asks for.
    pub requests: Powers,
    /// Why this host would not install it, in words; empty when it would.
    pub refusals: Vec<String>,
    /// What a person should know before installing it.
    pub warnings: Vec<String>,
    /// The installation of this name that the person has: the own one, else everyone's.
    pub installed: Option<InstalledAs>,
    /// What it would change there.
    pub diff: Option<VersionDiff>,
}

/// An installation of the same name.
#[derive(Debug, Clone)]
pub struct InstalledAs {
    /// Its id.
    pub id: InstallationId,
    /// Its version.
    pub version: String,
    /// Whose it is.
    pub owner: PluginOwner,
}

/// Where staged bytes came from; kept beside them, as nobody asks the client again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    pub(crate) source: String,
    pub(crate) pinned: String,
    /// A signature that lay beside the package.
    pub(crate) sidecar: Option<String>,
}

impl Provenance {
    pub(crate) fn of(version: &VersionRow) -> Self {
        Self { source: version.source.clone(), pinned: version.pinned.clone(), sidecar: None }
    }
}

/// Bytes with where they came from.
#[derive(Debug, Clone)]
pub(crate) struct Gathered {
    pub(crate) bytes: Vec<u8>,
    pub(crate) provenance: Provenance,
}

/// A package that was read and judged.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) bytes: Vec<u8>,
    pub(crate) provenance: Provenance,
    pub(crate) contents: Arc<PackageContents>,
    pub(crate) digest: PackageDigest,
    pub(crate) signature: SignatureStatus,
    /// Why its signature, or the want of one, is not accepted.
    pub(crate) unsigned: Option<String>,
    refusals: Vec<String>,
    warnings: Vec<String>,
}

impl Candidate {
    /// All reasons for which this host would not install it.
    fn all_refusals(&self) -> Vec<String> {
        self.unsigned.iter().chain(&self.refusals).cloned().collect()
    }

    pub(crate) fn name(&self) -> &PluginName {
        &self.contents.manifest.name
    }

    pub(crate) fn requests(&self) -> Powers {
        self.contents.manifest.requests()
    }

    /// Refuses what this host would not install.
    pub(crate) fn accepted(self) -> Result<Self, PluginError> {
        if let Some(reason) = self.unsigned {
            return Err(PluginError::Signature(reason));
        }
        if self.refusals.is_empty() { Ok(self) } else { Err(PluginError::Refused(self.refusals)) }
    }

    /// The row of the lock table.
    pub(crate) fn version(&self, by: &UserId) -> VersionRow {
        VersionRow {
            digest: self.digest.clone(),
            version: self.contents.manifest.version.clone(),
            manifest: self.contents.manifest_text.clone(),
            requests: self.requests().ids(),
            source: self.provenance.source.clone(),
            pinned: self.provenance.pinned.clone(),
            signature: self.signature.word().to_owned(),
            publisher: self.signature.publisher().map(ToString::to_string),
            installed_at: bricklayer_domain::now(),
            installed_by: by.clone(),
        }
    }
}

impl PluginService {
    /// Looks at a package: checks the policy, fetches, reads, judges its signature, imports and requests, and stages
    /// it under its digest for this actor. Runs nothing of it. `manifest` is given on the side for a component that
    /// has none of its own, and replaces one that it has.
    ///
    /// # Errors
    /// [`PluginError`]; nothing is staged then.
    pub async fn inspect(
        &self,
        actor: &Actor,
        from: PackageFrom,
        manifest: Option<&str>,
    ) -> Result<Inspection, PluginError> {
        self.inner.policy.may_install(actor)?;
        let gathered = match from {
            PackageFrom::Source(text) => self.fetch(actor, &text).await?,
            PackageFrom::Bytes(bytes) => {
                let provenance = Provenance { source: UPLOAD.to_owned(), pinned: UPLOAD.to_owned(), sidecar: None };
                Gathered { bytes, provenance }
            }
        };
        let candidate = self.judge(gathered, manifest.map(ToOwned::to_owned)).await?;
        self.inner.store.put_package(&candidate.digest, &candidate.bytes).await?;
        let provenance = serde_json::to_string(&candidate.provenance)
            .map_err(|error| PluginError::Unavailable(error.to_string()))?;
        self.inner.store.put_staging(actor.user(), &candidate.digest, &provenance).await?;
        Ok(self.describe(actor, candidate).await)
    }

    async fn describe(&self, actor: &Actor, candidate: Candidate) -> Inspection {
        let tools = tools_of(&candidate.contents);
        let requests = candidate.requests();
        let refusals = candidate.all_refusals();
        let table = self.inner.table.load_full();
        let visible = table.visible(actor.user());
        let same = visible.into_iter().find(|live| !live.is_shipped() && live.name == *candidate.name());
        let (mut installed, mut diff) = (None, None);
        if let Some((live, row)) = same.and_then(|live| Some((live, live.row()?))) {
            let version = row.active.version.clone();
            installed = Some(InstalledAs { id: live.id, version, owner: live.owner.clone() });
            let old = self.tools_of_version(&row.active).await;
            diff = old
                .ok()
                .map(|old| VersionDiff::between((&crate::live::requests(&row.active), &old), (&requests, &tools)));
        }
        Inspection {
            staged: candidate.digest,
            source: candidate.provenance.source,
            pinned: candidate.provenance.pinned,
            signature: candidate.signature,
            contents: candidate.contents,
            warnings: candidate.warnings,
            refusals,
            tools,
            requests,
            installed,
            diff,
        }
    }

    /// Fetches a source that the policy allows this actor.
    pub(crate) async fn fetch(&self, actor: &Actor, text: &str) -> Result<Gathered, PluginError> {
        let source = Source::parse(text)?;
        self.inner.policy.sources.check(&source)?;
        if matches!(source, Source::File(_)) && !self.inner.policy.is_admin(actor) {
            // A path is one of the host's own files, and its users are not its operator.
            return Err(PluginError::Forbidden(
                "only an administrator may install from a file of the host; upload the file instead".to_owned(),
            ));
        }
        let fetched = self.inner.fetcher.fetch(&source).await?;
        let provenance = Provenance {
            source: source.to_string(),
            pinned: fetched.pinned.to_string(),
            sidecar: fetched.signature_sidecar,
        };
        Ok(Gathered { bytes: fetched.bytes.to_vec(), provenance })
    }

    /// What this actor staged under a digest, read from the database: of all that a client says, only the digest
    /// counts.
    pub(crate) async fn staged(&self, actor: &Actor, digest: &PackageDigest) -> Result<Gathered, PluginError> {
        let missing = || PluginError::NotStaged(digest.to_string());
        let provenance = self
            .inner
            .store
            .get_staging(actor.user(), digest, bricklayer_domain::now() - STAGED_FOR)
            .await?
            .ok_or_else(missing)?;
        let provenance = serde_json::from_str(&provenance).map_err(|_| missing())?;
        let bytes = self.inner.store.get_package(digest).await?.ok_or_else(missing)?;
        Ok(Gathered { bytes, provenance })
    }

    /// Reads a package and says everything that this host thinks of it.
    pub(crate) async fn judge(&self, gathered: Gathered, manifest: Option<String>) -> Result<Candidate, PluginError> {
        let service = self.clone();
        // Reading 32 MiB takes a noticeable time of a processor.
        let work = tokio::task::spawn_blocking(move || service.judge_now(gathered, manifest.as_deref()));
        work.await.map_err(|_| PluginError::Unavailable("the package could not be read".to_owned()))?
    }

    fn judge_now(&self, gathered: Gathered, manifest: Option<&str>) -> Result<Candidate, PluginError> {
        let Gathered { bytes, provenance } = gathered;
        let policy = &self.inner.policy;
        let (bytes, contents, packed_here) = match manifest {
            None => {
                let contents = bricklayer_package::read(&bytes)?;
                (bytes, contents, false)
            }
            Some(manifest) => {
                let packed = bricklayer_package::pack_foreign(&bytes, manifest)?;
                (packed.bytes, packed.contents, true)
            }
        };
        let (signed, embedded) = bricklayer_package::signed_part(&bytes)?;
        // A manifest given on the side is nobody's but the installer's: no signature covers it.
        let sidecar = provenance.sidecar.as_deref().filter(|_| !packed_here);
        let signature =
            bricklayer_sources::verify(signed, embedded.or(sidecar), &policy.trusted_keys, bricklayer_domain::now());
        let mut refusals: Vec<String> = contents.refused_imports.iter().map(ToString::to_string).collect();
        let (mut warnings, mut unsigned) = (Vec::new(), None);
        match policy.signatures.judge(&signature) {
            Verdict::Accept => {}
            Verdict::AcceptWithWarning(warning) => warnings.push(warning),
            Verdict::Refuse(reason) => unsigned = Some(reason),
        }
        refusals.extend(policy.above_ceilings(&contents.manifest));
        if is_reserved(&contents.manifest.name, &self.inner.shipped_names) {
            refusals.push(format!(
                "the name `{}` is the host's own; ask the author to call the plugin something else",
                contents.manifest.name
            ));
        }
        let digest =
            PackageDigest::parse(&contents.digest).map_err(|error| PluginError::Unavailable(error.to_string()))?;
        let contents = Arc::new(contents);
        Ok(Candidate { bytes, provenance, contents, digest, signature, unsigned, refusals, warnings })
    }

    /// The tools of a stored version, whether it is loaded here or not.
    pub(crate) async fn tools_of_version(&self, version: &VersionRow) -> Result<Vec<ToolSpec>, PluginError> {
        if let Some(plugin) = self.inner.loaded.get(&version.digest) {
            return Ok(plugin.tools().iter().map(|spec| spec.as_ref().clone()).collect());
        }
        Ok(tools_of(&*self.contents(&version.digest).await?))
    }

    /// What a stored package holds.
    pub(crate) async fn contents(&self, digest: &PackageDigest) -> Result<Arc<PackageContents>, PluginError> {
        let bytes = self.inner.store.get_package(digest).await?;
        let bytes = bytes.ok_or_else(|| PluginError::NotStaged(digest.to_string()))?;
        let work =
            tokio::task::spawn_blocking(move || Ok::<_, PackageError>(Arc::new(bricklayer_package::read(&bytes)?)));
        Ok(work.await.map_err(|_| PluginError::Unavailable("the package could not be read".to_owned()))??)
    }
}

//! `bricklayer plugin keygen` and `bricklayer plugin sign`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bricklayer_devkit::Problem;
use bricklayer_package::{read, signed_part, with_signature};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

/// Holds the password of a secret key, so that it stands in no command line.
const PASSWORD: &str = "PLUGIN_KEY_PASSWORD";

#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// Files to write: FILE.pub for everybody, FILE.key for you alone
    #[arg(long, value_name = "FILE", default_value = "bricklayer")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The package; it is signed in place
    file: PathBuf,
    /// The secret key that `keygen` wrote
    #[arg(long, value_name = "FILE", default_value = "bricklayer.key")]
    key: PathBuf,
}

pub(super) fn keygen(args: &KeygenArgs) -> Result<ExitCode, Problem> {
    let (public, secret) = (args.out.with_extension("pub"), args.out.with_extension("key"));
    if let Some(plugin) = plugin_around(&secret) {
        return Err(Problem::new(format!(
            "{} would lie in the plugin's folder {}, where it is published with the next commit",
            secret.display(),
            plugin.display()
        ))
        .fix("name a place outside of it: bricklayer plugin keygen --out ~/.config/bricklayer/my-key"));
    }
    for path in [&public, &secret] {
        if path.exists() {
            return Err(Problem::new(format!("{} is there already", path.display()))
                .fix("choose other files with --out: a key that is lost cannot be made again"));
        }
    }
    let password = password();
    let pair = bricklayer_sources::keygen(password.as_ref()).map_err(|error| Problem::new(error.to_string()))?;
    write(&secret, pair.secret_key.expose_secret(), 0o600)?;
    write(&public, &pair.public_key, 0o644)?;
    let line = pair.public_key.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let protected = match password {
        Some(_) => "protected by the password".to_owned(),
        None => format!("not protected by a password; set {PASSWORD} before keygen for one that is"),
    };
    super::out(&format!(
        "{secret}  keep it to yourself ({protected})\n{public}  give it to those who install your plugins:\n\n  \
         plugins.trusted_keys: your-name={line}\n",
        secret = secret.display(),
        public = public.display(),
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The plugin's folder that a path lies in, when it does.
pub(super) fn plugin_around(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors().skip(1).find(|folder| folder.join("plugin.toml").is_file()).map(Path::to_owned)
}

pub(super) fn sign(args: &SignArgs) -> Result<ExitCode, Problem> {
    let refused = |error: bricklayer_package::PackageError| Problem::new(format!("{}: {error}", args.file.display()));
    let package = super::read(&args.file)?;
    let contents = read(&package).map_err(refused)?;
    let key = std::fs::read_to_string(&args.key).map_err(|e| {
        Problem::io(format!("read {}", args.key.display()), &e)
            .fix("make a key with `bricklayer plugin keygen`, or name yours with --key")
    })?;
    let (signed, _) = signed_part(&package).map_err(refused)?;
    let comment = format!("{} {}", contents.manifest.name, contents.manifest.version);
    let signature =
        bricklayer_sources::sign(signed, &SecretString::from(key), password().as_ref(), &comment).map_err(|error| {
            match error {
                bricklayer_sources::SignatureError::PasswordNeeded => {
                    Problem::new(error.to_string()).fix(format!("set {PASSWORD}"))
                }
                error => Problem::new(error.to_string()),
            }
        })?;
    let bytes = with_signature(&package, &signature).map_err(refused)?;
    let digest = read(&bytes).map_err(refused)?.digest;
    let temporary = args.file.with_extension("signed");
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, &args.file))
        .map_err(|e| Problem::io(format!("write {}", args.file.display()), &e))?;
    super::out(&format!("{}\n  signed, now sha256:{digest}\n", args.file.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn password() -> Option<SecretString> {
    std::env::var(PASSWORD).ok().filter(|password| !password.is_empty()).map(SecretString::from)
}

/// Writes a new file with these rights from its first byte on.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Problem> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let text = format!("{}\n", text.trim_end());
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| Problem::io(format!("write {}", path.display()), &e))
}

//! Small packages, made on the spot.

use std::fmt::Write as _;

use bricklayer_package::{Assets, Icon};

/// A package to be made: a component in WebAssembly text whose tool `version` tells its version.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    name: String,
    version: String,
    grants: String,
    tools: String,
    start: &'static str,
    import: &'static str,
    traps: bool,
    assets: bool,
}

impl Guest {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            grants: String::new(),
            tools: "[tools.version]\nread-only = true\ndestructive = false\nidempotent = true\nask = false\n"
                .to_owned(),
            start: "nop",
            import: "",
            traps: false,
            assets: false,
        }
    }

    /// Asks for the project's files.
    pub(crate) fn asks_for_files(mut self) -> Self {
        self.grants.push_str("files = \"read\"\n");
        self
    }

    /// Asks for one request to a host.
    pub(crate) fn asks_for_host(mut self, host: &str) -> Self {
        let _ =
            write!(self.grants, "[[grants.http]]\naudience = \"{host}\"\nmethods = [\"GET\"]\npaths = [\"/v1/*\"]\n");
        self
    }

    /// Says something else about its tool `crash`.
    pub(crate) fn says_of_crash(mut self, annotations: &str) -> Self {
        let _ = write!(self.tools, "[tools.crash]\n{annotations}\n");
        self
    }

    /// Crashes before anything is called.
    pub(crate) fn with_start(mut self, start: &'static str) -> Self {
        self.start = start;
        self
    }

    /// Needs what no host offers.
    pub(crate) fn with_strange_import(mut self) -> Self {
        self.import = "(import \"acme:door/door@1.0.0\" (instance (export \"open\" (func))))";
        self
    }

    /// Its tool `version` crashes too.
    pub(crate) fn that_traps(mut self) -> Self {
        self.traps = true;
        self
    }

    /// Carries a picture and a description.
    pub(crate) fn with_assets(mut self) -> Self {
        self.assets = true;
        self
    }

    pub(crate) fn manifest(&self) -> String {
        format!(
            "name = \"{}\"\nversion = \"{}\"\ndescription = \"Tells its version.\"\nwit = \"test:guest\"\n\
             authors = [\"Ann\"]\nlicence = \"MIT\"\n{}[grants]\n{}\n{}",
            self.name,
            self.version,
            if self.assets { "icon = \"icon.svg\"\nreadme = \"README.md\"\n" } else { "" },
            self.grants,
            self.tools
        )
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        let (length, body) = (self.version.len(), if self.traps { "unreachable" } else { "i32.const 0" });
        let (start, import, version) = (self.start, self.import, &self.version);
        let text = format!(
            r#"(component {import}
                (core module $m
                    (memory (export "memory") 1)
                    (data (i32.const 0) "\10\00\00\00\{length:02x}\00\00\00")
                    (data (i32.const 16) "{version}")
                    (func $start {start}) (start $start)
                    (func (export "version") (result i32) {body})
                    (func (export "crash") unreachable))
                (core instance $i (instantiate $m))
                (func (export "version") (result string)
                    (canon lift (core func $i "version") (memory (core memory $i "memory"))))
                (func (export "crash") (canon lift (core func $i "crash"))))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// The package.
    pub(crate) fn package(&self) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guest.wit");
        let wit = "package test:guest;\nworld guest {\n  /// Tells the version.\n  export version: func() -> string;\n  \
                   /// Crashes.\n  export crash: func();\n}\n";
        std::fs::write(&path, wit).unwrap();
        let mut assets = Assets::default();
        if self.assets {
            let icon = b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><path d=\"M0 0h1v1z\"/></svg>";
            assets = Assets { icon: Some(Icon::parse(icon).unwrap()), readme: Some("# Greets\n".to_owned()) };
        }
        bricklayer_package::pack_with(&self.component(), &[path], &self.manifest(), &assets).unwrap().bytes
    }
}

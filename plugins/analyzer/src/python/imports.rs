//! Imports: what is needed, and under which names it is called.

use ruff_python_ast::{StmtImport, StmtImportFrom};

use super::Walker;
use super::value::Value;
use crate::analysis::{CallKind, Import, ImportKind};
use crate::packages;
use crate::text::Text;

impl Walker<'_> {
    pub(super) fn import(&mut self, node: &StmtImport) {
        for alias in &node.names {
            let module = alias.name.as_str();
            self.needs(module);
            match &alias.asname {
                Some(name) => self.scopes.set(name.as_str(), Value::Name(canonical(module))),
                None => {
                    let top = module.split('.').next().unwrap_or(module);
                    self.scopes.set(top, Value::Name(canonical(top)));
                }
            }
        }
    }

    pub(super) fn import_from(&mut self, node: &StmtImportFrom) {
        let module = node.module.as_ref().map_or("", |module| module.as_str());
        if node.level > 0 {
            let dots = ".".repeat(usize::try_from(node.level.min(16)).unwrap_or(1));
            let name = format!("{dots}{module}");
            self.local(&name);
        } else if module != "__future__" {
            self.needs(module);
        }
        for alias in &node.names {
            let name = alias.name.as_str();
            if name != "*" {
                let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
                self.scopes.set(bound, Value::Name(canonical(&format!("{module}.{name}"))));
            }
        }
    }

    fn local(&mut self, module: &str) {
        if self.facts.is_new(format!("i{module}")) {
            let at = self.facts.at;
            let (module, kind) = (module.to_owned(), ImportKind::Local);
            self.facts.call(CallKind::Import, &Text::literal(&module), Vec::new());
            self.facts.imports.push(Import { module, kind, package: None, version: None, at });
        }
    }

    fn needs(&mut self, module: &str) {
        if !self.facts.is_new(format!("i{module}")) || self.facts.imports.len() >= crate::facts::MAX_ENTRIES {
            return;
        }
        let (kind, package) = packages::python(module);
        let at = self.facts.at;
        self.facts.imports.push(Import { module: module.to_owned(), kind, package, version: None, at });
        if packages::needs_gpu(module) {
            self.facts.reason("gpu", &format!("{module} computes on a GPU"));
        }
        self.service_of(module);
    }
}

/// The one name of what is imported under several.
pub(super) fn canonical(path: &str) -> String {
    let path = path.strip_prefix("databricks.sdk.runtime.").unwrap_or(path);
    let rest = |prefix: &str| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    if let Some(rest) = rest("dlt").or_else(|| rest("pyspark.pipelines")) {
        return format!("dp{rest}");
    }
    if let Some(rest) = rest("pyspark.pandas").or_else(|| rest("databricks.koalas")) {
        return format!("ps{rest}");
    }
    if let Some(rest) = rest("spark.sparkContext").or_else(|| rest("spark._sc")) {
        return format!("sc{rest}");
    }
    path.to_owned()
}
